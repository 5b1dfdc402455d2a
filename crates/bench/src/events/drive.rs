use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::{receiver::Heard, stage::Stage};

/// How long the last events may take before they are called lost.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Measured {
    pub(super) rate: f64,
    pub(super) revoked: Found,
    pub(super) changed: Found,
}

/// What arrived of one type of event.
pub(super) struct Found {
    pub(super) arrived: usize,
    pub(super) lost: usize,
    pub(super) twice: usize,
    micros: Histogram<u64>,
}

impl Found {
    pub(super) fn quantile(&self, quantile: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers for people to read")]
        let millis = self.micros.value_at_quantile(quantile) as f64 / 1_000.0;
        millis
    }
}

/// Ends every link, so many a second, and waits until the receiver has heard of all.
pub(super) async fn revoke_all(stage: &Stage, rate: u32) -> anyhow::Result<Measured> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut calls = JoinSet::new();
    let began = Instant::now();
    for revocation in stage.revocations() {
        ticks.tick().await;
        calls.spawn(async move {
            let status = revocation.request.send().await?.status();
            ensure!(status == 200, "a revocation was answered by {status}");
            Ok((revocation.sub, Instant::now()))
        });
    }
    let mut acknowledged = HashMap::new();
    while let Some(call) = calls.join_next().await {
        let (sub, at) = call??;
        acknowledged.insert(sub, at);
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers for people to read")]
    let achieved = acknowledged.len() as f64 / began.elapsed().as_secs_f64();
    let patience = Instant::now();
    while stage.receiver.count() < acknowledged.len() * 2 && patience.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = stage.receiver.take();
    Ok(Measured {
        rate: achieved,
        revoked: found(&heard, "session-revoked", &acknowledged)?,
        changed: found(&heard, "token-claims-change", &acknowledged)?,
    })
}

fn found(heard: &Heard, event: &str, acknowledged: &HashMap<String, Instant>) -> anyhow::Result<Found> {
    let mut micros = Histogram::new(3)?;
    let mut arrived = 0;
    for (sub, acknowledged) in acknowledged {
        if let Some(at) = heard.at.get(&(event.to_owned(), sub.clone())) {
            arrived += 1;
            // An event may well be there before its revocation's answer has been read.
            let late = at.saturating_duration_since(*acknowledged);
            micros.record(u64::try_from(late.as_micros()).unwrap_or(u64::MAX).max(1))?;
        }
    }
    let twice = heard.twice.get(event).copied().unwrap_or_default();
    Ok(Found { arrived, lost: acknowledged.len() - arrived, twice, micros })
}
