//! What an organization imports reaches its links: merges and their end, deaths, corrected birth dates.

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    actor::Actor,
    id::LinkId,
    link::{Link, LinkRole, LinkState, LinkStatus, Period, Revocation, Suspension},
    patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType},
    policy::FamilyPolicy,
    relationship::{ProxyBasis, Relationship},
    store::LinkReader,
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    links::{add, link},
    patients::{upsert, version},
};

pub(crate) fn replaced(id: &str, by: &str, number: u32) -> ImportedPatient {
    let other = FhirId::parse(by).unwrap();
    let links = vec![RecordLink { other, kind: RecordLinkType::ReplacedBy }];
    ImportedPatient { links, version: version(number), ..imported(id) }
}

pub(crate) fn alone(id: &str, number: u32) -> ImportedPatient {
    ImportedPatient { version: version(number), ..imported(id) }
}

pub(crate) async fn made(it: &Fixture, account: &str, patient: &str) -> LinkId {
    put(it, account, patient, |link| link).await
}

/// The same, but for what is to be different.
async fn put(it: &Fixture, account: &str, patient: &str, other: impl Fn(Link) -> Link) -> LinkId {
    let link = other(link(it, &it.account(account).await, patient).await);
    add(it, &link).await;
    link.id
}

fn as_proxy(link: Link) -> Link {
    let relationship = Relationship::parse("SPS").unwrap();
    Link { role: LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant }, ..link }
}

pub(crate) async fn stored(it: &Fixture, id: LinkId) -> Link {
    it.begin().await.link(id).await.unwrap().unwrap()
}

/// The records that an account opens, by FHIR id.
pub(crate) async fn opens(it: &Fixture, account: &str) -> Vec<String> {
    let account = it.account(account).await.id;
    let (rules, now) = (FamilyPolicy::default().rules(), it.ports.clock.now());
    let links = it.store.answerable_links(account).await.unwrap().into_iter();
    let live = links.filter(|found| found.link.gives(&rules, now).is_ok());
    let mut ids: Vec<_> = live.map(|found| found.link.fhir_id.to_string()).collect();
    ids.sort_unstable();
    ids
}

on_both_databases! {
    async fn a_link_follows_a_merge_in_place_and_comes_back(it: Fixture) {
        let id = made(it, "anna", "p1").await;
        let before = stored(it, id).await;
        let report = upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!((report.links_moved, report.merge_cycles), (1, 0));
        let moved = stored(it, id).await;
        assert_eq!((moved.fhir_id.as_str(), moved.version, moved.record_usable), ("p2", 2, true));
        assert_ne!(moved.patient, before.patient);
        assert_eq!(upsert(it, vec![replaced("p1", "p2", 2)]).await.links_moved, 0);
        assert_eq!(upsert(it, vec![replaced("p1", "p2", 3)]).await.links_moved, 0);
        assert_eq!(upsert(it, vec![alone("p1", 4)]).await.links_moved, 1);
        let back = stored(it, id).await;
        assert_eq!(Link { version: before.version, updated_at: before.updated_at, ..back }, before);
        assert_eq!(it.database.count("select count(*) from displaced_link").await, 0);
        let moves = "select count(*) from audit_entry where action = 'link.move' and actor_type = 'system'";
        assert_eq!(it.database.count(moves).await, 2);
    }
}

on_both_databases! {
    async fn two_links_to_what_is_one_record_are_one_and_two_again_after(it: Fixture) {
        let (one, two) = (made(it, "anna", "p1").await, made(it, "anna", "p2").await);
        made(it, "ben", "p1").await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!((opens(it, "anna").await, opens(it, "ben").await), (vec!["p2".to_owned()], vec!["p2".to_owned()]));
        let merged = stored(it, one).await.state;
        assert!(matches!(merged, LinkState::Revoked { by: Actor::System, reason: Revocation::Merged, .. }));
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((opens(it, "anna").await, opens(it, "ben").await), (vec!["p1".to_owned(), "p2".to_owned()], vec!["p1".to_owned()]));
        // Somebody ends the one that stands: the other does not come back by the end of the merge.
        upsert(it, vec![replaced("p1", "p2", 4)]).await;
        let mut unit = it.begin().await;
        let standing = unit.link_for_update(two).await.unwrap().unwrap();
        let ended = standing.revoke(Actor::Operator, Revocation::Fraud, it.ports.clock.now()).unwrap();
        unit.update_link(&ended).await.unwrap();
        unit.save().await.unwrap();
        upsert(it, vec![alone("p1", 5)]).await;
        assert_eq!(opens(it, "anna").await, Vec::<String>::new());
    }
}

on_both_databases! {
    async fn a_chain_is_followed_and_a_record_that_is_not_there_yet_is_waited_for(it: Fixture) {
        let id = made(it, "anna", "p1").await;
        upsert(it, vec![replaced("p1", "later", 2)]).await;
        assert_eq!(opens(it, "anna").await, Vec::<String>::new(), "until it is there, nothing");
        upsert(it, vec![imported("later")]).await;
        assert_eq!(opens(it, "anna").await, ["later"]);
        upsert(it, vec![replaced("later", "p3", 2)]).await;
        assert_eq!(opens(it, "anna").await, ["p3"]);
        // All in one file, in any order.
        let made = made(it, "ben", "p2").await;
        upsert(it, vec![replaced("x", "y", 1), imported("y"), replaced("p2", "x", 2)]).await;
        assert_eq!(opens(it, "ben").await, ["y"]);
        upsert(it, vec![alone("x", 2)]).await;
        assert_eq!(opens(it, "ben").await, ["x"]);
        assert_eq!((stored(it, id).await.id, stored(it, made).await.id), (id, made));
    }
}

on_both_databases! {
    async fn merges_in_a_circle_are_told_and_open_nothing(it: Fixture) {
        made(it, "anna", "p1").await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        let report = upsert(it, vec![replaced("p2", "p1", 2)]).await;
        assert_eq!(report.merge_cycles, 1, "{report:?}");
        assert_eq!(opens(it, "anna").await, Vec::<String>::new());
        upsert(it, vec![alone("p2", 3)]).await;
        assert_eq!(opens(it, "anna").await, ["p2"]);
    }
}

on_both_databases! {
    async fn the_neighbours_merges_are_its_own(it: Fixture) {
        made(it, "anna", "p1").await;
        let mut unit = it.begin().await;
        let merged = vec![replaced("p1", "p2", 2)];
        unit.upsert_patients(it.there.id, merged, it.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(opens(it, "anna").await, ["p1"]);
    }
}

fn died(id: &str, at: DateTime<Utc>, number: u32) -> ImportedPatient {
    ImportedPatient { deceased: true, deceased_at: Some(at), ..alone(id, number) }
}

on_both_databases! {
    async fn a_death_a_corrected_birth_date_and_the_end_of_a_mistake_reach_links(it: Fixture) {
        let own = made(it, "anna", "p1").await;
        let relationship = Relationship::parse("MTH").unwrap();
        let role = LinkRole::Proxy { relationship, basis: ProxyBasis::ParentalResponsibility };
        let parent = Link { role, ..link(it, &it.account("ben").await, "p1").await };
        add(it, &parent).await;
        let rules = FamilyPolicy::default().rules();
        let now = it.ports.clock.now();
        let status = async |id| stored(it, id).await.status(&rules, now);
        assert_eq!((status(own).await, status(parent.id).await), (LinkStatus::Active, LinkStatus::AgedOut));
        let mut child = alone("p1", 2);
        child.demographics.birth_date = Some("2018-05-01".parse().unwrap());
        upsert(it, vec![child.clone()]).await;
        assert_eq!((status(own).await, status(parent.id).await), (LinkStatus::TooYoung, LinkStatus::Active));
        upsert(it, vec![died("p1", now - TimeDelta::days(1), 3)]).await;
        assert_eq!((status(own).await, status(parent.id).await), (LinkStatus::PatientDeceased, LinkStatus::PatientDeceased));
        upsert(it, vec![ImportedPatient { version: version(4), ..child }]).await;
        assert_eq!((status(own).await, status(parent.id).await), (LinkStatus::TooYoung, LinkStatus::Active));
        assert_eq!(stored(it, parent.id).await.version, 4, "each change is one version");
    }
}

on_both_databases! {
    async fn the_link_that_stands_is_not_over_and_is_the_patients_own(it: Fixture) {
        let start = it.ports.clock.now() - TimeDelta::days(9);
        let over = |link: Link| {
            as_proxy(Link { period: Period { start, end: Some(start + TimeDelta::days(1)) }, ..link })
        };
        put(it, "ben", "p2", over).await;
        put(it, "ben", "p1", as_proxy).await;
        put(it, "anna", "p2", as_proxy).await;
        let own = made(it, "anna", "p1").await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!(opens(it, "ben").await, ["p2"], "not lost behind one that is over");
        assert_eq!(opens(it, "anna").await, ["p2"]);
        assert_eq!(stored(it, own).await.state, LinkState::Active);
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((opens(it, "ben").await, opens(it, "anna").await), (vec!["p1".to_owned()], vec!["p1".to_owned(), "p2".to_owned()]));
        assert_eq!(it.database.count("select count(*) from displaced_link").await, 0);
    }
}

on_both_databases! {
    async fn a_doubt_about_a_link_that_comes_closes_the_one_that_is_there(it: Fixture) {
        let now = it.ports.clock.now();
        let state = LinkState::Suspended { at: now, by: Actor::Operator, reason: Suspension::Safety };
        let doubtful = |link: Link| as_proxy(Link { state, ..link });
        put(it, "ben", "p1", doubtful).await;
        put(it, "ben", "p2", as_proxy).await;
        put(it, "anna", "p1", doubtful).await;
        let own = made(it, "anna", "p2").await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!((opens(it, "ben").await, opens(it, "anna").await), (Vec::new(), Vec::new()));
        assert_eq!(stored(it, own).await.state, state, "the patient's own stands, in the same doubt");
        let why = "select count(*) from audit_entry where action = 'link.suspend' and actor_type = 'system'";
        assert_eq!(it.database.count(why).await, 1);
    }
}
