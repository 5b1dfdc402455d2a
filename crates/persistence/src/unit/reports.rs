use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{AccountId, Id, OrganizationId, PatientId},
    page::{Listed, Page},
    patient::FhirId,
    store::{Crowd, Reports, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::corrupt,
    entity::{audit_entry, link, patient},
    error::store_error,
};

#[derive(FromQueryResult)]
struct Counted {
    of: Uuid,
    proxies: i64,
}

impl Counted {
    fn crowd<T>(&self, of: T) -> Crowd<T> {
        Crowd { of, proxies: u64::try_from(self.proxies).unwrap_or_default() }
    }
}

impl SeaUnit {
    /// By the partial indexes `link_proxies_by_account` and `link_proxies_by_patient`, in whose order it reads.
    async fn crowded(
        &self,
        organization: OrganizationId,
        by: link::Column,
        least: u16,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Vec<Counted>, StoreError> {
        use link::Column;
        let holds = Column::PeriodEnd.is_null().or(Column::PeriodEnd.gt(now));
        let mut select = link::Entity::find()
            .select_only()
            .column_as(by, "of")
            .column_as(Column::Id.count(), "proxies")
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::Role.eq("proxy"))
            .filter(Column::Status.eq("active"))
            .filter(holds);
        if let Some(after) = page.after {
            select = select.filter(by.lt(after));
        }
        select
            .group_by(by)
            .having(Expr::expr(Column::Id.count()).gte(i64::from(least)))
            .order_by_desc(by)
            .limit(u64::from(page.limit) + 1)
            .into_model()
            .all(&self.tx)
            .await
            .map_err(store_error)
    }

    /// Those among them that have acted as staff, by the index `audit_entry_by_staff`.
    async fn acted_as_staff(
        &self,
        organization: OrganizationId,
        accounts: &[Uuid],
    ) -> Result<HashSet<Uuid>, StoreError> {
        use audit_entry::Column;
        let found: Vec<Uuid> = audit_entry::Entity::find()
            .select_only()
            .column(Column::ActorId)
            .distinct()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::ActorType.eq("staff"))
            .filter(Column::ActorId.is_in(accounts.iter().copied()))
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(found.into_iter().collect())
    }
}

#[async_trait]
impl Reports for SeaUnit {
    async fn crowded_accounts(
        &mut self,
        organization: OrganizationId,
        least: u16,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<(Crowd<AccountId>, bool)>, StoreError> {
        let rows = self.crowded(organization, link::Column::AccountId, least, page, now).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.of).collect();
        let staff = self.acted_as_staff(organization, &ids).await?;
        let convert = |row: Counted| Ok((row.crowd(Id::from_uuid(row.of)), staff.contains(&row.of)));
        super::listed(rows, page.limit, |row| row.of, convert)
    }

    async fn crowded_records(
        &mut self,
        organization: OrganizationId,
        least: u16,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<(Crowd<PatientId>, FhirId)>, StoreError> {
        let rows = self.crowded(organization, link::Column::PatientId, least, page, now).await?;
        let named: Vec<(Uuid, String)> = patient::Entity::find()
            .select_only()
            .columns([patient::Column::Id, patient::Column::FhirId])
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(rows.iter().map(|row| row.of)))
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let convert = |row: Counted| {
            let name = named.iter().find(|(id, _)| *id == row.of).map(|(_, name)| name.clone());
            let name = name.ok_or_else(|| corrupt("link", "its record is gone"))?;
            let name = FhirId::parse(name).map_err(|error| corrupt("patient", error))?;
            Ok((row.crowd(Id::from_uuid(row.of)), name))
        };
        super::listed(rows, page.limit, |row| row.of, convert)
    }
}
