use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    store::{ChangeFeed, StoreError},
    stream::HELD,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use crate::{
    SeaStore,
    entity::{attempt_counter, client_assertion, idempotency_answer, picker, signing_key, step_up},
    error::store_error,
};

/// How many rows were of no use any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Housekeeping {
    /// `jti` of assertions that have expired by themselves.
    pub assertions: u64,
    /// Kept answers older than 24 hours.
    pub answers: u64,
    /// Counters whose window ended a day ago.
    pub counters: u64,
    /// Codes given with a token more than a day ago.
    pub step_ups: u64,
    /// Pickers that expired a day ago.
    pub pickers: u64,
    /// Signing keys that are published no more.
    pub signing_keys: u64,
    /// Entries of the change feed older than an hour.
    pub changes: u64,
    /// Events that arrived a week ago, that were given up 90 days ago, or that nobody fetched in 14 days.
    pub events: u64,
    /// Reviews of claims that were withdrawn or whose time is over, closed now.
    pub reviews: u64,
}

impl SeaStore {
    /// Removes rows that have served. Safe to run on every replica at once.
    pub async fn housekeeping(&self, now: DateTime<Utc>) -> Result<Housekeeping, StoreError> {
        let writer = &self.database.writer;
        let day = now - TimeDelta::days(1);
        let assertions = client_assertion::Entity::delete_many()
            .filter(client_assertion::Column::ExpiresAt.lt(now))
            .exec(writer)
            .await
            .map_err(store_error)?;
        let answers = idempotency_answer::Entity::delete_many()
            .filter(idempotency_answer::Column::CreatedAt.lt(day))
            .exec(writer)
            .await
            .map_err(store_error)?;
        let counters = attempt_counter::Entity::delete_many()
            .filter(attempt_counter::Column::Since.lt(day))
            .exec(writer)
            .await
            .map_err(store_error)?;
        let step_ups = step_up::Entity::delete_many()
            .filter(step_up::Column::At.lt(day))
            .exec(writer)
            .await
            .map_err(store_error)?;
        let pickers = picker::Entity::delete_many()
            .filter(picker::Column::ExpiresAt.lt(day))
            .exec(writer)
            .await
            .map_err(store_error)?;
        let signing_keys = signing_key::Entity::delete_many()
            .filter(signing_key::Column::EndsAt.lt(now))
            .exec(writer)
            .await
            .map_err(store_error)?;
        Ok(Housekeeping {
            assertions: assertions.rows_affected,
            answers: answers.rows_affected,
            counters: counters.rows_affected,
            step_ups: step_ups.rows_affected,
            pickers: pickers.rows_affected,
            signing_keys: signing_keys.rows_affected,
            changes: self.prune(now - TimeDelta::hours(1)).await?,
            events: self.forget_events(now).await?,
            reviews: self.close_moot_reviews(now).await?,
        })
    }

    async fn forget_events(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        // What a stream that is paused or polled waits for is kept no longer than promised; what is under way to
        // a receiver is given up by those who send.
        let sql = "delete from event_delivery where (status = 'sent' and settled_at < $1) \
             or (status = 'dead' and settled_at < $2) \
             or (status = 'pending' and happened_at < $3 and stream_id in (\
               select s.id from event_stream s join client c on c.id = s.client_id \
               where s.status <> 'enabled' or s.kind = 'poll' or c.disabled_at is not null))";
        let before = [now - TimeDelta::days(7), now - TimeDelta::days(90), now - HELD].map(Into::into);
        let statement = Statement::from_sql_and_values(self.database.backend(), sql, before);
        let result = self.database.writer.execute_raw(statement).await.map_err(store_error)?;
        Ok(result.rows_affected())
    }

    /// Not done where a claim is withdrawn: it would take longer for one that is in review, and tell so.
    async fn close_moot_reviews(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "update review set status = 'moot', approvals = '[]' \
             where kind = 'claim' and status in ('open', 'seconding') and exists (\
               select 1 from claim where claim.organization_id = review.organization_id \
                 and claim.id = review.claim_id \
                 and (claim.status = 'withdrawn' or claim.ended_reason = 'access_ended' \
                   or claim.expires_at <= $1))";
        let statement = Statement::from_sql_and_values(self.database.backend(), sql, [now.into()]);
        let result = self.database.writer.execute_raw(statement).await.map_err(store_error)?;
        Ok(result.rows_affected())
    }
}
