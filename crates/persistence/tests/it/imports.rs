//! Imports: whatever the order and the batches, what is stored is the newest of what came.

use std::sync::atomic::{AtomicUsize, Ordering};

use kinlink_domain::{
    demographics::HumanName,
    patient::{ImportedPatient, UpsertReport},
    store::Store,
};
use kinlink_testkit::{Fixture, imported, on_both_databases};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

use crate::patients::{upsert, version};

/// Version `number` of a record, with contents of its own.
fn numbered(id: &str, number: u32) -> ImportedPatient {
    let mut patient = ImportedPatient { version: version(number), ..imported(id) };
    let family = Some(format!("Family {number}"));
    patient.demographics.names = vec![HumanName { family, ..HumanName::default() }];
    patient
}

/// Versions of three records in any order and repeated, cut into batches.
fn batches() -> impl Strategy<Value = Vec<Vec<(u8, u32)>>> {
    let one = (0..3_u8, 1..6_u32);
    prop::collection::vec(prop::collection::vec(one, 1..6), 1..5)
}

async fn holds_for(it: &Fixture, run: usize, batches: Vec<Vec<(u8, u32)>>) -> Result<(), TestCaseError> {
    let id = |record: u8| format!("run-{run}-{record}");
    let batches: Vec<Vec<_>> = batches
        .into_iter()
        .map(|batch| batch.into_iter().map(|(record, number)| numbered(&id(record), number)).collect())
        .collect();
    let all: Vec<_> = batches.iter().flatten().cloned().collect();
    let mut report = UpsertReport::default();
    for batch in batches {
        report += upsert(it, batch).await;
    }
    let counted = report.created + report.updated + report.unchanged + report.stale;
    prop_assert_eq!(counted, all.len() as u64, "{:?}", report);
    let again = upsert(it, all.clone()).await;
    prop_assert_eq!((again.created, again.updated), (0, 0), "{:?}", again);
    let mut unit = it.begin().await;
    for patient in &all {
        let newest = all.iter().filter(|other| other.fhir_id == patient.fhir_id);
        let newest = newest.max_by_key(|other| other.version.version_id.clone()).unwrap();
        let stored = unit.patient(it.here.id, &patient.fhir_id).await.unwrap().unwrap();
        prop_assert_eq!(&stored.record, newest);
    }
    Ok(())
}

on_both_databases! {
    async fn any_order_of_versions_in_any_batches_ends_in_the_newest(it: Fixture) {
        let runs = AtomicUsize::new(0);
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        let held = block_in_place(|| {
            TestRunner::new(config).run(&batches(), |batches| {
                let run = runs.fetch_add(1, Ordering::Relaxed);
                Handle::current().block_on(holds_for(it, run, batches))
            })
        });
        held.unwrap();
    }
}

on_both_databases! {
    async fn imports_of_the_same_records_at_once_end_in_the_newest(it: Fixture) {
        let mut imports = tokio::task::JoinSet::new();
        for number in 1..=6 {
            let (store, here, now) = (it.store.clone(), it.here.id, it.ports.clock.now());
            let mut patients: Vec<_> = (0..150).map(|n| numbered(&format!("same-{n}"), number)).collect();
            patients.rotate_left(usize::try_from(number).unwrap() * 20);
            imports.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                let report = unit.upsert_patients(here, patients, now).await.unwrap();
                unit.save().await.unwrap();
                report
            });
        }
        let mut report = UpsertReport::default();
        imports.join_all().await.into_iter().for_each(|one| report += one);
        assert_eq!((report.created, report.updated + report.stale), (150, 750), "{report:?}");
        let mut unit = it.begin().await;
        for n in 0..150 {
            let newest = numbered(&format!("same-{n}"), 6);
            let stored = unit.patient(it.here.id, &newest.fhir_id).await.unwrap().unwrap();
            assert_eq!(stored.record, newest);
        }
    }
}

on_both_databases! {
    async fn a_batch_may_have_more_records_than_a_statement_has_parameters(it: Fixture) {
        // PostgreSQL takes 65,535 parameters, SQLite 32,766.
        let many: Vec<_> = (0..66_000)
            .map(|n| {
                let mut patient = imported(&format!("many-{n}"));
                patient.demographics = kinlink_domain::demographics::Demographics::default();
                patient
            })
            .collect();
        let report = upsert(it, many.clone()).await;
        assert_eq!(report.created, 66_000);
        assert_eq!(upsert(it, many).await.unchanged, 66_000);
    }
}
