use super::*;
use crate::{
    access::{AgeException, AgeExceptionKind},
    actor::Actor,
    event::LinkEventKind,
    id::OrganizationId,
    link::{Period, Revocation, Suspension, tests::active},
    permission::Permissions,
    policy::Policy,
    proofing::{Assurance, AssuranceLevel, AssuranceOverTime, AssuranceStep},
    relationship::Relationship,
};

const NOW: &str = "2026-03-01T12:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn organization(change: impl FnOnce(&mut Policy)) -> Organization {
    let mut policy = Policy::default();
    change(&mut policy);
    Organization {
        id: OrganizationId::from_uuid(uuid::Uuid::from_u128(3)),
        slug: Slug::parse("here").unwrap(),
        name: "Here".to_owned(),
        fhir_base: FhirBase::parse("https://fhir.here.example/r4").unwrap(),
        policy,
        created_at: at(NOW),
    }
}

fn by_default() -> Answering {
    organization(|_| {}).answering()
}

fn proxy(basis: ProxyBasis) -> LinkRole {
    LinkRole::Proxy { relationship: Relationship::parse("MTH").unwrap(), basis }
}

const PARENT: ProxyBasis = ProxyBasis::ParentalResponsibility;

fn born(role: LinkRole, day: &str) -> Link {
    let facts = PatientFacts { birth_date: Some(day.parse().unwrap()), ..PatientFacts::default() };
    Link { role, facts, ..active() }
}

/// Worth IAL2 until then, and least from then on.
fn lowering(from: &str) -> AssuranceOverTime {
    let first = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
    AssuranceOverTime::new(first, vec![AssuranceStep { from: at(from), assurance: Assurance::LEAST }])
        .unwrap()
}

fn ending(link: Link, end: &str) -> Link {
    Link { period: Period { end: Some(at(end)), ..link.period }, ..link }
}

fn died(link: Link, since: &str) -> Link {
    Link { facts: PatientFacts { deceased_since: Some(at(since)), ..link.facts }, ..link }
}

#[test]
fn whatever_the_clock_changes_is_known_beforehand_for_every_role() {
    let own = || born(LinkRole::SelfRole, "1984-02-28");
    let excepted = |from: &str, until: Option<&str>| {
        let kind = AgeExceptionKind::Incapacity;
        let exception = Some(AgeException { kind, from: at(from), until: until.map(at) });
        let parent = born(proxy(PARENT), "2000-01-01");
        Link { facts: PatientFacts { exception, ..parent.facts }, ..parent }
    };
    for (what, link, next) in [
        ("a grown patient's own", own(), None),
        ("a child's own", born(LinkRole::SelfRole, "2016-06-01"), Some("2028-06-01T00:00:00Z")),
        ("that of a patient who died", died(own(), "2026-02-20T00:00:00Z"), Some("2026-03-22T00:00:00Z")),
        (
            "whose evidence runs out",
            Link { assurance: lowering("2026-07-01T00:00:00Z"), ..own() },
            Some("2026-07-01T00:00:00Z"),
        ),
        ("whose period ends", ending(own(), "2026-08-01T00:00:00Z"), Some("2026-08-01T00:00:00Z")),
        (
            "whose period begins",
            Link { period: Period { start: at("2026-09-01T00:00:00Z"), end: None }, ..own() },
            Some("2026-09-01T00:00:00Z"),
        ),
        ("a parent's of a ten-year-old", born(proxy(PARENT), "2016-06-01"), Some("2028-06-01T00:00:00Z")),
        ("a parent's of a grown child", born(proxy(PARENT), "2000-06-01"), None),
        ("one by the patient's grant, of a child", born(proxy(ProxyBasis::PatientGrant), "2016-06-01"), None),
        (
            "an executor's, before a death that is known",
            died(born(proxy(ProxyBasis::Executor), "1930-01-01"), "2026-04-01T00:00:00Z"),
            Some("2026-04-01T00:00:00Z"),
        ),
        ("an exception that begins", excepted("2026-05-01T00:00:00Z", None), Some("2026-05-01T00:00:00Z")),
        (
            "an exception that ends",
            excepted("2026-01-01T00:00:00Z", Some("2026-06-01T00:00:00Z")),
            Some("2026-06-01T00:00:00Z"),
        ),
    ] {
        let answering = organization(|policy| policy.family.self_days_after_death = 30).answering();
        assert_eq!(answering.next_change(&link, at(NOW)), next.map(at), "{what}");
        let due = answering.turning(&link, None, at(NOW)).due_at;
        assert!(due <= next.map(at) && due.is_some() == next.is_some(), "{what}: looked at by {due:?}");
        let closed = link.suspend(Actor::Operator, Suspension::Fraud, at(NOW)).unwrap();
        assert_eq!(answering.next_change(&closed, at(NOW)), None, "{what}, suspended");
    }
}

#[test]
fn from_one_change_to_the_next_a_lookup_answers_the_same() {
    let answering = organization(|policy| policy.family.self_days_after_death = 30).answering();
    let mut rich = ending(born(proxy(PARENT), "2016-02-29"), "2030-01-01T00:00:00Z");
    rich.assurance = lowering("2029-05-05T00:00:00Z");
    let child = died(born(LinkRole::SelfRole, "2016-02"), "2029-03-03T03:00:00Z");
    for link in [rich, child] {
        let (mut now, end) = (at(NOW), at("2036-01-01T00:00:00Z"));
        let (mut next, mut count) = (answering.next_change(&link, now), 0);
        while now < end {
            let later = now + TimeDelta::hours(5);
            let expected = next.is_some_and(|next| next <= later);
            let changed = answering.gave(&link, later) != answering.gave(&link, now);
            assert_eq!(changed, expected, "between {now} and {later}");
            if expected {
                next = answering.next_change(&link, later);
                count += 1;
            }
            now = later;
        }
        assert!(count >= 2 && next.is_none(), "{count} changes");
    }
}

#[test]
fn only_what_a_proxy_may_do_is_foretold_and_nothing_stands_before_it() {
    let parent = Link {
        assurance: lowering("2027-07-01T00:00:00Z"),
        ..ending(born(proxy(PARENT), "2016-06-01"), "2027-07-20T00:00:00Z")
    };
    let end = (at("2027-07-20T00:00:00Z"), Turn::Ends);
    let answering = by_default();
    assert_eq!(answering.next_change(&parent, at(NOW)), Some(at("2027-07-01T00:00:00Z")));
    assert_eq!(answering.next_turn(&parent, at(NOW)), Some(end), "worth less, it gives the same");
    let notice = at("2027-06-20T00:00:00Z");
    assert_eq!(answering.turning(&parent, None, at(NOW)).due_at, Some(notice));
    assert_eq!(answering.to_foretell(&parent, None, notice - TimeDelta::seconds(1)), None);
    assert_eq!(answering.to_foretell(&parent, None, notice), Some(end));
    assert_eq!(answering.to_foretell(&parent, Some(end.0), notice), None, "once");
    assert_eq!(answering.turning(&parent, Some(end.0), notice).due_at, Some(at("2027-07-01T00:00:00Z")));
    // Where IAL2 is the least, the end of the evidence is the end.
    let strict = organization(|policy| policy.minimum_assurance = Ial::Ial2).answering();
    assert_eq!(strict.next_turn(&parent, at(NOW)), Some((at("2027-07-01T00:00:00Z"), Turn::Ends)));
    let narrows = born(proxy(PARENT), "2016-06-01");
    assert_eq!(answering.next_turn(&narrows, at(NOW)), Some((at("2028-06-01T00:00:00Z"), Turn::Changes)));
    assert_eq!(
        answering.next_turn(&Link { role: LinkRole::SelfRole, ..parent }, at(NOW)),
        None,
        "a patient plans alone"
    );
}

#[test]
fn whatever_a_lookup_answers_counts_as_another_and_nothing_else_does() {
    let (answering, now) = (by_default(), at(NOW));
    let link = || born(proxy(PARENT), "2016-06-01");
    let same = |other: &Link| answering.gave(other, now) == answering.gave(&link(), now);
    assert!(same(&link()));
    assert!(same(&Link { version: 2, updated_at: now, ..link() }));
    assert!(same(&born(proxy(PARENT), "2016-06-02")), "a birth date that changes nothing yet");
    for (what, other) in [
        ("its record", Link { fhir_id: "p2".to_owned().try_into().unwrap(), ..link() }),
        ("its role", born(LinkRole::SelfRole, "1984-06-01")),
        ("its permissions", Link { permissions: "patient/*.rs".parse::<Permissions>().unwrap(), ..link() }),
        ("its end", ending(link(), "2027-01-01T00:00:00Z")),
        ("its worth", Link { assurance: Assurance::LEAST.into(), ..link() }),
        ("the patient's age", born(proxy(PARENT), "2012-06-01")),
    ] {
        assert!(!same(&other), "{what}");
        assert_eq!(
            LinkEventKind::between(answering.gave(&link(), now), answering.gave(&other, now)),
            Some(LinkEventKind::Changed),
            "{what}"
        );
    }
    let moved = Organization {
        fhir_base: FhirBase::parse("https://new.example/r4").unwrap(),
        ..organization(|_| {})
    };
    assert_ne!(moved.answering().gave(&link(), now), answering.gave(&link(), now));
}

#[test]
fn the_kind_is_that_of_the_difference_to_what_was_told() {
    let (answering, now) = (by_default(), at(NOW));
    let gives = answering.gave(&born(proxy(PARENT), "2016-06-01"), now);
    let less = answering.gave(&born(proxy(PARENT), "2012-06-01"), now);
    let aged_out = answering.gave(&born(proxy(PARENT), "2000-06-01"), now);
    let died = answering.gave(&died(born(proxy(PARENT), "2016-06-01"), "2026-02-01T00:00:00Z"), now);
    let ended = active().revoke(Actor::Operator, Revocation::Fraud, now).unwrap();
    let unproven =
        organization(|policy| policy.minimum_assurance = Ial::Ial2).answering().gave(&active(), now);
    for nothing in [aged_out, died, answering.gave(&ended, now), unproven] {
        assert_eq!(nothing, Gave::Nothing);
    }
    for (before, after, kind) in [
        (gives, Gave::Nothing, Some(LinkEventKind::Closed)),
        (Gave::Nothing, gives, Some(LinkEventKind::Opened)),
        (gives, less, Some(LinkEventKind::Changed)),
        (gives, gives, None),
        (Gave::Nothing, Gave::Nothing, None),
        (Gave::Unknown, gives, Some(LinkEventKind::Changed)),
        (Gave::Unknown, Gave::Nothing, Some(LinkEventKind::Closed)),
    ] {
        assert_eq!(LinkEventKind::between(before, after), kind, "{before:?} to {after:?}");
    }
}

#[test]
fn another_policy_is_another_if_a_lookup_or_a_notice_may_differ() {
    let fingerprint = |change: fn(&mut Policy)| organization(change).answering().fingerprint();
    let default = by_default().fingerprint();
    let different: [fn(&mut Policy); 6] = [
        |policy| policy.minimum_assurance = Ial::Ial2,
        |policy| policy.family.self_from_age = 14,
        |policy| policy.family.self_days_after_death = 1,
        |policy| policy.family.notice_days = 14,
        |policy| policy.family.time_zone = "Europe/London".parse().unwrap(),
        |policy| policy.family.ages[1].profile = Some("appointments".to_owned()),
    ];
    for (n, change) in different.into_iter().enumerate() {
        assert_ne!(fingerprint(change), default, "change {n}");
    }
    assert_eq!(fingerprint(|policy| policy.invitation_attempts = 3), default);
    assert_eq!(fingerprint(|policy| policy.family.offer_days = 1), default);
}
