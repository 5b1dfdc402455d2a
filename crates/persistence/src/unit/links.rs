use std::collections::HashSet;

use async_trait::async_trait;
use kinlink_domain::{
    evidence::Evidence,
    id::{AccountId, LinkId, OrganizationId, PatientId},
    link::Link,
    store::{Constraint, Links, StoreError},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Linked, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, Select, sea_query::LockType,
};
use uuid::Uuid;

use super::{SeaUnit, patients::Stored};
use crate::{
    convert::corrupt,
    entity::{
        self, displaced_link,
        link::{Column, Entity},
        organization, patient,
    },
    error::store_error,
};

mod evidence;
mod row;

pub(crate) use row::{link_from, role};

const WHAT: &str = "link";

/// A link's organization.
pub(crate) struct LinkToOrganization;

impl Linked for LinkToOrganization {
    type FromEntity = Entity;
    type ToEntity = organization::Entity;

    fn link(&self) -> Vec<RelationDef> {
        let relation = Entity::belongs_to(organization::Entity);
        vec![relation.from(Column::OrganizationId).to(organization::Column::Id).into()]
    }
}

fn to_patients(organization: OrganizationId, patients: &[Uuid]) -> Select<Entity> {
    Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::PatientId.is_in(patients.iter().copied()))
}

fn to_patient(organization: OrganizationId, patient: PatientId) -> Select<Entity> {
    Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::PatientId.eq(patient.uuid()))
}

impl SeaUnit {
    async fn one(&self, select: Select<Entity>) -> Result<Option<Link>, StoreError> {
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| link_from(row, &*self.vault)).transpose()
    }

    async fn all(&self, select: Select<Entity>) -> Result<Vec<Link>, StoreError> {
        let rows = select.order_by_desc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| link_from(row, &*self.vault)).collect()
    }

    /// By the index `link_by_patient`.
    pub(super) async fn unrevoked_to(
        &self,
        organization: OrganizationId,
        patients: &[Uuid],
    ) -> Result<Vec<Link>, StoreError> {
        self.all(to_patients(organization, patients).filter(Column::Status.ne("revoked"))).await
    }

    pub(super) async fn unrevoked_of(
        &self,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Vec<Link>, StoreError> {
        let select = Entity::find()
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::Status.ne("revoked"));
        self.all(select).await
    }

    /// Locked, since somebody may be ending one of them.
    pub(super) async fn links_to_patients_for_update(
        &self,
        organization: OrganizationId,
        patients: &[Uuid],
    ) -> Result<Vec<Link>, StoreError> {
        self.all(to_patients(organization, patients).lock(LockType::Update)).await
    }

    /// The link as its record will be until the end of this unit, and whether the record was merged into another.
    ///
    /// An import that changes a record marks the links that it sees, and it does not see one that another unit
    /// is only about to save. So the record is locked against the import here: either it has committed, and
    /// what it wrote is read, or it waits for this unit, and sees the link.
    async fn with_record(&self, link: &Link) -> Result<(Link, bool), StoreError> {
        let row = patient::Entity::find_by_id((link.organization.uuid(), link.patient.uuid()))
            .lock(LockType::Share)
            .one(&self.tx)
            .await
            .map_err(store_error)?
            .ok_or_else(|| corrupt(WHAT, "its record is gone"))?;
        let record = Stored::open(row, &*self.vault)?;
        let usable = link.record_usable && record.record.is_usable();
        let replaced = record.record.replaced_by().is_some();
        Ok((Link { record_usable: usable, facts: record.facts(), ..link.clone() }, replaced))
    }
}

#[async_trait]
impl Links for SeaUnit {
    async fn add_link(&mut self, link: &Link, home: PatientId) -> Result<(), StoreError> {
        let (link, replaced) = self.with_record(link).await?;
        let row = row::row(&link, &*self.vault);
        Entity::insert(row.clone()).exec_without_returning(&self.tx).await.map_err(store_error)?;
        self.keep_version(row).await?;
        self.tell_of_new(&link).await?;
        let away = link.patient != home;
        if away {
            self.displace(&link, home, None).await?;
            self.keep_way(link.organization, home).await?;
        }
        if replaced || away {
            // Merges may have changed while this unit was on its way.
            self.settle(link.organization, link.account, link.created_at).await?;
        }
        Ok(())
    }

    async fn update_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let before = i32::try_from(link.version).unwrap_or(i32::MAX) - 1;
        let row = row::row(link, &*self.vault);
        let result = Entity::update_many()
            .set(row.clone().reset_all())
            .filter(Column::AccountId.eq(link.account.uuid()))
            .filter(Column::Id.eq(link.id.uuid()))
            .filter(Column::Version.eq(before))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        if result.rows_affected != 1 {
            return Err(StoreError::Conflict(Constraint::Version));
        }
        self.keep_version(row).await?;
        self.tell_of_changed(link).await
    }

    async fn home(&mut self, link: &Link) -> Result<PatientId, StoreError> {
        Ok(self.displaced_from(link).await?.unwrap_or(link.patient))
    }

    async fn link(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.one(Entity::find().filter(Column::Id.eq(id.uuid()))).await
    }

    async fn link_for_update(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.one(Entity::find().filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn standing_link(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.standing(id).await
    }

    async fn standing_link_for_update(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.standing_for_update(id).await
    }

    async fn unrevoked_link_for_update(
        &mut self,
        account: AccountId,
        patient: PatientId,
    ) -> Result<Option<Link>, StoreError> {
        let select = Entity::find()
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(Column::PatientId.eq(patient.uuid()))
            .filter(Column::Status.ne("revoked"))
            .lock(LockType::Update);
        self.one(select).await
    }

    async fn links_of_account(&mut self, account: AccountId) -> Result<Vec<Link>, StoreError> {
        self.all(Entity::find().filter(Column::AccountId.eq(account.uuid()))).await
    }

    async fn links_of_account_to(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        patient: PatientId,
    ) -> Result<Vec<Link>, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        let made_here: Vec<Uuid> = displaced_link::Entity::find()
            .select_only()
            .column(displaced_link::Column::LinkId)
            .filter(displaced_link::Column::OrganizationId.eq(organization.uuid()))
            .filter(displaced_link::Column::AccountId.eq(account.uuid()))
            .filter(displaced_link::Column::HomeId.is_in(records.iter().copied()))
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let to_these =
            Condition::any().add(Column::PatientId.is_in(records)).add(Column::Id.is_in(made_here));
        let select = Entity::find()
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(to_these);
        self.all(select).await
    }

    async fn links_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Link>, StoreError> {
        self.all(to_patient(organization, patient)).await
    }

    /// By the index `link_by_patient (organization_id, patient_id)`.
    async fn links_of_organization(
        &mut self,
        organization: OrganizationId,
        after: Option<(PatientId, LinkId)>,
        limit: u16,
    ) -> Result<Vec<Link>, StoreError> {
        let mut select = Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::Status.eq("active"));
        if let Some((patient, link)) = after {
            let same =
                Condition::all().add(Column::PatientId.eq(patient.uuid())).add(Column::Id.gt(link.uuid()));
            let behind = Condition::any().add(Column::PatientId.gt(patient.uuid())).add(same);
            select = select.filter(Column::PatientId.gte(patient.uuid())).filter(behind);
        }
        let rows = select
            .order_by_asc(Column::PatientId)
            .order_by_asc(Column::Id)
            .limit(u64::from(limit))
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.into_iter().map(|row| link_from(row, &*self.vault)).collect()
    }

    async fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError> {
        entity::evidence::Entity::insert(evidence::row(evidence))
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn update_evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError> {
        entity::evidence::Entity::update(evidence::state_columns(evidence))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn evidence(&mut self, link: LinkId) -> Result<Vec<Evidence>, StoreError> {
        let rows = entity::evidence::Entity::find()
            .filter(entity::evidence::Column::LinkId.eq(link.uuid()))
            .order_by_asc(entity::evidence::Column::Id)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(evidence::evidence_from).collect()
    }
}
