use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::StreamExt;
use kinlink_domain::{
    outbox::{Delivery, MAX_ATTEMPTS, Message, MessageBody, backoff},
    port::{Clock, Random},
    store::{Deliveries, StoreError},
};
use tokio_util::sync::CancellationToken;

use crate::{Letterhead, Mailer};

/// How long a message stays with the worker that took it: longer than any delivery takes.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Messages taken at once.
const BATCH: u16 = 20;
/// Deliveries at once.
const PARALLEL: usize = 4;

/// Sends what is due, until it is stopped. Several replicas share the work.
#[derive(Debug)]
pub struct OutboxWorker {
    deliveries: Arc<dyn Deliveries>,
    mailer: Arc<dyn Mailer>,
    letterhead: Letterhead,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    idle: Duration,
}

impl OutboxWorker {
    /// A worker that looks for due messages every half second.
    pub fn new(
        deliveries: Arc<dyn Deliveries>,
        mailer: Arc<dyn Mailer>,
        letterhead: Letterhead,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { deliveries, mailer, letterhead, clock, random, idle: Duration::from_millis(500) }
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
        let due = self.deliveries.take_due(now, now + LEASE, BATCH).await?;
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
            Delivery::Retry { error } if attempts >= MAX_ATTEMPTS => Delivery::Dead { error },
            other => other,
        };
        let mut jitter = [0];
        self.random.fill(&mut jitter);
        let retry_at = now + backoff(attempts, jitter[0]);
        match &delivery {
            Delivery::Sent => metrics::counter!("kinlink_deliverys_total", "outcome" => "sent").increment(1),
            Delivery::Retry { error } => {
                metrics::counter!("kinlink_deliverys_total", "outcome" => "retry").increment(1);
                tracing::info!(message = %message.id, attempts, error, "a mail will be tried again");
            }
            Delivery::Dead { error } => {
                metrics::counter!("kinlink_deliverys_total", "outcome" => "dead").increment(1);
                tracing::warn!(message = %message.id, attempts, error, "a mail was given up");
            }
        }
        self.deliveries.settle(message.id, &delivery, retry_at, now).await
    }

    async fn deliver(&self, message: &Message) -> Delivery {
        let now = self.clock.now();
        if message.expires_at.is_some_and(|end| now >= end) {
            return Delivery::Dead { error: "expired before it could be sent".into() };
        }
        let MessageBody::Mail { to, mail } = &message.body;
        match self.letterhead.write(message.id, to, mail, now) {
            Ok(mail) => self.mailer.deliver(mail).await,
            Err(error) => Delivery::Dead { error: error.to_string() },
        }
    }
}
