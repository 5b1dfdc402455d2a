use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{AccountId, Id, OrganizationId},
    step_up::TokenHash,
    store::{Authenticators, Constraint, StoreError},
    totp::{Authenticator, RecoveryCode},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
    sea_query::OnConflict,
};

use self::row::{code_from, row};
use super::SeaUnit;
use crate::{
    entity::{authenticator, authenticator_staff, recovery_code, step_up},
    error::store_error,
};

mod row;

#[async_trait]
impl Authenticators for SeaUnit {
    async fn authenticator(&mut self, account: AccountId) -> Result<Option<Authenticator>, StoreError> {
        let found = authenticator::Entity::find_by_id(account.uuid()).one(&self.tx).await;
        found.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    async fn put_authenticator(&mut self, authenticator: &Authenticator) -> Result<(), StoreError> {
        let row = row(authenticator)?;
        if authenticator.version == 1 {
            let inserted = authenticator::Entity::insert(row.into_active_model());
            inserted.exec_without_returning(&self.tx).await.map_err(store_error)?;
            return Ok(());
        }
        let (account, before) = (row.account_id, row.version - 1);
        let updated = authenticator::Entity::update_many()
            .set(row.into_active_model().reset_all())
            .filter(authenticator::Column::AccountId.eq(account))
            .filter(authenticator::Column::Version.eq(before))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        if updated.rows_affected == 1 { Ok(()) } else { Err(StoreError::Conflict(Constraint::Version)) }
    }

    async fn remove_authenticator(&mut self, account: AccountId) -> Result<(), StoreError> {
        let removed = authenticator::Entity::delete_by_id(account.uuid()).exec(&self.tx).await;
        removed.map_err(store_error)?;
        self.put_recovery_codes(account, &[]).await
    }

    async fn recovery_codes(&mut self, account: AccountId) -> Result<Vec<RecoveryCode>, StoreError> {
        let rows = recovery_code::Entity::find()
            .filter(recovery_code::Column::AccountId.eq(account.uuid()))
            .order_by_asc(recovery_code::Column::Number)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(code_from).collect()
    }

    async fn put_recovery_codes(
        &mut self,
        account: AccountId,
        codes: &[RecoveryCode],
    ) -> Result<(), StoreError> {
        recovery_code::Entity::delete_many()
            .filter(recovery_code::Column::AccountId.eq(account.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        if codes.is_empty() {
            return Ok(());
        }
        let rows = codes.iter().map(|code| recovery_code::ActiveModel {
            account_id: Set(account.uuid()),
            number: Set(code.number.into()),
            key_id: Set(code.hash.key.0.into()),
            hash: Set(code.hash.bytes.to_vec()),
            used_at: Set(code.used_at),
        });
        let inserted = recovery_code::Entity::insert_many(rows).exec_without_returning(&self.tx).await;
        inserted.map_err(store_error)?;
        Ok(())
    }

    async fn use_recovery_code(
        &mut self,
        account: AccountId,
        number: u16,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let used = recovery_code::ActiveModel { used_at: Set(Some(now)), ..Default::default() };
        let updated = recovery_code::Entity::update_many()
            .set(used)
            .filter(recovery_code::Column::AccountId.eq(account.uuid()))
            .filter(recovery_code::Column::Number.eq(i32::from(number)))
            .filter(recovery_code::Column::UsedAt.is_null())
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(updated.rows_affected == 1)
    }

    async fn note_staff(
        &mut self,
        account: AccountId,
        organizations: &[OrganizationId],
    ) -> Result<(), StoreError> {
        for organization in organizations {
            let row = authenticator_staff::ActiveModel {
                account_id: Set(account.uuid()),
                organization_id: Set(organization.uuid()),
            };
            let key = [authenticator_staff::Column::AccountId, authenticator_staff::Column::OrganizationId];
            authenticator_staff::Entity::insert(row)
                .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
                .exec_without_returning(&self.tx)
                .await
                .map_err(store_error)?;
        }
        Ok(())
    }

    async fn staff_organizations(&mut self, account: AccountId) -> Result<Vec<OrganizationId>, StoreError> {
        let rows = authenticator_staff::Entity::find()
            .filter(authenticator_staff::Column::AccountId.eq(account.uuid()))
            .order_by_asc(authenticator_staff::Column::OrganizationId)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|row| Id::from_uuid(row.organization_id)).collect())
    }

    async fn put_step_up(
        &mut self,
        account: AccountId,
        token: TokenHash,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = step_up::ActiveModel {
            account_id: Set(account.uuid()),
            token_hash: Set(token.bytes().to_vec()),
            at: Set(at),
        };
        let key = [step_up::Column::AccountId, step_up::Column::TokenHash];
        step_up::Entity::insert(row)
            .on_conflict(OnConflict::columns(key).update_column(step_up::Column::At).to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn step_up(
        &mut self,
        account: AccountId,
        token: TokenHash,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let key = (account.uuid(), token.bytes().to_vec());
        let row = step_up::Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        Ok(row.map(|row| row.at))
    }

    async fn forget_step_ups(&mut self, account: AccountId) -> Result<(), StoreError> {
        step_up::Entity::delete_many()
            .filter(step_up::Column::AccountId.eq(account.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
