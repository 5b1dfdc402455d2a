use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    outbox::{Delivery, backoff},
    store::{SettledEvent, StoreError},
    stream::About,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, Set, Statement,
    Value, prelude::Expr, sea_query::ExprTrait,
};
use uuid::Uuid;

use crate::{
    entity::event_delivery::{ActiveModel, Column, Entity},
    error::store_error,
};

/// Where a delivery's row is.
fn key(settled: &SettledEvent) -> (Uuid, Uuid) {
    let subject = match settled.delivery.about {
        About::Account { account, .. } => account.uuid(),
        About::Stream { .. } => settled.delivery.stream.uuid(),
    };
    (subject, settled.delivery.id.uuid())
}

pub(super) async fn settle(
    tx: &DatabaseTransaction,
    backend: DbBackend,
    settled: &[SettledEvent],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (sent, failed): (Vec<_>, Vec<_>) =
        settled.iter().partition(|settled| settled.outcome == Delivery::Sent);
    // Streams first, and in one order, so that whoever settles or changes streams at once waits for others and no more.
    let mut streams: BTreeMap<(Uuid, Uuid), Option<&SettledEvent>> = BTreeMap::new();
    for settled in settled {
        let stream = streams.entry((settled.delivery.client.uuid(), settled.delivery.stream.uuid()));
        let failure = (settled.outcome != Delivery::Sent).then_some(settled);
        let worst = stream.or_insert(failure);
        *worst = failure.or(*worst);
    }
    let sent_to = |id: Uuid| sent.iter().any(|settled| settled.delivery.stream.uuid() == id);
    for ((client, id), failure) in streams {
        match failure {
            // What arrived says that the receiver is there, whatever became of the others.
            Some(failure) if !(failure.receiver_down && sent_to(id)) => {
                note_failing(tx, backend, (client, id), failure, now).await?;
            }
            _ => note_well(tx, backend, (client, id)).await?,
        }
    }
    note_sent(tx, &sent, now).await?;
    for settled in &failed {
        note_failed(tx, settled, now).await?;
    }
    Ok(())
}

async fn note_sent(
    tx: &DatabaseTransaction,
    sent: &[&SettledEvent],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if sent.is_empty() {
        return Ok(());
    }
    let row = ActiveModel {
        status: Set("sent".to_owned()),
        settled_at: Set(Some(now)),
        error: Set(None),
        ..Default::default()
    };
    Entity::update_many()
        .set(row)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::SubjectId.is_in(sent.iter().map(|settled| key(settled).0)))
        .filter(Column::Id.is_in(sent.iter().map(|settled| key(settled).1)))
        .filter(Column::Status.eq("pending"))
        .exec(tx)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn note_failed(
    tx: &DatabaseTransaction,
    settled: &SettledEvent,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = match &settled.outcome {
        Delivery::Dead { error } => ActiveModel {
            status: Set("dead".to_owned()),
            settled_at: Set(Some(now)),
            error: Set(Some(error.clone())),
            ..Default::default()
        },
        Delivery::Retry { error, .. } => ActiveModel {
            due_at: Set(settled.retry_at),
            error: Set(Some(error.clone())),
            ..Default::default()
        },
        Delivery::Sent => return Ok(()),
    };
    let (subject, id) = key(settled);
    Entity::update_many()
        .set(row)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::SubjectId.eq(subject))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq("pending"))
        .exec(tx)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// A receiver that is down is left alone as a whole, ever longer.
async fn note_failing(
    tx: &DatabaseTransaction,
    backend: DbBackend,
    (client, id): (Uuid, Uuid),
    failure: &SettledEvent,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let error = match &failure.outcome {
        Delivery::Retry { error, .. } | Delivery::Dead { error } => error.clone(),
        Delivery::Sent => return Ok(()),
    };
    let sql = "update event_stream set failing_since = coalesce(failing_since, $3), last_error = $4, \
         failures = failures + $5 where client_id = $1 and id = $2 returning failures";
    let down = i32::from(failure.receiver_down);
    let values: [Value; 5] = [client.into(), id.into(), now.into(), error.into(), down.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await;
    let Some(row) = row.map_err(store_error)? else { return Ok(()) };
    if failure.receiver_down {
        let failures: i32 = row.try_get("", "failures").map_err(store_error)?;
        let pause = backoff(u16::try_from(failures).unwrap_or(u16::MAX), 0);
        let retry_at = match &failure.outcome {
            Delivery::Retry { after: Some(_), .. } => failure.retry_at,
            _ => now + pause,
        };
        let sql = "update event_stream set retry_at = $3 where client_id = $1 and id = $2";
        let values: [Value; 3] = [client.into(), id.into(), retry_at.into()];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map_err(store_error)?;
    }
    Ok(())
}

async fn note_well(
    tx: &DatabaseTransaction,
    backend: DbBackend,
    (client, id): (Uuid, Uuid),
) -> Result<(), StoreError> {
    let sql = "update event_stream set failing_since = null, last_error = null, failures = 0, retry_at = null \
         where client_id = $1 and id = $2 and failing_since is not null";
    let values: [Value; 2] = [client.into(), id.into()];
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map_err(store_error)?;
    Ok(())
}
