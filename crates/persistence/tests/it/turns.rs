//! Whoever listens hears of it when lookups answer something else of a link: by an act, an import, a merge, a policy,
//! or the clock alone; and hears it once.

use chrono::TimeDelta;
use kinlink_domain::{
    access::Gave,
    actor::Actor,
    client::{Client, ClientStatus},
    id::ClientId,
    link::{Link, LinkRole, Period, Revocation, Suspension},
    organization::Organization,
    patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType},
    policy::Policy,
    proofing::{Assurance, AssuranceLevel, AssuranceOverTime, AssuranceStep, Ial},
    relationship::{ProxyBasis, Relationship},
    service::{
        streams::{self, WantedStream},
        turn::look,
    },
    store::{TurnQueue, Turning},
    stream::{EventType, Outlet},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    links::{add, link},
    patients::{upsert, version},
};

/// Somebody hears of everything at `here`.
async fn listening(it: &Fixture) {
    let now = it.ports.clock.now();
    let id = ClientId::new(now, &*it.ports.random);
    let client = Client {
        id,
        name: "test".into(),
        organizations: vec![it.here.id],
        keys: None,
        status: ClientStatus::Active,
        created_at: now,
    };
    let wanted =
        WantedStream { outlet: Outlet::Poll, events: EventType::SUPPORTED.to_vec(), description: None };
    let mut unit = it.begin().await;
    unit.add_client(&client).await.unwrap();
    streams::create(&mut *unit, &it.ports, Actor::Client(id), id, wanted).await.unwrap();
    unit.save().await.unwrap();
}

/// How often a loss was told, and how often a change, a loss among them.
async fn heard(it: &Fixture) -> (i64, i64) {
    let count = |event: &str| format!("select count(*) from event_delivery where event = '{event}'");
    let (lost, changed) = (count("session_revoked"), count("token_claims_change"));
    (it.database.count(&lost).await, it.database.count(&changed).await)
}

/// What a worker does until there is nothing to do; what came of it.
async fn work(it: &Fixture) -> Vec<&'static str> {
    let mut outcomes = Vec::new();
    loop {
        let now = it.ports.clock.now();
        let taken = it.store.take_turns(now, now + TimeDelta::minutes(2), 50).await.unwrap();
        if taken.is_empty() && it.store.wake_links(now, 2).await.unwrap() == 0 {
            return outcomes;
        }
        for id in taken {
            let mut unit = it.begin().await;
            outcomes.extend(look(&mut *unit, &it.ports, id).await.unwrap());
            unit.save().await.unwrap();
        }
    }
}

async fn update(it: &Fixture, link: &Link) {
    let mut unit = it.begin().await;
    unit.update_link(link).await.unwrap();
    unit.save().await.unwrap();
}

/// The policy of `here` is another from now on.
async fn set(it: &Fixture, change: impl FnOnce(&mut Policy)) -> Organization {
    let mut unit = it.begin().await;
    let mut here = unit.organization(it.here.id).await.unwrap().unwrap();
    change(&mut here.policy);
    unit.update_organization(&here).await.unwrap();
    unit.save().await.unwrap();
    here
}

/// IAL2 for a day, and least after.
fn for_a_day(it: &Fixture) -> AssuranceOverTime {
    let from = it.ports.clock.now() + TimeDelta::days(1);
    let first = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
    AssuranceOverTime::new(first, vec![AssuranceStep { from, assurance: Assurance::LEAST }]).unwrap()
}

fn parent() -> LinkRole {
    LinkRole::Proxy {
        relationship: Relationship::parse("MTH").unwrap(),
        basis: ProxyBasis::ParentalResponsibility,
    }
}

fn born(id: &str, day: &str, number: u32) -> ImportedPatient {
    let mut record = ImportedPatient { version: version(number), ..imported(id) };
    record.demographics.birth_date = Some(day.parse().unwrap());
    record
}

on_both_databases! {
    async fn a_death_an_age_and_a_merge_into_a_dead_record_are_losses(it: Fixture) {
        listening(it).await;
        upsert(it, vec![born("child", "2016-06-01", 1)]).await;
        let (anna, mum, ben) = (it.account("anna").await, it.account("mum").await, it.account("ben").await);
        add(it, &link(it, &anna, "p1").await).await;
        add(it, &Link { role: parent(), ..link(it, &mum, "child").await }).await;
        add(it, &link(it, &ben, "p2").await).await;
        assert_eq!(heard(it).await, (0, 3));
        upsert(it, vec![ImportedPatient { deceased: true, version: version(2), ..imported("p1") }]).await;
        assert_eq!(heard(it).await, (1, 4), "dead");
        upsert(it, vec![born("child", "2010-06-01", 2)]).await;
        assert_eq!(heard(it).await, (1, 5), "narrowed");
        upsert(it, vec![born("child", "2006-06-01", 3)]).await;
        assert_eq!(heard(it).await, (2, 6), "aged out");
        upsert(it, vec![born("child", "2005-06-01", 4)]).await;
        assert_eq!(heard(it).await, (2, 6), "nothing as before");
        let other = FhirId::parse("p1").unwrap();
        let links = vec![RecordLink { other, kind: RecordLinkType::ReplacedBy }];
        upsert(it, vec![ImportedPatient { links, version: version(2), ..imported("p2") }]).await;
        assert_eq!(heard(it).await, (3, 7), "merged into a dead record");
        upsert(it, vec![ImportedPatient { version: version(3), ..imported("p2") }]).await;
        assert_eq!(heard(it).await, (3, 8), "and back");
        assert_eq!(work(it).await, Vec::<&str>::new(), "all was told at once");
    }
}

on_both_databases! {
    async fn what_the_clock_alone_does_is_told_once_by_however_many_workers(it: Fixture) {
        listening(it).await;
        set(it, |policy| policy.minimum_assurance = Ial::Ial2).await;
        upsert(it, vec![born("child", "2014-03-04", 1)]).await;
        let proven = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
        let (anna, kid, dan) = (it.account("anna").await, it.account("kid").await, it.account("dan").await);
        add(it, &Link { assurance: for_a_day(it), ..link(it, &anna, "p1").await }).await;
        add(it, &Link { assurance: proven.into(), ..link(it, &kid, "child").await }).await;
        let dans = Link { assurance: proven.into(), ..link(it, &dan, "p2").await };
        let end = Some(dans.period.start + TimeDelta::days(30));
        add(it, &Link { role: parent(), period: Period { end, ..dans.period }, ..dans }).await;
        // The last one is a parent of somebody who is grown.
        assert_eq!(heard(it).await, (0, 1));
        assert_eq!(work(it).await, Vec::<&str>::new());
        it.clock.advance(TimeDelta::days(1) - TimeDelta::microseconds(1));
        assert_eq!(work(it).await, Vec::<&str>::new(), "not before");
        it.clock.advance(TimeDelta::microseconds(1));
        let (mut one, other, third) = tokio::join!(work(it), work(it), work(it));
        one.extend(other.into_iter().chain(third));
        assert_eq!(one, ["turned"], "evidence ran out");
        assert_eq!(heard(it).await, (1, 2));
        it.clock.advance(TimeDelta::days(2));
        assert_eq!(work(it).await, ["turned"], "the child is old enough");
        assert_eq!(heard(it).await, (1, 3));
        it.clock.advance(TimeDelta::days(400));
        assert_eq!(work(it).await, Vec::<&str>::new());
        assert_eq!(heard(it).await, (1, 3));
    }
}

on_both_databases! {
    async fn a_turn_that_nobody_looked_at_is_told_by_whoever_writes_the_link(it: Fixture) {
        listening(it).await;
        let account = it.account("anna").await;
        let anna = link(it, &account, "p1").await;
        let end = Some(anna.period.start + TimeDelta::days(1));
        let anna = Link { period: Period { end, ..anna.period }, ..anna };
        add(it, &anna).await;
        it.clock.advance(TimeDelta::days(2));
        upsert(it, vec![born("p1", "1984-02-01", 2)]).await;
        assert_eq!(heard(it).await, (1, 2));
        assert_eq!(work(it).await, Vec::<&str>::new(), "it was told");
        let stored = it.begin().await.link(anna.id).await.unwrap().unwrap();
        let now = it.ports.clock.now();
        update(it, &stored.revoke(Actor::Operator, Revocation::StaffError, now).unwrap()).await;
        assert_eq!(heard(it).await, (1, 2), "it was over");
        assert_eq!(it.database.count("select count(*) from link_turn").await, 0);
    }
}

on_both_databases! {
    async fn a_suspension_and_its_end_are_told_by_what_they_change(it: Fixture) {
        listening(it).await;
        let account = it.account("anna").await;
        let anna = link(it, &account, "p1").await;
        add(it, &anna).await;
        let now = it.ports.clock.now();
        let suspended = anna.suspend(Actor::Operator, Suspension::Fraud, now).unwrap();
        update(it, &suspended).await;
        assert_eq!(heard(it).await, (1, 2));
        upsert(it, vec![ImportedPatient { deceased: true, version: version(2), ..imported("p1") }]).await;
        let dead = it.begin().await.link(suspended.id).await.unwrap().unwrap().reinstate(now).unwrap();
        update(it, &dead).await;
        assert_eq!(heard(it).await, (1, 2), "the patient died meanwhile");
        upsert(it, vec![ImportedPatient { version: version(3), ..imported("p1") }]).await;
        assert_eq!(heard(it).await, (1, 3), "a mistake");
    }
}

on_both_databases! {
    async fn a_policy_tells_of_the_links_that_it_opens_and_closes_and_of_no_others(it: Fixture) {
        listening(it).await;
        let proven = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
        for n in 0..5 {
            let account = it.account(&format!("account-{n}")).await;
            add(it, &link(it, &account, "p1").await).await;
        }
        let account = it.account("proven").await;
        add(it, &Link { assurance: proven.into(), ..link(it, &account, "p2").await }).await;
        assert_eq!(heard(it).await, (0, 6));
        set(it, |policy| policy.invitation_attempts = 3).await;
        assert_eq!(work(it).await, Vec::<&str>::new(), "that is nothing to a lookup");
        set(it, |policy| policy.minimum_assurance = Ial::Ial2).await;
        assert_eq!(heard(it).await, (0, 6), "nobody waits for it");
        let (one, other) = tokio::join!(work(it), work(it));
        let turned = one.into_iter().chain(other).filter(|outcome| *outcome == "turned");
        assert_eq!(turned.count(), 5);
        assert_eq!(heard(it).await, (5, 11));
        set(it, |policy| policy.family.self_from_age = 18).await;
        assert!(work(it).await.iter().all(|outcome| *outcome == "nothing"));
        set(it, |policy| policy.minimum_assurance = Ial::Ial1).await;
        work(it).await;
        assert_eq!(heard(it).await, (5, 16));
        assert_eq!(work(it).await, Vec::<&str>::new());
    }
}

on_both_databases! {
    async fn a_link_that_was_written_under_the_policy_before_is_found_by_the_one_in_force(it: Fixture) {
        listening(it).await;
        let account = it.account("anna").await;
        let anna = link(it, &account, "p1").await;
        add(it, &anna).await;
        set(it, |policy| policy.minimum_assurance = Ial::Ial2).await;
        assert_eq!(work(it).await, ["turned"]);
        // Somebody who had read the old policy commits only now.
        let mut unit = it.begin().await;
        let late = it.here.answering().turning(&anna, None, it.ports.clock.now());
        unit.put_turning(&anna, &late).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(work(it).await, ["turned"]);
        assert_eq!(heard(it).await, (2, 3));
    }
}

on_both_databases! {
    async fn what_one_worker_took_others_pass_over_until_its_lease_ends(it: Fixture) {
        let account = it.account("anna").await;
        let anna = Link { assurance: for_a_day(it), ..link(it, &account, "p1").await };
        add(it, &anna).await;
        it.clock.advance(TimeDelta::days(1));
        let now = it.ports.clock.now();
        let take = async |now| it.store.take_turns(now, now + TimeDelta::minutes(2), 50).await.unwrap();
        assert_eq!(take(now).await, [anna.id]);
        assert_eq!(take(now + TimeDelta::seconds(119)).await, []);
        assert_eq!(take(now + TimeDelta::seconds(120)).await, [anna.id], "nobody looked at it");
        let mut unit = it.begin().await;
        assert_eq!(look(&mut *unit, &it.ports, anna.id).await.unwrap(), Some("turned"));
        assert_eq!(look(&mut *unit, &it.ports, anna.id).await.unwrap(), Some("nothing"));
        unit.save().await.unwrap();
        assert_eq!(take(now + TimeDelta::days(100)).await, []);
    }
}

on_both_databases! {
    async fn of_links_from_before_all_is_told_that_comes_and_nothing_that_was(it: Fixture) {
        listening(it).await;
        let (one, other) = (it.account("anna").await, it.account("ben").await);
        let anna = Link { assurance: for_a_day(it), ..link(it, &one, "p1").await };
        add(it, &anna).await;
        let ben = link(it, &other, "p2").await;
        add(it, &ben).await;
        let database = it.database.database();
        let applied = database.migration_status().await.unwrap();
        let back = applied.iter().rev().position(|migration| migration.name.contains("link_turns")).unwrap() + 1;
        database.migrate_down(u32::try_from(back).unwrap()).await.unwrap();
        database.migrate_up(None).await.unwrap();
        let now = it.ports.clock.now();
        let kept = |link: Link| async move { it.begin().await.turning(&link).await.unwrap() };
        let unknown = Turning { gave: Gave::Unknown, answered_by: None, foretold: None, due_at: None };
        assert_eq!(kept(ben.clone()).await, Some(unknown));
        update(it, &ben.revoke(Actor::Operator, Revocation::StaffError, now).unwrap()).await;
        assert_eq!(heard(it).await, (1, 3));
        assert_eq!(work(it).await, ["nothing"]);
        assert_eq!(kept(anna.clone()).await, Some(it.here.answering().turning(&anna, None, now)));
        it.clock.advance(TimeDelta::days(1));
        assert_eq!(work(it).await, ["turned"]);
        assert_eq!(heard(it).await, (1, 4));
    }
}
