//! The blocking index: in step with every record, each organization's own, and honest about what it left out.

use kinlink_domain::{
    demographics::{ContactPoint, ContactSystem, Demographics, HumanName},
    id::OrganizationId,
    patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType},
    store::{Candidates, Store},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::patients::{upsert, version};

/// What an invented record of this id says of its person.
fn person(id: &str) -> Demographics {
    imported(id).demographics
}

async fn look_up(it: &Fixture, organization: OrganizationId, person: &Demographics) -> Candidates {
    it.store.begin_read().await.unwrap().candidates(organization, person).await.unwrap()
}

fn ids(found: &Candidates) -> Vec<&str> {
    found.records.iter().map(|found| found.record.fhir_id.as_str()).collect()
}

async fn entries(it: &Fixture) -> i64 {
    it.database.count("select count(*) from patient_key").await
}

/// Somebody of whom nothing is known but a telephone, and a name if there is one.
fn caller(family: Option<&str>, phone: &str) -> Demographics {
    let name = |family: &str| HumanName {
        family: Some(family.to_owned()),
        given: vec!["Xenia".to_owned()],
        ..HumanName::default()
    };
    let phone =
        ContactPoint { system: ContactSystem::Phone, value: phone.to_owned(), usage: None, rank: None };
    Demographics {
        names: family.map(name).into_iter().collect(),
        telecom: vec![phone],
        ..Demographics::default()
    }
}

/// The record of such a person.
fn reachable(id: &str, family: &str, phone: &str) -> ImportedPatient {
    ImportedPatient { demographics: caller(Some(family), phone), ..imported(id) }
}

on_both_databases! {
    async fn whoever_shares_most_comes_first(it: Fixture) {
        let found = look_up(it, it.here.id, &person("p2")).await;
        assert_eq!(ids(&found).len(), 3, "p1 and p3 share the birth date and the given name");
        assert_eq!((ids(&found)[0], found.crowded), ("p2", false));
        assert_eq!(look_up(it, it.here.id, &Demographics::default()).await, Candidates::default());
    }
}

on_both_databases! {
    async fn an_organization_never_sees_the_records_of_another(it: Fixture) {
        upsert(it, vec![reachable("own", "Quill", "617-555-0143")]).await;
        let own = reachable("own", "Quill", "617-555-0143").demographics;
        assert_eq!(ids(&look_up(it, it.here.id, &own).await), ["own"]);
        assert_eq!(look_up(it, it.there.id, &own).await, Candidates::default());
        for organization in [it.here.id, it.there.id] {
            let found = look_up(it, organization, &person("p1")).await;
            assert!(found.records.iter().all(|record| record.organization == organization));
        }
    }
}

on_both_databases! {
    async fn the_index_follows_every_change_and_nothing_else(it: Fixture) {
        let before = entries(it).await;
        upsert(it, vec![reachable("moving", "Quill", "617-555-0143")]).await;
        let written = entries(it).await;
        assert!(written > before);
        assert_eq!(upsert(it, vec![reachable("moving", "Quill", "617-555-0143")]).await.unchanged, 1);
        assert_eq!(entries(it).await, written);

        let moved = ImportedPatient { version: version(2), ..reachable("moving", "Quill", "508-555-0199") };
        upsert(it, vec![moved.clone()]).await;
        assert_eq!(entries(it).await, written, "one entry in place of another");
        let by_phone = |phone| caller(None, phone);
        assert_eq!(look_up(it, it.here.id, &by_phone("617-555-0143")).await, Candidates::default());
        assert_eq!(ids(&look_up(it, it.here.id, &by_phone("508-555-0199")).await), ["moving"]);

        upsert(it, vec![ImportedPatient { version: version(1), ..reachable("moving", "Old", "617-555-0143") }]).await;
        assert_eq!(look_up(it, it.here.id, &by_phone("617-555-0143")).await, Candidates::default(), "stale");
        let nobody = ImportedPatient { version: version(3), demographics: Demographics::default(), ..moved };
        upsert(it, vec![nobody]).await;
        assert_eq!(entries(it).await, before);
    }
}

on_both_databases! {
    async fn records_out_of_use_are_found_too(it: Fixture) {
        let link = RecordLink { other: FhirId::parse("p3").unwrap(), kind: RecordLinkType::ReplacedBy };
        let states = [
            ImportedPatient { active: false, ..reachable("inactive", "Quill", "617-555-0143") },
            ImportedPatient { deceased: true, ..reachable("deceased", "Quill", "617-555-0143") },
            ImportedPatient { links: vec![link], ..reachable("replaced", "Quill", "617-555-0143") },
        ];
        upsert(it, states.to_vec()).await;
        let found = look_up(it, it.here.id, &states[0].demographics).await;
        let mut names = ids(&found);
        names.sort_unstable();
        assert_eq!(names, ["deceased", "inactive", "replaced"]);
    }
}

on_both_databases! {
    async fn strangers_who_share_one_thing_are_not_read_beside_who_shares_many(it: Fixture) {
        let phone = "617-555-0143";
        let shelter = |n: usize| reachable(&format!("guest-{n:04}"), &format!("Guest{n:04}"), phone);
        upsert(it, (0..300).map(shelter).collect()).await;
        let mut sought = imported("q1");
        sought.demographics.telecom.extend(caller(None, phone).telecom);
        upsert(it, vec![sought.clone()]).await;
        let found = look_up(it, it.here.id, &sought.demographics).await;
        assert_eq!((ids(&found)[0], found.crowded), ("q1", false));
        assert!(ids(&found).iter().all(|id| !id.starts_with("guest")), "{:?}", ids(&found));
    }
}

on_both_databases! {
    async fn a_block_too_large_to_read_is_told_and_hides_nobody_who_shares_more(it: Fixture) {
        let phone = "617-555-0143";
        let shelter = |n: usize| reachable(&format!("guest-{n:04}"), &format!("Guest{n:04}"), phone);
        upsert(it, (0..150).map(shelter).collect()).await;
        let anybody = caller(None, phone);
        let found = look_up(it, it.here.id, &anybody).await;
        assert_eq!((found.records.len(), found.crowded), (150, false), "all of them were read");

        upsert(it, (150..1_100).map(shelter).collect()).await;
        it.clock.advance(chrono::TimeDelta::seconds(1));
        // The last in the block, which is cut off before it.
        upsert(it, vec![reachable("sought", "Featherstonehaugh", phone)]).await;
        let found = look_up(it, it.here.id, &anybody).await;
        assert_eq!((found.records.len(), found.crowded), (200, true));
        assert_eq!(look_up(it, it.here.id, &anybody).await, found, "the same ones each time");
        let found = look_up(it, it.here.id, &caller(Some("Featherstonehaugh"), phone)).await;
        assert_eq!((ids(&found)[0], found.crowded), ("sought", true));
    }
}

on_both_databases! {
    async fn an_entry_that_meets_another_by_chance_finds_no_stranger_by_identifier(it: Fixture) {
        it.database.tamper("insert into patient_key (organization_id, key_hash, patient_id) \
            select k.organization_id, k.key_hash, other.id from patient_key k \
            join patient p on p.organization_id = k.organization_id and p.id = k.patient_id \
            join patient other on other.organization_id = k.organization_id \
            where p.fhir_id = 'p1' and other.fhir_id = 'p2' and not exists (select 1 from patient_key known \
            where known.organization_id = k.organization_id and known.key_hash = k.key_hash \
            and known.patient_id = other.id)").await;
        let identifier = person("p1").identifiers.remove(0);
        let mut unit = it.begin().await;
        let found = unit.patients_by_identifier(it.here.id, &identifier).await.unwrap();
        assert_eq!(found.iter().map(|found| found.record.fhir_id.as_str()).collect::<Vec<_>>(), ["p1"]);
    }
}

on_both_databases! {
    async fn a_rebuild_can_be_interrupted_and_repeated(it: Fixture) {
        let whole = entries(it).await;
        it.database.tamper("update patient set indexed = false, index_keys = null").await;
        it.database.tamper("delete from patient_key").await;
        let none = Candidates { records: Vec::new(), crowded: true };
        assert_eq!(look_up(it, it.here.id, &person("p1")).await, none, "nothing is concluded from an empty index");

        assert_eq!(it.store.index_records(it.here.id, 2).await.unwrap(), 2);
        assert_eq!(it.store.count_unindexed(it.here.id).await.unwrap(), 1);
        assert_eq!(it.store.count_unindexed(it.there.id).await.unwrap(), 3, "the neighbour's own matter");
        let half = look_up(it, it.here.id, &person("p1")).await;
        assert_eq!((half.records.len(), half.crowded), (2, true));

        assert_eq!(it.store.index_records(it.here.id, 2).await.unwrap(), 1);
        assert_eq!(it.store.index_records(it.here.id, 2).await.unwrap(), 0);
        let found = look_up(it, it.here.id, &person("p1")).await;
        assert_eq!((ids(&found)[0], found.records.len(), found.crowded), ("p1", 3, false));
        assert_eq!(entries(it).await * 2, whole);

        assert_eq!(it.store.mark_unindexed(it.here.id).await.unwrap(), 3);
        assert_eq!(it.store.index_records(it.here.id, 100).await.unwrap(), 3);
        assert_eq!(entries(it).await * 2, whole);
        assert_eq!(look_up(it, it.here.id, &person("p1")).await, found);
    }
}

on_both_databases! {
    async fn an_import_indexes_what_it_changes_before_a_rebuild_does(it: Fixture) {
        it.database.tamper("update patient set indexed = false, index_keys = null").await;
        it.database.tamper("delete from patient_key").await;
        upsert(it, vec![ImportedPatient { version: version(2), active: false, ..imported("p1") }]).await;
        assert_eq!(it.store.count_unindexed(it.here.id).await.unwrap(), 2);
        assert_eq!(ids(&look_up(it, it.here.id, &person("p1")).await), ["p1"]);
    }
}

on_both_databases! {
    async fn the_migration_goes_back_and_forward_and_says_what_is_to_be_done(it: Fixture) {
        let database = it.database.database();
        let all = database.migration_status().await.unwrap();
        let at = all.iter().position(|migration| migration.name.ends_with("blocking_index")).unwrap();
        database.migrate_down(u32::try_from(all.len() - at).unwrap()).await.unwrap();
        assert_eq!(it.database.count("select count(*) from patient where length(content_hash) = 0").await, 6);
        database.migrate_up(None).await.unwrap();
        let told = database.unindexed().await.unwrap();
        let told: Vec<_> = told.iter().map(|one| (one.organization.as_str(), one.records)).collect();
        assert_eq!(told, [("here", 3), ("there", 3)]);
        for organization in [it.here.id, it.there.id] {
            it.store.index_records(organization, 100).await.unwrap();
        }
        assert!(database.unindexed().await.unwrap().is_empty());
        let identifier = person("p1").identifiers.remove(0);
        let found = it.begin().await.patients_by_identifier(it.here.id, &identifier).await.unwrap();
        assert_eq!(found.len(), 1);
    }
}
