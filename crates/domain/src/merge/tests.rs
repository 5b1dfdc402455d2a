use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    access::PatientFacts,
    actor::Actor,
    link::{Period, Place, tests::active},
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn record(number: u8) -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(number.into()))
}

fn link_to(id: u8, patient: u8) -> Link {
    let id = LinkId::from_uuid(Uuid::from_u128(u128::from(id) + 1_000));
    Link { id, patient: record(patient), ..active() }
}

fn as_proxy(link: Link) -> Link {
    let relationship = Relationship::parse("SPS").unwrap();
    Link { role: LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant }, ..link }
}

fn until(day: i64, link: Link) -> Link {
    Link { period: Period { start: NOW, end: Some(NOW + TimeDelta::days(day)) }, ..link }
}

fn in_doubt(reason: Suspension) -> LinkState {
    LinkState::Suspended { at: NOW, by: Actor::Operator, reason }
}

/// One account's links at an organization, and the merges of its records, as storage keeps them.
#[derive(Debug, Clone, Default)]
struct World {
    links: Vec<Link>,
    displaced: Vec<Displaced>,
    merges: HashMap<u8, u8>,
    /// Days that passed.
    day: i64,
    /// Records that are there.
    imported: Vec<u8>,
}

impl World {
    fn of(links: Vec<Link>, imported: &[u8]) -> Self {
        Self { links, imported: imported.to_vec(), ..Self::default() }
    }

    fn destination(&self, home: PatientId) -> Result<PatientId, Nowhere> {
        destination(home, |at| {
            let from = u8::try_from(at.uuid().as_u128()).unwrap();
            let to = self.merges.get(&from)?;
            let there = self.imported.contains(to);
            Some(if there { Replacement::Record(record(*to)) } else { Replacement::Missing })
        })
    }

    fn merge(&mut self, from: u8, to: u8) {
        self.merges.insert(from, to);
        self.settle();
    }

    fn unmerge(&mut self, from: u8) {
        self.merges.remove(&from);
        self.settle();
    }

    /// Does what the import does with the steps, and checks after each that no record has two unrevoked links.
    fn settle(&mut self) -> usize {
        let now = NOW + TimeDelta::days(self.day);
        let destination = |home| self.destination(home).unwrap_or(home);
        let steps = super::settle(&self.links, &self.displaced, now, destination);
        for step in &steps {
            self.apply(*step);
            let mut open: Vec<_> = self.open().map(|link| link.patient).collect();
            open.sort_unstable();
            let all = open.len();
            open.dedup();
            assert_eq!(open.len(), all, "two open links to one record after {step:?} of {steps:?}");
        }
        steps.len()
    }

    fn apply(&mut self, step: Step) {
        let link = self.links.iter_mut().find(|link| link.id == step.link()).unwrap();
        let known = self.displaced.iter().find(|one| one.link == link.id).copied();
        let home = known.map_or(link.patient, |known| known.home);
        let place = |patient| Place {
            patient,
            fhir_id: FhirId::parse("p").unwrap(),
            usable: true,
            facts: PatientFacts::default(),
        };
        let mut absorbed = None;
        match step {
            Step::Forget { .. } => {
                self.displaced.retain(|one| one.link != step.link());
                return;
            }
            Step::Entrust { by, .. } => {
                absorbed = known.and_then(|k| k.absorbed).map(|a| Absorbed { by, ..a });
            }
            Step::Absorb { by, .. } => {
                absorbed = Some(Absorbed { by, before: link.state });
                *link = link.clone().revoke(Actor::System, Revocation::Merged, NOW).unwrap();
            }
            Step::Suspend { state, .. } => {
                *link = link.clone().stand_as(state, NOW);
                return;
            }
            Step::Move { to, .. } => *link = link.clone().relocate(place(to), NOW),
            Step::Reopen { at, state, .. } => {
                assert!(matches!(link.state, LinkState::Revoked { reason: Revocation::Merged, .. }));
                *link = Link { state, ..link.clone().relocate(place(at), NOW) };
            }
        }
        let (id, at_home) = (link.id, link.patient == home && absorbed.is_none());
        self.displaced.retain(|one| one.link != id);
        if !at_home {
            self.displaced.push(Displaced { link: id, home, absorbed });
        }
    }

    fn open(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| !matches!(link.state, LinkState::Revoked { .. }))
    }

    fn end(&mut self, id: LinkId) {
        let link = self.links.iter_mut().find(|link| link.id == id).unwrap();
        *link = link.clone().revoke(Actor::Operator, Revocation::Fraud, NOW).unwrap();
    }

    /// Which links are open, and where.
    fn shown(&self) -> Vec<(u128, u128)> {
        let shown = |link: &Link| (link.id.uuid().as_u128() - 1_000, link.patient.uuid().as_u128());
        let mut shown: Vec<_> = self.open().map(shown).collect();
        shown.sort_unstable();
        shown
    }
}

#[test]
fn a_merge_moves_a_link_in_place_and_its_end_brings_it_back() {
    let mut world = World::of(vec![link_to(1, 1)], &[1, 2, 3]);
    world.merge(1, 2);
    assert_eq!(world.shown(), [(1, 2)]);
    assert_eq!(world.settle(), 0, "the same import again does nothing");
    world.merge(2, 3);
    assert_eq!(world.shown(), [(1, 3)], "a chain is followed to its end");
    world.unmerge(1);
    assert_eq!(world.shown(), [(1, 1)]);
    world.merge(1, 2);
    world.merge(1, 3);
    assert_eq!(world.shown(), [(1, 3)], "pointing elsewhere");
    assert_eq!(world.links[0].state, LinkState::Active);
}

#[test]
fn of_two_links_to_what_became_one_record_the_one_at_home_stands_and_both_come_back() {
    let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2]);
    world.merge(1, 2);
    assert_eq!(world.shown(), [(2, 2)]);
    assert_eq!(world.settle(), 0);
    world.unmerge(1);
    assert_eq!(world.shown(), [(1, 1), (2, 2)]);
    assert!(world.displaced.is_empty());
}

#[test]
fn the_one_that_stood_leaves_and_another_takes_its_place() {
    let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2, 3]);
    world.merge(1, 3);
    world.merge(2, 3);
    assert_eq!(world.shown(), [(1, 3)], "who is open already stays");
    world.unmerge(1);
    assert_eq!(world.shown(), [(1, 1), (2, 3)]);
    world.unmerge(2);
    assert_eq!(world.shown(), [(1, 1), (2, 2)]);
}

#[test]
fn an_absorbed_link_stays_ended_where_somebody_ended_the_one_that_stood_for_it() {
    let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2, 3]);
    world.merge(1, 2);
    let stands = world.links[1].id;
    world.end(stands);
    world.settle();
    assert_eq!(world.shown(), []);
    world.unmerge(1);
    assert_eq!(world.shown(), [], "nobody gets back by the end of a merge what somebody took");
    // Through two: the one that stood for it was absorbed by another, which somebody ended.
    let mut chain = World::of(vec![link_to(1, 1), link_to(2, 2), link_to(3, 3)], &[1, 2, 3]);
    chain.merge(1, 2);
    chain.merge(2, 3);
    let stands = chain.links[2].id;
    chain.end(stands);
    chain.unmerge(2);
    chain.unmerge(1);
    assert_eq!(chain.shown(), []);
}

#[test]
fn a_doubt_about_the_one_that_stands_is_a_doubt_about_both() {
    for (doubt, inherited) in
        [(Suspension::Fraud, Suspension::Fraud), (Suspension::Disputed, Suspension::Review)]
    {
        let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2]);
        world.merge(1, 2);
        let suspended = LinkState::Suspended { at: NOW, by: Actor::Operator, reason: doubt };
        world.links[1].state = suspended;
        world.unmerge(1);
        assert_eq!(world.links[1].state, suspended);
        let state = world.links[0].state;
        assert!(matches!(state, LinkState::Suspended { reason, .. } if reason == inherited), "{state:?}");
    }
}

#[test]
fn a_record_that_is_not_there_or_a_circle_leads_nowhere_and_links_stay_at_home() {
    let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2]);
    world.merge(1, 9);
    assert_eq!(world.destination(record(1)), Err(Nowhere::Missing));
    assert_eq!(world.shown(), [(1, 1), (2, 2)]);
    world.imported.push(9);
    world.settle();
    assert_eq!(world.shown(), [(1, 9), (2, 2)], "it goes there when the record arrives");
    world.merge(9, 2);
    assert_eq!(world.shown(), [(2, 2)]);
    world.merge(2, 1);
    assert_eq!(world.destination(record(9)), Err(Nowhere::Circle));
    assert_eq!(world.shown(), [(1, 1), (2, 2)]);
}

#[test]
fn links_that_change_places_do_so_one_after_the_other() {
    let mut world = World::of(vec![link_to(1, 1), link_to(2, 2)], &[1, 2, 3, 4]);
    world.merge(1, 3);
    world.merge(2, 4);
    // The hospital had them crossed, and both come right in one import.
    world.merges.extend([(1, 4), (2, 3)]);
    world.settle();
    assert_eq!(world.shown(), [(1, 4), (2, 3)]);
    assert_eq!(world.settle(), 0);
}

#[test]
fn the_one_that_stands_is_not_over_is_the_patients_own_and_lasts_longest() {
    let own = |id, patient| link_to(id, patient);
    let proxy = |id, patient| as_proxy(link_to(id, patient));
    // The link to 1 comes to 2, where the other is at home; which of them stands?
    for (comes, at_home, stands, why) in [
        (proxy(1, 1), until(0, proxy(2, 2)), 1, "one is over"),
        (until(0, proxy(1, 1)), proxy(2, 2), 2, "one is over"),
        (own(1, 1), proxy(2, 2), 1, "the patient's own"),
        (proxy(1, 1), own(2, 2), 2, "the patient's own"),
        (proxy(1, 1), until(9, proxy(2, 2)), 1, "it lasts"),
        (until(3, proxy(1, 1)), until(9, proxy(2, 2)), 2, "it lasts longer"),
        (proxy(1, 1), proxy(2, 2), 2, "at home"),
    ] {
        let mut world = World::of(vec![comes, at_home], &[1, 2]);
        let before = world.links.clone();
        world.merge(1, 2);
        assert_eq!(world.shown(), [(stands, 2)], "{why}: {before:?}");
        assert_eq!(world.settle(), 0);
        world.unmerge(1);
        let states = |links: &[Link]| links.iter().map(|link| (link.patient, link.state)).collect::<Vec<_>>();
        assert_eq!(states(&world.links), states(&before), "all as before");
    }
}

#[test]
fn the_gravest_doubt_about_one_of_them_is_about_the_one_that_stands() {
    use Suspension::{Disputed, Fraud, Grantor, Review, Safety};
    let own = |id: u8, doubt: Option<Suspension>| Link {
        state: doubt.map_or(LinkState::Active, in_doubt),
        ..link_to(id, id)
    };
    let proxy = |id, doubt| as_proxy(own(id, doubt));
    for (comes, at_home, stands, doubt) in [
        (own(1, Some(Disputed)), own(2, None), 1, Some(Disputed)),
        (own(1, None), own(2, Some(Fraud)), 2, Some(Fraud)),
        (own(1, Some(Fraud)), own(2, Some(Review)), 1, Some(Fraud)),
        (proxy(1, Some(Safety)), proxy(2, Some(Grantor)), 1, Some(Safety)),
        // The patient's own stands all the same, in the same doubt; nobody could lift a dispute of another.
        (proxy(1, Some(Safety)), own(2, None), 2, Some(Safety)),
        (proxy(1, Some(Disputed)), own(2, None), 2, Some(Review)),
        (proxy(1, Some(Review)), own(2, Some(Fraud)), 2, Some(Fraud)),
        (proxy(1, Some(Fraud)), own(2, Some(Review)), 2, Some(Fraud)),
        (until(0, proxy(1, Some(Fraud))), proxy(2, None), 2, Some(Fraud)),
        // Who granted the one has nothing to do with the other.
        (proxy(1, Some(Grantor)), proxy(2, None), 2, None),
        (proxy(1, None), proxy(2, Some(Grantor)), 1, None),
        (proxy(1, Some(Grantor)), own(2, None), 2, None),
    ] {
        let mut world = World::of(vec![comes, at_home], &[1, 2]);
        let before = world.links.clone();
        world.merge(1, 2);
        assert_eq!(world.shown(), [(stands, 2)], "{before:?}");
        let open = world.open().next().unwrap();
        let found = match open.state {
            LinkState::Suspended { reason, .. } => Some(reason),
            _ => None,
        };
        assert_eq!(found, doubt, "{before:?}");
        assert_eq!(world.settle(), 0, "once is enough");
    }
}

#[derive(Debug, Clone, Copy)]
enum Command {
    Merge(u8, u8),
    Unmerge(u8),
    End(usize),
    Suspend(usize, Suspension),
    Pass(i64),
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let doubts = prop::sample::select(Suspension::ALL.to_vec());
    let one = prop_oneof![
        8 => (0..6_u8, 0..7_u8).prop_map(|(from, to)| Command::Merge(from, to)),
        4 => (0..6_u8).prop_map(Command::Unmerge),
        2 => (0..6_usize).prop_map(Command::End),
        1 => (0..6_usize, doubts).prop_map(|(n, doubt)| Command::Suspend(n, doubt)),
        1 => (1..4_i64).prop_map(Command::Pass),
    ];
    prop::collection::vec(one, 0..24)
}

/// The patient's own or a proxy's, and the day on which it is over.
fn kinds() -> impl Strategy<Value = Vec<(bool, Option<i64>)>> {
    prop::collection::vec((any::<bool>(), prop::option::of(0..8_i64)), 5)
}

/// What must be true of the links that come to one record, of which one stands.
fn check_groups(world: &World) {
    let now = NOW + TimeDelta::days(world.day);
    let mut groups: BTreeMap<PatientId, Vec<(&Link, LinkState)>> = BTreeMap::new();
    for link in &world.links {
        let known = world.displaced.iter().find(|one| one.link == link.id);
        let home = known.map_or(link.patient, |known| known.home);
        let merged = matches!(link.state, LinkState::Revoked { reason: Revocation::Merged, .. });
        let before =
            known.and_then(|known| known.absorbed).filter(|_| merged).map(|absorbed| absorbed.before);
        if let Some(state) = before.or_else(|| is_open(link).then_some(link.state)) {
            let record = world.destination(home).unwrap_or(home);
            groups.entry(record).or_default().push((link, state));
        }
    }
    for (record, group) in groups {
        let stand: Vec<_> = group.iter().filter(|(link, _)| is_open(link)).collect();
        assert_eq!(stand.len(), 1, "one of them stands: {group:?}");
        let stands = stand[0].0;
        assert_eq!(stands.patient, record);
        let over = |link: &Link| link.period.end.is_some_and(|end| end <= now);
        let lasting: Vec<_> = group.iter().filter(|(link, _)| !over(link)).collect();
        assert!(lasting.is_empty() || !over(stands), "none is lost behind one that is over: {group:?}");
        let own = lasting.iter().any(|(link, _)| link.role == LinkRole::SelfRole);
        assert!(!own || stands.role == LinkRole::SelfRole, "the patient's own stands: {group:?}");
        let doubt = group.iter().any(|(_, state)| inheritable(*state).is_some());
        assert!(!doubt || stands.state != LinkState::Active, "a doubt is about all of them: {group:?}");
    }
}

const fn is_open(link: &Link) -> bool {
    !matches!(link.state, LinkState::Revoked { .. })
}

proptest! {
    /// Six records, five of them with a link, one more that is never imported.
    #[test]
    fn whatever_is_merged_and_taken_back_leaves_the_links_that_nobody_ended(
        kinds in kinds(),
        commands in commands(),
    ) {
        let kind = |n: u8, (own, end): (bool, Option<i64>)| {
            let link = if own { link_to(n, n) } else { as_proxy(link_to(n, n)) };
            end.map_or_else(|| link.clone(), |day| until(day, link.clone()))
        };
        let links: Vec<_> = (0..5).zip(kinds).map(|(n, it)| kind(n, it)).collect();
        let mut world = World::of(links, &[0, 1, 2, 3, 4, 5]);
        let mut ended = false;
        for command in commands {
            let open: Vec<_> = world.open().map(|link| link.id).collect();
            match command {
                Command::Merge(from, to) if from != to => world.merge(from, to),
                Command::Merge(..) => {}
                Command::Unmerge(from) => world.unmerge(from),
                Command::End(n) => {
                    if let Some(id) = open.get(n) {
                        world.end(*id);
                        world.settle();
                        ended = true;
                    }
                }
                Command::Suspend(n, doubt) => {
                    if let Some(id) = open.get(n) {
                        let link = world.links.iter_mut().find(|link| link.id == *id).unwrap();
                        link.state = in_doubt(doubt);
                        world.settle();
                    }
                }
                Command::Pass(days) => {
                    world.day += days;
                    world.settle();
                }
            }
            prop_assert_eq!(world.settle(), 0, "once is enough");
            check_groups(&world);
        }
        world.merges.clear();
        world.settle();
        for link in world.open() {
            prop_assert_eq!(link.patient.uuid().as_u128() + 1_000, link.id.uuid().as_u128(), "all are at home");
        }
        prop_assert!(ended || world.open().count() == 5, "{:?}", world.shown());
        for link in &world.links {
            let merged = matches!(link.state, LinkState::Revoked { reason: Revocation::Merged, .. });
            prop_assert!(!merged || ended, "only for one that somebody ended");
        }
    }
}

#[test]
fn a_link_that_moves_keeps_its_identity_and_takes_what_is_known_at_the_other_record() {
    let exception = crate::access::AgeException {
        kind: crate::access::AgeExceptionKind::Incapacity,
        from: NOW,
        until: None,
    };
    let facts = PatientFacts { exception: Some(exception), ..PatientFacts::default() };
    let born = PatientFacts { birth_date: Some("1984".parse().unwrap()), ..PatientFacts::default() };
    let link = Link { facts, ..link_to(1, 1) };
    let fhir_id = FhirId::parse("other").unwrap();
    let place = Place { patient: record(2), fhir_id: fhir_id.clone(), usable: false, facts: born };
    let moved = link.clone().relocate(place, NOW + TimeDelta::hours(1));
    assert_eq!((moved.id, moved.version, moved.state), (link.id, link.version + 1, link.state));
    assert_eq!((moved.patient, moved.fhir_id, moved.record_usable), (record(2), fhir_id, false));
    assert_eq!(moved.facts, born, "what was recorded there, and nothing of here");
}
