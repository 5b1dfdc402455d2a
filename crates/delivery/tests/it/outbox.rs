use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use kinlink_delivery::{Letterhead, MailSender, Mailer, OutboxWorker, Pages};
use kinlink_domain::{
    id::{LinkId, MessageId},
    outbox::{Delivery, MAX_ATTEMPTS, Mail, Message, MessageBody, MessageKind},
    store::Store,
};
use kinlink_testkit::{Fixture, SmtpServer, on_both_databases};

use crate::server::mailer;

/// Refuses for now, and counts.
#[derive(Debug, Default)]
struct Busy(AtomicUsize);

#[async_trait]
impl Mailer for Busy {
    async fn deliver(&self, _: lettre::Message) -> Delivery {
        self.0.fetch_add(1, Ordering::Relaxed);
        Delivery::retry("busy")
    }
}

async fn enqueue(it: &Fixture, expires_in: Option<TimeDelta>) {
    let now = it.ports.clock.now();
    let mail = Mail::LinkNotice {
        organization: "Here".into(),
        at: now,
        link: LinkId::new(now, &*it.ports.random),
        service: "login.example".into(),
        dispute: "TOKEN".into(),
    };
    let mut unit = it.store.begin().await.unwrap();
    unit.send(Message {
        id: MessageId::new(now, &*it.ports.random),
        organization: it.here.id,
        body: MessageBody::Mail { to: "patient@mail.example".into(), mail },
        due_at: now,
        expires_at: expires_in.map(|time| now + time),
        attempts: 0,
    });
    unit.save().await.unwrap();
}

fn worker(it: &Fixture, mailer: Arc<dyn Mailer>) -> OutboxWorker {
    let pages = Pages { public_url: "https://kinlink.example".into(), redeem_url: None };
    let letterhead = Letterhead { from: "k@kinlink.example".parse().unwrap(), pages };
    let (store, ports) = (Arc::new(it.store.clone()), it.ports.clone());
    let sender = Arc::new(MailSender::new(mailer, letterhead));
    OutboxWorker::new(store, MessageKind::Mail, sender, ports.clock, ports.random)
}

on_both_databases! {
    async fn a_message_goes_from_the_outbox_to_the_mail_server_once(it: Fixture) {
        let mut server = SmtpServer::start("take");
        enqueue(it, None).await;
        let worker = worker(it, Arc::new(mailer(&server)));
        assert_eq!(worker.step().await.unwrap(), 1);
        let mail = server.mail();
        assert_eq!(mail["to"][0], "patient@mail.example");
        assert!(mail["source"].as_str().unwrap().contains("https://kinlink.example/not-me/TOKEN"));
        it.clock.advance(TimeDelta::days(1));
        assert_eq!(worker.step().await.unwrap(), 0);
        assert_eq!(server.stop(), 0);
    }
}

on_both_databases! {
    async fn a_busy_server_is_tried_again_ever_more_seldom_and_given_up_in_the_end(it: Fixture) {
        let busy = Arc::new(Busy::default());
        enqueue(it, None).await;
        let worker = worker(it, busy.clone());
        assert_eq!(worker.step().await.unwrap(), 1);
        assert_eq!(worker.step().await.unwrap(), 0, "not before the wait is over");
        for _ in 1..MAX_ATTEMPTS {
            it.clock.advance(TimeDelta::hours(1));
            assert_eq!(worker.step().await.unwrap(), 1);
        }
        it.clock.advance(TimeDelta::days(30));
        assert_eq!(worker.step().await.unwrap(), 0);
        assert_eq!(busy.0.load(Ordering::Relaxed), usize::from(MAX_ATTEMPTS));
    }
}

on_both_databases! {
    async fn a_code_that_has_expired_is_not_sent(it: Fixture) {
        let busy = Arc::new(Busy::default());
        enqueue(it, Some(TimeDelta::hours(24))).await;
        it.clock.advance(TimeDelta::hours(24));
        assert_eq!(worker(it, busy.clone()).step().await.unwrap(), 1);
        assert_eq!(busy.0.load(Ordering::Relaxed), 0);
    }
}
