use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use kinlink_domain::{
    outbox::{Delivery, MAX_ATTEMPTS, backoff},
    service::Ports,
    signing_key::KeyPurpose,
    store::{DueEvent, EventQueue, LinkReader, SettledEvent, Store, StoreError},
    stream::Room,
};
use kinlink_signing::Signer;
use tokio_util::sync::CancellationToken;

use super::{receiver::ReceiverRules, send::EventSender, verdict::Verdict, wake::EventWake};

/// How long an event stays with the worker that took it: far longer than a receiver may take.
const LEASE: TimeDelta = TimeDelta::minutes(1);
/// How often the database is asked for what other replicas committed, or what is due again.
const IDLE: Duration = Duration::from_millis(200);
/// A receiver may ask for a pause of at most so long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);
/// Streams that fail for so long are counted as failing.
const FAILING: TimeDelta = TimeDelta::minutes(5);
/// How often they are counted.
const COUNTED: Duration = Duration::from_secs(30);

/// Sends events to streams and webhooks, until it is stopped. Several replicas share the work.
#[derive(Debug)]
pub struct EventWorker {
    queue: Arc<dyn EventQueue>,
    sender: Arc<EventSender>,
    ports: Ports,
    wake: EventWake,
}

type UnderWay = FuturesUnordered<BoxFuture<'static, (DueEvent, Verdict)>>;

impl EventWorker {
    /// A worker that signs in the name of `issuer`, Kinlink's public URL.
    pub fn new<S>(
        store: Arc<S>,
        ports: Ports,
        issuer: impl Into<String>,
        rules: ReceiverRules,
        wake: EventWake,
    ) -> Result<Self, reqwest::Error>
    where
        S: Store + EventQueue + LinkReader + 'static,
    {
        let sender = Arc::new(EventSender {
            links: store.clone(),
            signer: Signer::new(KeyPurpose::Event, store.clone(), ports.clock.clone()),
            http: rules.http()?,
            rules,
            issuer: issuer.into(),
        });
        Ok(Self { queue: store, sender, ports, wake })
    }

    /// Works until `stop`, and finishes what it took.
    pub async fn run(self, stop: CancellationToken) {
        let mut ear = self.wake.listen();
        let mut under_way = UnderWay::new();
        let mut room = Room::default();
        let mut counted = tokio::time::interval(COUNTED);
        while !stop.is_cancelled() || !under_way.is_empty() {
            let mut pause = IDLE;
            if !stop.is_cancelled()
                && let Err(error) = self.take(&mut room, &mut under_way).await
            {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the outbox of events cannot be read");
                pause = IDLE * 10;
            }
            let idle = under_way.is_empty();
            let arrived = tokio::select! {
                arrived = under_way.next(), if !idle => arrived,
                () = ear.hear(pause) => None,
                _ = counted.tick() => { self.count_failing().await; None }
                () = stop.cancelled(), if idle => None,
            };
            if let Some(first) = arrived {
                self.settle_arrived(first, &mut room, &mut under_way).await;
            }
        }
    }

    /// Sends all that is due, one after the other of each account; returns how many tries it made.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let (mut tries, mut room, mut under_way) = (0, Room::default(), UnderWay::new());
        loop {
            self.take(&mut room, &mut under_way).await?;
            let Some(first) = under_way.next().await else { return Ok(tries) };
            let mut arrived = vec![first];
            while let Some(next) = under_way.next().await {
                arrived.push(next);
            }
            tries += arrived.len();
            leave(&mut room, &arrived);
            self.settle(arrived).await?;
        }
    }

    /// Each try is a task of its own: one that only went on while this worker waits for it could hold a connection
    /// or the signer's key that the worker itself waits for.
    async fn take(&self, room: &mut Room, under_way: &mut UnderWay) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        for due in self.queue.take_events(now, now + LEASE, room).await? {
            room.enter(due.stream.id);
            let (sender, sent, at) = (self.sender.clone(), due.clone(), self.ports.clock.now());
            let task = tokio::spawn(async move { sender.send(&sent, at).await });
            let verdict = task.map(|ended| ended.unwrap_or_else(|_| Verdict::retry("the sender broke off")));
            under_way.push(verdict.map(|verdict| (due, verdict)).boxed());
        }
        Ok(())
    }

    /// Settles what has arrived by now in one transaction. If that fails, the leases end and the events are sent
    /// once more: at least once.
    async fn settle_arrived(&self, first: (DueEvent, Verdict), room: &mut Room, under_way: &mut UnderWay) {
        let mut arrived = vec![first];
        while let Some(Some(next)) = under_way.next().now_or_never() {
            arrived.push(next);
        }
        leave(room, &arrived);
        if let Err(error) = self.settle(arrived).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what became of events cannot be written"
            );
        }
    }

    async fn settle(&self, arrived: Vec<(DueEvent, Verdict)>) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let settled: Vec<_> =
            arrived.into_iter().map(|(due, verdict)| self.settled(due, verdict, now)).collect();
        self.queue.settle_events(&settled, now).await
    }

    fn settled(&self, due: DueEvent, verdict: Verdict, now: DateTime<Utc>) -> SettledEvent {
        let attempts = due.delivery.attempts + 1;
        let outcome = match verdict.delivery {
            Delivery::Retry { error, .. } if attempts >= MAX_ATTEMPTS => Delivery::Dead { error },
            other => other,
        };
        let mut jitter = [0];
        self.ports.random.fill(&mut jitter);
        let mut pause = backoff(attempts, jitter[0]);
        if let Delivery::Retry { after: Some(asked), .. } = &outcome {
            pause = pause.max(*asked).min(LONGEST_PAUSE);
        }
        note(&due, attempts, &outcome, now);
        SettledEvent {
            delivery: due.delivery,
            outcome,
            retry_at: now + pause,
            receiver_down: verdict.receiver_down,
        }
    }

    async fn count_failing(&self) {
        let since = self.ports.clock.now() - FAILING;
        if let Ok(failing) = self.queue.failing_streams(since).await {
            #[expect(clippy::cast_precision_loss, reason = "so many streams there are not")]
            metrics::gauge!("kinlink_event_streams_failing").set(failing as f64);
            if failing > 0 {
                tracing::warn!(failing, "receivers of events have taken nothing for five minutes");
            }
        }
    }
}

fn leave(room: &mut Room, arrived: &[(DueEvent, Verdict)]) {
    for (due, _) in arrived {
        room.leave(due.stream.id);
    }
}

fn note(due: &DueEvent, attempts: u16, outcome: &Delivery, now: DateTime<Utc>) {
    let kind = due.stream.outlet.as_str();
    let count = |outcome: &'static str| {
        metrics::counter!("kinlink_events_total", "kind" => kind, "outcome" => outcome).increment(1);
    };
    let (event, stream) = (due.delivery.id, due.stream.id);
    match outcome {
        Delivery::Sent => {
            count("sent");
            let took = (now - due.delivery.happened_at).to_std().unwrap_or_default();
            metrics::histogram!("kinlink_event_seconds", "kind" => kind).record(took.as_secs_f64());
        }
        Delivery::Retry { error, .. } => {
            count("retry");
            tracing::info!(%event, %stream, kind, attempts, error, "an event will be tried again");
        }
        Delivery::Dead { error } => {
            count("dead");
            tracing::warn!(%event, %stream, kind, attempts, error, "an event was given up");
        }
    }
}
