use std::collections::BTreeMap;

use kinlink_domain::{
    actor::Actor,
    id::{ClientId, DeliveryId},
    page::Page,
    service::streams,
    store::Store,
};
use serde::Serialize;

use crate::{
    command::context::Context,
    output::{self, Format},
};

/// Events read at once.
const BATCH: u16 = 500;

#[derive(Serialize)]
struct Row {
    id: String,
    client: String,
    stream: String,
    event: &'static str,
    happened_at: String,
    attempts: u16,
    error: Option<String>,
}

pub(super) async fn list(context: &Context, client: Option<ClientId>, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let listed = unit.dead_events(client, Page { after, limit: BATCH }).await?;
        rows.extend(listed.items.into_iter().map(|dead| Row {
            id: dead.id.to_string(),
            client: dead.client.to_string(),
            stream: dead.stream.to_string(),
            event: dead.event.webhook_name(),
            happened_at: dead.happened_at.to_rfc3339(),
            attempts: dead.attempts,
            error: dead.error,
        }));
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    output::list(format, &rows, &["event", "happened at", "tries", "because of", "stream", "id"], |row| {
        vec![
            row.event.to_owned(),
            row.happened_at.clone(),
            row.attempts.to_string(),
            row.error.clone().unwrap_or_default(),
            row.stream.clone(),
            row.id.clone(),
        ]
    })
}

pub(super) async fn replay(
    context: &Context,
    client: Option<ClientId>,
    ids: &[DeliveryId],
) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let only = (!ids.is_empty()).then_some(ids);
    let mut replayed = BTreeMap::new();
    // One client after the other, so that each one's organizations find it in their audit.
    for known in unit.clients().await?.iter().filter(|known| client.is_none_or(|client| known.id == client)) {
        let count = unit.replay_events(Some(known.id), only, context.ports.clock.now()).await?;
        if count > 0 {
            let detail = serde_json::json!({"events_replayed": count});
            streams::record(&mut *unit, &context.ports, Actor::Operator, known.id, &detail).await?;
            replayed.insert(known.id, count);
        }
    }
    unit.save().await?;
    output::line(format!("{} events are on their way again", replayed.values().sum::<u64>()));
    Ok(())
}
