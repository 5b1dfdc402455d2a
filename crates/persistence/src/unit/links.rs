use async_trait::async_trait;
use kinlink_domain::{
    access::PatientFacts,
    evidence::{Evidence, EvidenceState},
    id::{AccountId, Id, LinkId, OrganizationId, PatientId},
    link::{Link, LinkRole, LinkState, Period},
    patient::FhirId,
    port::Vault,
    proofing::{Assurance, AssuranceOverTime},
    relationship::Relationship,
    store::{Constraint, Links, StoreError},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Linked, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, Select, Set, sea_query::LockType,
};
use uuid::Uuid;

use super::{SeaUnit, patients::Stored};
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word, unseal},
    entity::{
        evidence,
        link::{ActiveModel, Column, Entity, Model},
        organization, patient,
    },
    error::store_error,
};

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

pub(crate) fn role(
    what: &'static str,
    role: &str,
    relationship: Option<&str>,
    basis: Option<&str>,
) -> Result<LinkRole, StoreError> {
    match (role, relationship, basis) {
        ("self", None, None) => Ok(LinkRole::SelfRole),
        ("proxy", Some(relationship), Some(basis)) => Ok(LinkRole::Proxy {
            relationship: Relationship::parse(relationship).map_err(|error| corrupt(what, error))?,
            basis: from_word(what, basis)?,
        }),
        _ => Err(corrupt(what, "its role and relationship do not fit together")),
    }
}

fn row(link: &Link, vault: &dyn Vault) -> ActiveModel {
    let facts = (link.facts != PatientFacts::default())
        .then(|| vault.seal(link.id.uuid().as_bytes(), to_json(&link.facts).as_bytes()));
    let base = match link.state {
        LinkState::Active => ActiveModel { status: Set("active".to_owned()), ..unended() },
        LinkState::Suspended { at, by, reason } => ActiveModel {
            status: Set("suspended".to_owned()),
            suspended_at: Set(Some(at)),
            suspended_by: Set(Some(to_json(&by))),
            suspended_reason: Set(Some(to_word(&reason))),
            ..unended()
        },
        LinkState::Revoked { at, by, reason } => ActiveModel {
            status: Set("revoked".to_owned()),
            ended_at: Set(Some(at)),
            ended_by: Set(Some(to_json(&by))),
            ended_reason: Set(Some(to_word(&reason))),
            ..unended()
        },
    };
    ActiveModel {
        account_id: Set(link.account.uuid()),
        id: Set(link.id.uuid()),
        version: Set(i32::try_from(link.version).unwrap_or(i32::MAX)),
        organization_id: Set(link.organization.uuid()),
        patient_id: Set(link.patient.uuid()),
        fhir_id: Set(link.fhir_id.to_string()),
        role: Set(link.role.as_str().to_owned()),
        relationship: Set(link.role.relationship().map(|relationship| relationship.code().to_owned())),
        basis: Set(link.role.basis().map(|basis| basis.as_str().to_owned())),
        facts_key_id: Set(facts.as_ref().map(|sealed| sealed.key.0.into())),
        facts_sealed: Set(facts.map(|sealed| sealed.bytes)),
        permissions: Set(link.permissions.to_string()),
        period_start: Set(link.period.start),
        period_end: Set(link.period.end),
        ial: Set(to_word(&link.assurance.first().ial)),
        assurance_level: Set(to_word(&link.assurance.first().level)),
        assurance_later: Set(later(&link.assurance)),
        record_usable: Set(link.record_usable),
        invitation_id: Set(link.invitation.map(Id::uuid)),
        created_at: Set(link.created_at),
        updated_at: Set(link.updated_at),
        ..base
    }
}

fn unended() -> ActiveModel {
    ActiveModel {
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        suspended_at: Set(None),
        suspended_by: Set(None),
        suspended_reason: Set(None),
        ..Default::default()
    }
}

/// A stored link.
pub(crate) fn link_from(row: Model, vault: &dyn Vault) -> Result<Link, StoreError> {
    let state = state(&row)?;
    let facts = match (row.facts_key_id, row.facts_sealed) {
        (Some(key), Some(bytes)) => unseal(vault, WHAT, row.id.as_bytes(), key, bytes)?,
        _ => PatientFacts::default(),
    };
    Ok(Link {
        id: Id::from_uuid(row.id),
        version: u32::try_from(row.version).map_err(|error| corrupt(WHAT, error))?,
        account: Id::from_uuid(row.account_id),
        organization: Id::from_uuid(row.organization_id),
        patient: Id::from_uuid(row.patient_id),
        fhir_id: FhirId::parse(row.fhir_id).map_err(|error| corrupt(WHAT, error))?,
        role: role(WHAT, &row.role, row.relationship.as_deref(), row.basis.as_deref())?,
        permissions: row.permissions.parse().map_err(|error| corrupt(WHAT, error))?,
        period: Period { start: row.period_start, end: row.period_end },
        assurance: assurance(&row.ial, &row.assurance_level, row.assurance_later.as_deref())?,
        record_usable: row.record_usable,
        facts,
        invitation: row.invitation_id.map(Id::from_uuid),
        created_at: row.created_at,
        updated_at: row.updated_at,
        state,
    })
}

/// How assurance lowers; most links' never does.
fn later(assurance: &AssuranceOverTime) -> Option<String> {
    (!assurance.later().is_empty()).then(|| to_json(&assurance.later()))
}

fn assurance(ial: &str, level: &str, later: Option<&str>) -> Result<AssuranceOverTime, StoreError> {
    let first = Assurance { ial: from_word(WHAT, ial)?, level: from_word(WHAT, level)? };
    match later {
        None => Ok(first.into()),
        Some(later) => {
            AssuranceOverTime::new(first, from_json(WHAT, later)?).map_err(|error| corrupt(WHAT, error))
        }
    }
}

fn state(row: &Model) -> Result<LinkState, StoreError> {
    let ended = (row.ended_at, row.ended_by.as_deref(), row.ended_reason.as_deref());
    let suspended = (row.suspended_at, row.suspended_by.as_deref(), row.suspended_reason.as_deref());
    match (row.status.as_str(), ended, suspended) {
        ("active", (None, None, None), (None, None, None)) => Ok(LinkState::Active),
        ("suspended", (None, None, None), (Some(at), Some(by), Some(reason))) => {
            Ok(LinkState::Suspended { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        ("revoked", (Some(at), Some(by), Some(reason)), (None, None, None)) => {
            Ok(LinkState::Revoked { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}

fn evidence_from(row: &evidence::Model) -> Result<Evidence, StoreError> {
    Ok(Evidence {
        id: Id::from_uuid(row.id),
        link: Id::from_uuid(row.link_id),
        organization: Id::from_uuid(row.organization_id),
        fact: from_json("evidence", &row.fact)?,
        established_at: row.established_at,
        by: from_json("evidence", &row.established_by)?,
        valid_until: row.valid_until,
        state: evidence_state(row)?,
    })
}

fn evidence_state(row: &evidence::Model) -> Result<EvidenceState, StoreError> {
    match (row.withdrawn_at, row.withdrawn_by.as_deref(), row.withdrawn_reason.as_deref()) {
        (None, None, None) => Ok(EvidenceState::Valid),
        (Some(at), Some(by), Some(reason)) => Ok(EvidenceState::Withdrawn {
            at,
            by: from_json("evidence", by)?,
            reason: from_word("evidence", reason)?,
        }),
        _ => Err(corrupt("evidence", "its state does not fit together")),
    }
}

/// The columns that change.
fn evidence_state_columns(evidence: &Evidence) -> evidence::ActiveModel {
    let (at, by, reason) = match &evidence.state {
        EvidenceState::Valid => (None, None, None),
        EvidenceState::Withdrawn { at, by, reason } => (Some(*at), Some(to_json(by)), Some(to_word(reason))),
    };
    evidence::ActiveModel {
        link_id: Set(evidence.link.uuid()),
        id: Set(evidence.id.uuid()),
        withdrawn_at: Set(at),
        withdrawn_by: Set(by),
        withdrawn_reason: Set(reason),
        ..Default::default()
    }
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
        let select = Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::PatientId.is_in(patients.iter().copied()))
            .filter(Column::Status.ne("revoked"));
        self.all(select).await
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
        let select = Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::PatientId.is_in(patients.iter().copied()));
        self.all(select.lock(LockType::Update)).await
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
    async fn add_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let (link, replaced) = self.with_record(link).await?;
        let row = row(&link, &*self.vault);
        Entity::insert(row.clone()).exec_without_returning(&self.tx).await.map_err(store_error)?;
        self.keep_version(row).await?;
        if replaced {
            // Its record was merged into another while this unit was on its way.
            self.settle(link.organization, link.account, link.created_at).await?;
        }
        Ok(())
    }

    async fn update_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let before = i32::try_from(link.version).unwrap_or(i32::MAX) - 1;
        let row = row(link, &*self.vault);
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
        if link.role != LinkRole::SelfRole {
            self.wake_grant(link).await?;
        }
        self.keep_version(row).await
    }

    async fn link(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.one(Entity::find().filter(Column::Id.eq(id.uuid()))).await
    }

    async fn link_for_update(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.one(Entity::find().filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
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
        let row = evidence::ActiveModel {
            organization_id: Set(evidence.organization.uuid()),
            fact: Set(to_json(&evidence.fact)),
            established_at: Set(evidence.established_at),
            established_by: Set(to_json(&evidence.by)),
            valid_until: Set(evidence.valid_until),
            ..evidence_state_columns(evidence)
        };
        evidence::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError> {
        evidence::Entity::update(evidence_state_columns(evidence))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn evidence(&mut self, link: LinkId) -> Result<Vec<Evidence>, StoreError> {
        let rows = evidence::Entity::find()
            .filter(evidence::Column::LinkId.eq(link.uuid()))
            .order_by_asc(evidence::Column::Id)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(evidence_from).collect()
    }
}
