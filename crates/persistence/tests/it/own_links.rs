//! What an account's own links, claims and the endings of a record are found by, over merges.

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    actor::{Actor, Authorized},
    ending::{Ending, EndingScope, EndingState},
    id::{EndingId, LinkId, PatientId},
    link::{LinkState, Revocation},
    patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType},
    service::end_link::{self, Ender},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    links::{add, link},
    patients::{upsert, version},
};

async fn made(it: &Fixture, account: &str, patient: &str) -> LinkId {
    let link = link(it, &it.account(account).await, patient).await;
    add(it, &link).await;
    link.id
}

async fn record(it: &Fixture, patient: &str) -> PatientId {
    let fhir_id = FhirId::parse(patient).unwrap();
    it.begin().await.patient(it.here.id, &fhir_id).await.unwrap().unwrap().id
}

async fn merged(it: &Fixture, id: &str, into: Option<&str>, number: u32) {
    let kind = RecordLinkType::ReplacedBy;
    let links = into.map(|into| RecordLink { other: FhirId::parse(into).unwrap(), kind });
    let links = links.into_iter().collect();
    upsert(it, vec![ImportedPatient { links, version: version(number), ..imported(id) }]).await;
}

async fn own(it: &Fixture, account: &str, patient: &str) -> Vec<LinkId> {
    let (account, record) = (it.account(account).await.id, record(it, patient).await);
    let links = it.begin().await.links_of_account_to(it.here.id, account, record).await.unwrap();
    links.into_iter().map(|link| link.id).collect()
}

on_both_databases! {
    async fn an_accounts_links_to_a_record_are_those_to_what_became_of_it_and_those_that_were_made_for_it(it: Fixture) {
        let ended_before = made(it, "anna", "p1").await;
        made(it, "ben", "p1").await;
        let ender = Ender::Staff(Authorized::operator(it.here.id));
        let end = async |id, reason| {
            let mut unit = it.begin().await;
            end_link::end(&mut *unit, &it.ports, ender, id, reason).await.unwrap();
            unit.save().await.unwrap();
        };
        end(ended_before, Revocation::Fraud).await;
        assert_eq!(own(it, "anna", "p1").await, [ended_before]);
        assert_eq!(own(it, "anna", "p2").await, []);
        // Ended before a merge: it stays where it is, and is known where the merge leads.
        merged(it, "p1", Some("p2"), 2).await;
        assert_eq!(own(it, "anna", "p2").await, [ended_before]);
        assert_eq!(own(it, "anna", "p3").await, []);
        // Ended while it was away from home: known there too, once the records part again.
        merged(it, "p1", None, 3).await;
        it.clock.advance(TimeDelta::seconds(1));
        let ended_away = made(it, "anna", "p1").await;
        merged(it, "p1", Some("p2"), 4).await;
        end(ended_away, Revocation::Safety).await;
        merged(it, "p1", None, 5).await;
        let stored = it.begin().await.link(ended_away).await.unwrap().unwrap();
        assert!(matches!(stored.state, LinkState::Revoked { .. }) && stored.fhir_id.as_str() == "p2");
        assert_eq!(own(it, "anna", "p1").await, [ended_away, ended_before]);
        assert_eq!(own(it, "anna", "p2").await, [ended_away]);
        let (account, p1) = (it.account("anna").await.id, record(it, "p1").await);
        assert_eq!(it.begin().await.links_of_account_to(it.there.id, account, p1).await.unwrap(), []);
    }
}

fn ending(it: &Fixture, scope: EndingScope, state: EndingState) -> Ending {
    let at = it.ports.clock.now();
    Ending {
        id: EndingId::new(at, &*it.ports.random),
        organization: it.here.id,
        scope,
        keep_self: true,
        reason: Revocation::Safety,
        by: Actor::Operator,
        at,
        undo_until: at + TimeDelta::hours(72),
        state,
    }
}

on_both_databases! {
    async fn an_ending_counts_from_its_moment_for_its_record_and_what_that_became_until_it_is_undone(it: Fixture) {
        let (p1, p2) = (record(it, "p1").await, record(it, "p2").await);
        let anna = it.account("anna").await;
        let mut unit = it.begin().await;
        let ended = ending(it, EndingScope::Record(p1), EndingState::Done);
        unit.add_ending(&ended, &[]).await.unwrap();
        unit.add_ending(&ending(it, EndingScope::Account(anna.id), EndingState::Done), &[]).await.unwrap();
        unit.save().await.unwrap();
        let since = async |patient, since: DateTime<Utc>| {
            it.begin().await.access_ended_since(it.here.id, patient, since).await.unwrap()
        };
        assert!(since(p1, ended.at).await && since(p1, ended.at - TimeDelta::days(1)).await);
        assert!(!since(p1, ended.at + TimeDelta::microseconds(1)).await);
        assert!(!since(p2, ended.at).await);
        merged(it, "p1", Some("p2"), 2).await;
        assert!(since(p2, ended.at).await);
        let undone = ended.clone().undo(Actor::Staff(anna.id), ended.at).unwrap();
        let mut unit = it.begin().await;
        unit.update_ending(&undone).await.unwrap();
        unit.save().await.unwrap();
        assert!(!since(p1, ended.at).await && !since(p2, ended.at).await);
        assert!(!it.begin().await.access_ended_since(it.there.id, p1, ended.at).await.unwrap());
    }
}
