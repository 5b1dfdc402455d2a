//! What an old key sealed is sealed anew, in steps, whoever writes meanwhile.

use std::sync::Arc;

use kinlink_domain::{
    patient::FhirId,
    port::{KeyId, Vault},
    service::Ports,
    signing_key::KeyPurpose,
    store::{Store, StoreError},
};
use kinlink_persistence::{KeyUse, KeyUseKind, Resealing, SeaStore};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    at_rest::{email_an_invitation, submit_a_claim},
    signing_keys::key,
};

/// A replica that has a new key and uses it.
fn rotated(it: &Fixture) -> SeaStore {
    let vault = Arc::new(it.rotated_keys());
    SeaStore::new(it.database.database().clone(), Ports { vault, ..it.ports.clone() })
}

async fn import(store: &SeaStore, it: &Fixture, ids: impl Iterator<Item = String>) {
    let records = ids.map(|id| imported(&id)).collect();
    let mut unit = store.begin().await.unwrap();
    unit.upsert_patients(it.here.id, records, it.ports.clock.now()).await.unwrap();
    unit.save().await.unwrap();
}

async fn uses(store: &SeaStore, it: &Fixture, key: KeyId, kind: KeyUseKind) -> Vec<KeyUse> {
    let uses = store.key_uses(it.ports.clock.now()).await.unwrap();
    uses.into_iter().filter(|one| one.key == key && one.kind == kind).collect()
}

async fn all(store: &SeaStore, from: Resealing) -> Resealing {
    let mut last = from.clone();
    let mut next = Some(from);
    while let Some(so_far) = next {
        last = so_far.clone();
        next = store.reseal_next(so_far).await.unwrap();
    }
    last
}

on_both_databases! {
    async fn claims_mails_and_keys_open_as_before(it: Fixture) {
        email_an_invitation(it).await;
        submit_a_claim(it).await;
        let mut unit = it.begin().await;
        for purpose in KeyPurpose::ALL {
            unit.add_signing_key(&key(it, purpose, 1)).await.unwrap();
        }
        unit.save().await.unwrap();
        it.reseals(&["patient", "claim", "claim_candidate", "outbox_message", "signing_key"]).await;
    }
}

on_both_databases! {
    async fn it_takes_many_steps_and_goes_on_after_an_interruption(it: Fixture) {
        import(&it.store, it, (0..1_200).map(|n| format!("m{n}"))).await;
        let store = rotated(it);
        let first = store.reseal_next(Resealing::default()).await.unwrap().unwrap();
        assert_eq!(first.resealed, 500);
        // A record that is read by the time its row is to be rewritten, and another that is new.
        import(&store, it, ["m7".to_owned(), "new".to_owned()].into_iter()).await;
        let last = all(&store, Resealing::default()).await;
        assert_eq!(last.unreadable, 0);
        let sealed = uses(&store, it, it.keys.current_key(), KeyUseKind::Sealed).await;
        assert_eq!(sealed, []);
        let mut unit = store.begin_read().await.unwrap();
        for id in ["p1", "m0", "m7", "m1199", "new"] {
            let found = unit.patient(it.here.id, &FhirId::parse(id).unwrap()).await.unwrap().unwrap();
            assert_eq!(found.record.demographics, imported(id).demographics);
        }
        drop(unit);
        let again = all(&store, Resealing::default()).await;
        assert_eq!(again.resealed, 0);
        let late = it.begin().await.patient(it.here.id, &FhirId::parse("p1").unwrap()).await;
        assert!(matches!(late, Err(StoreError::Corrupt { .. })), "a replica without the new key");
    }
}

on_both_databases! {
    async fn what_does_not_open_is_counted_and_left_as_it_is(it: Fixture) {
        it.database.tamper("update patient set sealed = \
            (select sealed from patient other where other.organization_id = patient.organization_id \
             and other.fhir_id = 'p2') where fhir_id = 'p1'").await;
        let store = rotated(it);
        let last = all(&store, Resealing::default()).await;
        assert_eq!((last.resealed, last.unreadable), (4, 2), "the first record of each organization");
        let left = uses(&store, it, it.keys.current_key(), KeyUseKind::Sealed).await;
        assert_eq!(left.iter().map(|one| (one.table, one.rows)).collect::<Vec<_>>(), [("patient", 2)]);
    }
}

on_both_databases! {
    async fn hashes_need_their_key_while_they_count_and_the_audit_always(it: Fixture) {
        email_an_invitation(it).await;
        let store = rotated(it);
        let old = it.keys.current_key();
        let hashed = uses(&store, it, old, KeyUseKind::Hashed).await;
        assert_eq!(hashed.iter().map(|one| (one.table, one.rows)).collect::<Vec<_>>(), [("invitation", 1)]);
        assert!(!uses(&store, it, old, KeyUseKind::Audit).await.is_empty());
        it.clock.advance(chrono::TimeDelta::days(365));
        assert_eq!(uses(&store, it, old, KeyUseKind::Hashed).await, []);
        assert!(!uses(&store, it, old, KeyUseKind::Audit).await.is_empty());
    }
}
