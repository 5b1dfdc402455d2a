//! The outbox: each message goes to one worker at a time, and nothing of it is kept once it is settled.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    id::MessageId,
    outbox::{Delivery, Mail, Message, MessageBody, MessageKind, Text},
    phone::PhoneNumber,
    store::{Deliveries, StoreError},
};
use kinlink_testkit::{Fixture, on_both_databases};

fn message(it: &Fixture, n: usize) -> Message {
    let now = it.ports.clock.now();
    let mail = Mail::Invitation {
        organization: it.here.name.clone(),
        code: format!("code-{n}"),
        expires_at: now,
        asks_birth_date: true,
        invitation: kinlink_domain::id::Id::new(now, &*it.ports.random),
    };
    Message {
        id: MessageId::new(now, &*it.ports.random),
        organization: it.here.id,
        body: MessageBody::Mail { to: format!("p{n}@patients.example"), mail },
        due_at: now,
        expires_at: Some(now + TimeDelta::hours(24)),
        attempts: 0,
    }
}

async fn sent(it: &Fixture, count: usize) -> Vec<Message> {
    let messages: Vec<_> = (0..count).map(|n| message(it, n)).collect();
    let mut unit = it.begin().await;
    messages.iter().cloned().for_each(|message| unit.send(message));
    unit.save().await.unwrap();
    messages
}

async fn take(it: &Fixture, now: DateTime<Utc>, limit: u16) -> Result<Vec<Message>, StoreError> {
    it.store.take_due(now, now + TimeDelta::minutes(5), limit, MessageKind::Mail).await
}

on_both_databases! {
    async fn workers_at_once_share_the_messages_and_double_none(it: Fixture) {
        let all = sent(it, 60).await;
        let now = it.ports.clock.now();
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let store = it.store.clone();
            workers.spawn(async move {
                let mut mine = Vec::new();
                // Empty once may only mean that the others hold the rest.
                for _ in 0..30 {
                    let taken = store.take_due(now, now + TimeDelta::minutes(5), 3, MessageKind::Mail).await.unwrap();
                    mine.extend(taken.into_iter().map(|message| message.id));
                }
                mine
            });
        }
        let taken: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 60);
        assert_eq!(taken.into_iter().collect::<HashSet<_>>(), all.iter().map(|m| m.id).collect());
    }
}

on_both_databases! {
    async fn a_message_reads_back_and_is_due_again_when_its_lease_ends(it: Fixture) {
        let all = sent(it, 1).await;
        let now = it.ports.clock.now();
        assert!(take(it, now - TimeDelta::microseconds(1), 10).await.unwrap().is_empty());
        assert_eq!(take(it, now, 10).await.unwrap(), all);
        assert!(take(it, now + TimeDelta::minutes(4), 10).await.unwrap().is_empty());
        let again = take(it, now + TimeDelta::minutes(5), 10).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 0));
    }
}

on_both_databases! {
    async fn each_kind_waits_for_its_own_worker(it: Fixture) {
        let mail = message(it, 1);
        let to = PhoneNumber::parse("+16175550123", None).unwrap();
        let text = Text::Invitation { organization: "Here".into(), code: "AAAA".into(), expires_at: mail.due_at };
        let id = MessageId::new(mail.due_at, &*it.ports.random);
        let text = Message { id, body: MessageBody::Text { to, text }, ..mail.clone() };
        let mut unit = it.begin().await;
        unit.send(mail.clone());
        unit.send(text.clone());
        unit.save().await.unwrap();
        let (now, later) = (mail.due_at, mail.due_at + TimeDelta::minutes(5));
        for (kind, expected) in
            [(MessageKind::Letter, vec![]), (MessageKind::Text, vec![text]), (MessageKind::Mail, vec![mail])]
        {
            assert_eq!(it.store.take_due(now, later, 10, kind).await.unwrap(), expected, "{kind:?}");
        }
    }
}

on_both_databases! {
    async fn a_failed_try_is_counted_and_comes_back_at_its_time(it: Fixture) {
        let all = sent(it, 1).await;
        let now = it.ports.clock.now();
        take(it, now, 10).await.unwrap();
        let retry_at = now + TimeDelta::seconds(5);
        let retry = Delivery::retry("451");
        it.store.settle(all[0].id, &retry, retry_at, now).await.unwrap();
        assert!(take(it, now, 10).await.unwrap().is_empty());
        let again = take(it, retry_at, 10).await.unwrap();
        assert_eq!((again[0].attempts, &again[0].body), (1, &all[0].body));
    }
}

on_both_databases! {
    async fn nothing_of_a_settled_message_is_kept(it: Fixture) {
        let all = sent(it, 2).await;
        let now = it.ports.clock.now();
        let dead = Delivery::dead("550");
        for (message, delivery) in all.iter().zip([Delivery::Sent, dead]) {
            it.store.settle(message.id, &delivery, now, now).await.unwrap();
        }
        assert_eq!(it.database.count("select count(*) from outbox_message where sealed is null").await, 2);
        assert_eq!(it.database.count("select count(*) from outbox_message where attempts = 1").await, 2);
        assert!(take(it, now + TimeDelta::days(1), 10).await.unwrap().is_empty());
    }
}

on_both_databases! {
    async fn a_message_that_cannot_be_read_holds_up_no_other(it: Fixture) {
        let all = sent(it, 3).await;
        it.database.tamper("update outbox_message set key_id = 999 where id in \
            (select id from outbox_message order by id limit 1)").await;
        let now = it.ports.clock.now();
        let first_of_all = all.iter().map(|message| message.id).min().unwrap();
        let taken = take(it, now, 10).await.unwrap();
        let expected: HashSet<_> = all.iter().map(|m| m.id).filter(|id| *id != first_of_all).collect();
        assert_eq!(taken.iter().map(|message| message.id).collect::<HashSet<_>>(), expected);
        let kept = "select count(*) from outbox_message where status = 'pending' and sealed is not null \
            and attempts = 1 and error is not null";
        assert_eq!(it.database.count(kept).await, 1, "it is kept, for the day its key is back");
    }
}
