//! Patient records: found by their own organization only, and linked only while they can be used.

use std::time::Duration;

use kinlink_domain::{
    actor::Actor,
    demographics::Identifier,
    link::Revocation,
    patient::{Deletion, FhirId, ImportedPatient, RecordLink, RecordLinkType, RecordVersion, UpsertReport},
    service::redeem::{Redeem, redeem},
    store::{ChangeFeed, LinkReader, Store},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    links::{add, link},
    redeem::code_for,
};

pub(crate) fn version(number: u32) -> RecordVersion {
    RecordVersion { version_id: Some(number.to_string()), last_updated: None }
}

pub(crate) async fn upsert(it: &Fixture, patients: Vec<ImportedPatient>) -> UpsertReport {
    let mut unit = it.begin().await;
    let report = unit.upsert_patients(it.here.id, patients, it.ports.clock.now()).await.unwrap();
    unit.save().await.unwrap();
    report
}

fn merged_away(id: &str) -> ImportedPatient {
    let other = FhirId::parse("not-imported").unwrap();
    let links = vec![RecordLink { other, kind: RecordLinkType::ReplacedBy }];
    ImportedPatient { links, version: version(9), ..imported(id) }
}

fn mrn(value: &str) -> Identifier {
    Identifier { system: "urn:mrn".to_owned(), value: value.to_owned(), kind: None }
}

on_both_databases! {
    async fn a_record_reads_back_to_its_organization_only(it: Fixture) {
        let own = ImportedPatient { active: false, deceased: true, version: version(3), ..merged_away("own") };
        upsert(it, vec![own.clone()]).await;
        let mut unit = it.begin().await;
        let stored = unit.patient(it.here.id, &own.fhir_id).await.unwrap().unwrap();
        assert_eq!((&stored.record, stored.organization), (&own, it.here.id));
        assert_eq!(unit.patient_by_id(it.here.id, stored.id).await.unwrap(), Some(stored.clone()));
        assert_eq!(unit.patient(it.there.id, &own.fhir_id).await.unwrap(), None);
        assert_eq!(unit.patient_by_id(it.there.id, stored.id).await.unwrap(), None);
        assert_eq!(unit.count_patients(it.here.id).await.unwrap(), 4);
        assert_eq!(unit.count_patients(it.there.id).await.unwrap(), 3);
    }
}

on_both_databases! {
    async fn a_record_is_found_by_its_present_identifiers_however_they_are_written(it: Fixture) {
        let mut unit = it.begin().await;
        let found = unit.patients_by_identifier(it.here.id, &mrn("mrn p1 7731")).await.unwrap();
        assert_eq!(found.iter().map(|found| found.record.fhir_id.as_str()).collect::<Vec<_>>(), ["p1"]);
        assert_eq!(found[0].organization, it.here.id, "the neighbour's p1 has the same MRN");
        drop(unit);

        let mut changed = ImportedPatient { version: version(2), ..imported("p1") };
        changed.demographics.identifiers = vec![mrn("NEW-1"), mrn("NEW-1"), mrn("MRN-p2-7731")];
        upsert(it, vec![changed]).await;
        let mut unit = it.begin().await;
        for (value, expected) in [("MRN-p1-7731", 0), ("NEW-1", 1), ("MRN-p2-7731", 2)] {
            let found = unit.patients_by_identifier(it.here.id, &mrn(value)).await.unwrap();
            assert_eq!(found.len(), expected, "{value}");
        }
        assert_eq!(unit.patients_by_identifier(it.there.id, &mrn("MRN-p1-7731")).await.unwrap().len(), 1);
    }
}

on_both_databases! {
    async fn a_record_moved_to_another_row_does_not_open(it: Fixture) {
        it.database.tamper("update patient set sealed = \
            (select sealed from patient other where other.organization_id = patient.organization_id \
             and other.fhir_id = 'p2') where fhir_id = 'p1'").await;
        let mut unit = it.begin().await;
        assert!(unit.patient(it.here.id, &FhirId::parse("p1").unwrap()).await.is_err());
        assert!(unit.patient(it.here.id, &FhirId::parse("p2").unwrap()).await.is_ok());
    }
}

on_both_databases! {
    async fn links_follow_their_record_out_of_use_and_back(it: Fixture) {
        let anna = it.account("anna").await;
        add(it, &link(it, &anna, "p1").await).await;
        let heads = async || it.store.heads().await.unwrap().iter().map(|head| head.seq).sum::<i64>();
        let before = heads().await;
        upsert(it, vec![merged_away("p1"), imported("p2")]).await;
        let found = it.store.answerable_links(anna.id).await.unwrap();
        assert_eq!((found[0].link.record_usable, found[0].link.version), (false, 2));
        assert_eq!(heads().await, before + 1, "caches forget the account");
        upsert(it, vec![ImportedPatient { version: version(10), ..imported("p1") }]).await;
        let found = it.store.answerable_links(anna.id).await.unwrap();
        assert_eq!((found[0].link.record_usable, found[0].link.version), (true, 3));
    }
}

on_both_databases! {
    async fn a_deleted_record_reads_back_and_comes_back_only_as_a_newer_one(it: Fixture) {
        let anna = it.account("anna").await;
        add(it, &link(it, &anna, "p1").await).await;
        let fifth = ImportedPatient { version: version(5), ..imported("p1") };
        upsert(it, vec![fifth.clone()]).await;
        let deletion = Deletion { version: RecordVersion::default(), heard_at: it.ports.clock.now() };
        let deleted = fifth.clone().delete(&deletion);
        assert_eq!(upsert(it, vec![deleted.clone()]).await.updated, 1);
        assert_eq!(upsert(it, vec![deleted.clone()]).await.unchanged, 1);
        let stored = async || {
            let stored = it.begin().await.patient(it.here.id, &fifth.fhir_id).await.unwrap().unwrap();
            let found = it.store.answerable_links(anna.id).await.unwrap();
            (stored.record, found[0].link.record_usable)
        };
        assert_eq!(stored().await, (deleted.clone(), false));
        for stale in [5, 6] {
            let again = ImportedPatient { version: version(stale), ..imported("p1") };
            assert_eq!(upsert(it, vec![again]).await.stale, 1, "{stale}");
        }
        assert_eq!(stored().await, (deleted.clone(), false));
        let made_again = ImportedPatient { version: version(7), ..imported("p1") };
        assert_eq!(upsert(it, vec![made_again.clone(), deleted]).await.updated, 1);
        assert_eq!(stored().await, (made_again, true));
    }
}

on_both_databases! {
    async fn a_link_made_while_its_record_goes_out_of_use_does_not_stay_live(it: Fixture) {
        let anna = it.account("anna").await;
        let code = code_for(it, "p1", None).await;
        let mut unit = it.begin().await;
        let request = Redeem { account: &anna, code: &code, birth_date: None, asserted: None, address: "192.0.2.1" };
        redeem(&mut *unit, &it.ports, &request).await.unwrap();
        let (store, here, now) = (it.store.clone(), it.here.id, it.ports.clock.now());
        let import = tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            unit.upsert_patients(here, vec![merged_away("p1")], now).await.unwrap();
            unit.save().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        unit.save().await.unwrap();
        import.await.unwrap();
        let found = it.store.answerable_links(anna.id).await.unwrap();
        assert_eq!((found.len(), found[0].link.record_usable), (1, false));
    }
}

on_both_databases! {
    async fn a_record_going_out_of_use_while_a_link_is_made_leaves_none_live(it: Fixture) {
        let anna = it.account("anna").await;
        let code = code_for(it, "p1", None).await;
        let mut import = it.begin().await;
        import.upsert_patients(it.here.id, vec![merged_away("p1")], it.ports.clock.now()).await.unwrap();
        let (store, ports, account) = (it.store.clone(), it.ports.clone(), anna.clone());
        let redemption = tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let request = Redeem { account: &account, code: &code, birth_date: None, asserted: None, address: "192.0.2.1" };
            redeem(&mut *unit, &ports, &request).await.unwrap();
            unit.save().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        import.save().await.unwrap();
        redemption.await.unwrap();
        let found = it.store.answerable_links(anna.id).await.unwrap();
        assert!(found.iter().all(|found| !found.link.record_usable), "{found:?}");
    }
}

on_both_databases! {
    async fn an_import_waits_for_a_link_that_is_being_ended(it: Fixture) {
        let anna = it.account("anna").await;
        let link = link(it, &anna, "p1").await;
        add(it, &link).await;
        let mut unit = it.begin().await;
        let locked = unit.link_for_update(link.id).await.unwrap().unwrap();
        let by = Actor::Account(anna.id);
        let ended = locked.revoke(by, Revocation::NoLongerWanted, it.ports.clock.now()).unwrap();
        unit.update_link(&ended).await.unwrap();
        let (store, here, now) = (it.store.clone(), it.here.id, it.ports.clock.now());
        let import = tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            unit.upsert_patients(here, vec![merged_away("p1")], now).await?;
            unit.save().await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        unit.save().await.unwrap();
        import.await.unwrap().unwrap();
        let stored = it.begin().await.link(link.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.record_usable), (ended.state, false));
    }
}
