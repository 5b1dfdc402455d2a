//! Signing keys read back as written and are sealed, those from before they had one table included.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    signing_key::{KeyPurpose, SigningKey},
    store::{Constraint, StoreError},
};
use kinlink_testkit::{Fixture, Kind, on_both_databases};
use serde_json::json;
use uuid::Uuid;

pub(crate) fn key(it: &Fixture, purpose: KeyPurpose, number: u32) -> SigningKey {
    SigningKey {
        purpose,
        number,
        kid: format!("{purpose}-{number}"),
        public: json!({"kty": "EC", "kid": number}),
        private: format!("PRIVATE-{purpose}-{number}").into_bytes().into(),
        signs_from: it.ports.clock.now() + TimeDelta::hours(number.into()),
        ends_at: None,
    }
}

async fn stored(it: &Fixture, purpose: KeyPurpose) -> Vec<SigningKey> {
    it.begin().await.signing_keys(purpose).await.unwrap()
}

on_both_databases! {
    async fn keys_read_back_by_purpose_oldest_first_and_no_number_is_taken_twice(it: Fixture) {
        let [mut first, second, other] = [
            key(it, KeyPurpose::Answer, 1), key(it, KeyPurpose::Answer, 2), key(it, KeyPurpose::Event, 1),
        ];
        let mut unit = it.begin().await;
        for key in [&second, &first, &other] {
            unit.add_signing_key(key).await.unwrap();
        }
        let end = it.ports.clock.now() + TimeDelta::days(1);
        unit.end_signing_key(KeyPurpose::Answer, 1, end).await.unwrap();
        unit.save().await.unwrap();
        first.ends_at = Some(end);
        assert_eq!(stored(it, KeyPurpose::Answer).await, [first, second]);
        assert_eq!(stored(it, KeyPurpose::Event).await, std::slice::from_ref(&other));
        let taken = it.begin().await.add_signing_key(&other).await;
        assert!(matches!(taken, Err(StoreError::Conflict(Constraint::Other))));
    }
}

on_both_databases! {
    async fn a_private_half_opens_in_its_own_row_only(it: Fixture) {
        let mut unit = it.begin().await;
        for key in [key(it, KeyPurpose::Answer, 1), key(it, KeyPurpose::Event, 1)] {
            unit.add_signing_key(&key).await.unwrap();
        }
        unit.save().await.unwrap();
        let swap = "update signing_key set sealed = (select other.sealed from signing_key other \
            where other.purpose = 'event') where purpose = 'answer'";
        it.database.tamper(swap).await;
        let read = it.begin().await.signing_keys(KeyPurpose::Answer).await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_private_half_is_not_on_the_disk() {
    let it = Fixture::new(Kind::Sqlite).await;
    let mut unit = it.begin().await;
    unit.add_signing_key(&key(&it, KeyPurpose::Answer, 1)).await.unwrap();
    unit.save().await.unwrap();
    let bytes = crate::at_rest::bytes_on_disk(&it);
    assert!(crate::at_rest::holds(&bytes, "answer-1"), "what is no secret is found by this test");
    assert!(!crate::at_rest::holds(&bytes, "PRIVATE"));
    it.close().await;
}

/// How many migrations are to be taken back for the time before the one table.
async fn since_then(it: &Fixture) -> u32 {
    let all = it.database.database().migration_status().await.unwrap();
    let at = all.iter().position(|migration| migration.name.ends_with("signing_keys")).unwrap();
    u32::try_from(all.len() - at).unwrap()
}

fn bytes(it: &Fixture, bytes: &[u8]) -> String {
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    if it.database.url().starts_with("sqlite") { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
}

fn uuid(it: &Fixture, id: Uuid) -> String {
    if it.database.url().starts_with("sqlite") { bytes(it, id.as_bytes()) } else { format!("'{id}'") }
}

/// As the program of then wrote it: bound to its UUID.
async fn answer_key_of_then(it: &Fixture, id: Uuid, created_at: DateTime<Utc>) {
    let sealed = it.ports.vault.seal(id.as_bytes(), format!("PRIVATE {id}").as_bytes());
    let sql = format!(
        "insert into answer_key (id, key_id, sealed, public, created_at) values ({}, {}, {}, '{{}}', '{}')",
        uuid(it, id),
        sealed.key.0,
        bytes(it, &sealed.bytes),
        created_at.to_rfc3339(),
    );
    it.database.tamper(&sql).await;
}

/// As the program of then wrote it: bound to its table and name.
async fn event_key_of_then(it: &Fixture, number: u32, signs_from: DateTime<Utc>) {
    let sealed = it.ports.vault.seal(format!("event_key kid-{number}").as_bytes(), b"PRIVATE");
    let sql = format!(
        "insert into event_key (number, kid, public, key_id, sealed, signs_from, ends_at) \
         values ({number}, 'kid-{number}', '{{}}', {}, {}, '{}', null)",
        sealed.key.0,
        bytes(it, &sealed.bytes),
        signs_from.to_rfc3339(),
    );
    it.database.tamper(&sql).await;
}

on_both_databases! {
    async fn keys_of_the_two_earlier_tables_are_carried_over_open_and_go_back(it: Fixture) {
        let back = since_then(it).await;
        let (first, second) = (it.ports.clock.now(), it.ports.clock.now() + TimeDelta::days(1));
        let (old, new) = (Uuid::from_u128(7), Uuid::from_u128(0xabc << 96));
        it.database.database().migrate_down(back).await.unwrap();
        answer_key_of_then(it, new, second).await;
        answer_key_of_then(it, old, first).await;
        event_key_of_then(it, 1, first).await;
        event_key_of_then(it, 2, second).await;

        it.database.database().migrate_up(None).await.unwrap();
        let answers = stored(it, KeyPurpose::Answer).await;
        let told: Vec<_> = answers.iter().map(|key| (key.number, key.kid.as_str(), key.signs_from, key.ends_at)).collect();
        let (old_kid, new_kid) = (format!("ank_{}", old.simple()), format!("ank_{}", new.simple()));
        assert_eq!(told, [(1, &*old_kid, first, Some(second)), (2, &*new_kid, second, None)]);
        assert_eq!(*answers[1].private, format!("PRIVATE {new}").into_bytes());
        let events = stored(it, KeyPurpose::Event).await;
        let told: Vec<_> = events.iter().map(|key| (key.number, key.kid.as_str(), key.signs_from)).collect();
        assert_eq!(told, [(1, "kid-1", first), (2, "kid-2", second)]);
        assert_eq!(events[0].private.as_slice(), b"PRIVATE");

        let mut unit = it.begin().await;
        unit.add_signing_key(&key(it, KeyPurpose::Answer, 3)).await.unwrap();
        unit.save().await.unwrap();
        it.database.database().migrate_down(back).await.unwrap();
        let of_then = format!("select count(*) from answer_key where id = {}", uuid(it, new));
        assert_eq!(it.database.count(&of_then).await, 1);
        assert_eq!(it.database.count("select count(*) from answer_key").await, 1, "no other has its name");
        it.database.database().migrate_up(None).await.unwrap();
        let again = stored(it, KeyPurpose::Answer).await;
        assert_eq!(again.len(), 1);
        assert_eq!((&again[0].kid, &again[0].private), (&new_kid, &answers[1].private));
        assert_eq!(stored(it, KeyPurpose::Event).await, events);
    }
}
