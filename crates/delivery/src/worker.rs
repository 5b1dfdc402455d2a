use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::StreamExt;
use kinlink_domain::{
    outbox::{Delivery, MAX_ATTEMPTS, Message, MessageKind, backoff},
    port::{Clock, Random},
    store::{Deliveries, StoreError},
};
use tokio_util::sync::CancellationToken;

use crate::Sender;

/// How long a message stays with the worker that took it: longer than a batch takes in which every delivery
/// runs into its timeout.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Messages taken at once.
const BATCH: u16 = 20;
/// Deliveries at once.
const PARALLEL: usize = 4;
/// A receiver may ask for a pause of at most so long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

/// Sends what is due of one kind, until it is stopped. Several replicas share the work. Each kind has a worker
/// of its own, so that a gateway that does not answer holds up no other.
#[derive(Debug)]
pub struct OutboxWorker {
    deliveries: Arc<dyn Deliveries>,
    kind: MessageKind,
    sender: Arc<dyn Sender>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    idle: Duration,
}

impl OutboxWorker {
    /// A worker that looks for due messages every half second.
    pub fn new(
        deliveries: Arc<dyn Deliveries>,
        kind: MessageKind,
        sender: Arc<dyn Sender>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { deliveries, kind, sender, clock, random, idle: Duration::from_millis(500) }
    }

    /// Works until `stop`, and finishes what it took.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.step().await {
                Ok(0) => self.idle,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot be read");
                    self.idle * 10
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes what is due and sends it; returns how many messages it took.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.deliveries.take_due(now, now + LEASE, BATCH, self.kind).await?;
        let taken = due.len();
        let settled: Vec<_> = futures_util::stream::iter(due)
            .map(|message| self.settle(message))
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        settled.into_iter().collect::<Result<(), _>>()?;
        Ok(taken)
    }

    async fn settle(&self, message: Message) -> Result<(), StoreError> {
        let delivery = self.deliver(&message).await;
        let now = self.clock.now();
        let attempts = message.attempts + 1;
        let delivery = match delivery {
            Delivery::Retry { error, .. } if attempts >= MAX_ATTEMPTS => Delivery::Dead { error },
            other => other,
        };
        let mut jitter = [0];
        self.random.fill(&mut jitter);
        let mut pause = backoff(attempts, jitter[0]);
        if let Delivery::Retry { after: Some(asked), .. } = &delivery {
            pause = pause.max(*asked).min(LONGEST_PAUSE);
        }
        let retry_at = now + pause;
        self.note(&message, attempts, &delivery);
        self.deliveries.settle(message.id, &delivery, retry_at, now).await
    }

    fn note(&self, message: &Message, attempts: u16, delivery: &Delivery) {
        let kind = self.kind.as_str();
        let count = |outcome: &'static str| {
            metrics::counter!("kinlink_messages_total", "kind" => kind, "outcome" => outcome).increment(1);
        };
        match delivery {
            Delivery::Sent => count("sent"),
            Delivery::Retry { error, .. } => {
                count("retry");
                tracing::info!(message = %message.id, kind, attempts, error, "a message will be tried again");
            }
            Delivery::Dead { error } => {
                count("dead");
                tracing::warn!(message = %message.id, kind, attempts, error, "a message was given up");
            }
        }
    }

    async fn deliver(&self, message: &Message) -> Delivery {
        let now = self.clock.now();
        if message.expires_at.is_some_and(|end| now >= end) {
            return Delivery::dead("expired before it could be sent");
        }
        self.sender.send(message, now).await
    }
}
