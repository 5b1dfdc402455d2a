//! What comparisons found at single accounts.

use kinlink_domain::{
    id::{AccountId, Id},
    provisioning::{Finding, Run, RunKind},
    store::StoreError,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::OnConflict};

use super::{super::SeaUnit, Key};
use crate::{
    convert::{from_json, to_json, to_word},
    entity::provisioning_finding::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

fn row(run: &Run, finding: &Finding) -> ActiveModel {
    ActiveModel {
        organization_id: Set(run.organization.uuid()),
        target_id: Set(run.target.uuid()),
        kind: Set(to_word(&run.kind)),
        account_id: Set(finding.account.uuid()),
        verdict: Set(to_json(&finding.verdict)),
    }
}

fn finding_from(row: &Model) -> Result<Finding, StoreError> {
    let verdict = from_json("finding", &row.verdict)?;
    Ok(Finding { account: Id::from_uuid(row.account_id), verdict })
}

impl SeaUnit {
    pub(super) async fn add_findings(&self, run: &Run, findings: &[Finding]) -> Result<(), StoreError> {
        if findings.is_empty() {
            return Ok(());
        }
        let place = [Column::OrganizationId, Column::TargetId, Column::Kind, Column::AccountId];
        Entity::insert_many(findings.iter().map(|finding| row(run, finding)))
            .on_conflict(OnConflict::columns(place).update_column(Column::Verdict).to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn findings_behind(
        &self,
        run: &Run,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<Finding>, StoreError> {
        let mut select = Entity::find()
            .filter(Column::OrganizationId.eq(run.organization.uuid()))
            .filter(Column::TargetId.eq(run.target.uuid()))
            .filter(Column::Kind.eq(to_word(&run.kind)));
        if let Some(after) = after {
            select = select.filter(Column::AccountId.gt(after.uuid()));
        }
        let select = select.order_by_asc(Column::AccountId).limit(u64::from(limit));
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.iter().map(finding_from).collect()
    }

    /// Of one kind of comparison, or of all.
    pub(super) async fn forget_findings(&self, key: Key, kind: Option<RunKind>) -> Result<(), StoreError> {
        let mut delete =
            Entity::delete_many().filter(Column::OrganizationId.eq(key.0)).filter(Column::TargetId.eq(key.1));
        if let Some(kind) = kind {
            delete = delete.filter(Column::Kind.eq(to_word(&kind)));
        }
        delete.exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}
