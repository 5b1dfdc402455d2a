use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::{
    access::{AgeException, AgeExceptionKind, PatientFacts},
    actor::Actor,
    evidence::{Document, EvidenceState, Withdrawal},
    id::{AccountId, EvidenceId},
    link::{LinkRole, Period, Revocation, Suspension, tests::active},
    proofing::{AssuranceLevel, AssuranceOverTime, AssuranceStep, Ial},
    relationship::{ProxyBasis, Relationship},
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn staff() -> Actor {
    Actor::Staff(AccountId::from_uuid(Uuid::from_u128(77)))
}

fn mother_of(born: Option<&str>) -> Link {
    let role = LinkRole::Proxy {
        relationship: Relationship::parse("MTH").unwrap(),
        basis: ProxyBasis::ParentalResponsibility,
    };
    let facts =
        PatientFacts { birth_date: born.map(|born| born.parse().unwrap()), ..PatientFacts::default() };
    let period = Period { start: at("2020-01-01T00:00:00Z"), end: None };
    Link { role, period, facts, ..active() }
}

fn passport(state: EvidenceState) -> Evidence {
    let link = active();
    Evidence {
        id: EvidenceId::from_uuid(Uuid::nil()),
        link: link.id,
        organization: link.organization,
        fact: Fact::DocumentSeen { document: Document::Passport, reference: Some("desk 4".into()) },
        established_at: at("2020-01-01T00:00:00Z"),
        by: staff(),
        valid_until: None,
        state,
    }
}

/// All that a listener is told, as a page.
fn told(link: &Link, evidence: &[Evidence], policy: &Policy, now: &str, listener: Listener) -> String {
    let told = Situation { link, evidence, policy, grant: None, at: at(now) }.explain(listener);
    let mut page = format!("{:?}: {}\n", told.status, told.summary);
    for reason in &told.reasons {
        let _ =
            writeln!(page, "  {} {:?}: {}", if reason.holds { '+' } else { '-' }, reason.about, reason.text);
    }
    let _ = writeln!(page, "  gives {:?}, age {:?}", told.gives, told.age.map(|band| (band.from, band.to)));
    for worth in &told.evidence {
        let _ = writeln!(page, "  evidence {} {:?} {:?}", worth.kind, worth.status, worth.alone);
    }
    if let Some(next) = told.next {
        let _ = writeln!(page, "  next {} by {:?}: live {}", next.at, next.cause, next.live);
    }
    page
}

fn situations() -> Vec<(&'static str, Link)> {
    let now = at("2026-03-01T12:00:00Z");
    let child = || mother_of(Some("2016-11-24"));
    let own = Link { role: LinkRole::SelfRole, ..child() };
    let with = |kind| {
        let exception = AgeException { kind, from: now, until: None };
        let link = mother_of(Some("2010-01-01"));
        Link { facts: PatientFacts { exception: Some(exception), ..link.facts }, ..link }
    };
    let died = |link: Link| {
        let facts = PatientFacts { deceased_since: Some(at("2026-02-01T00:00:00Z")), ..link.facts };
        Link { facts, ..link }
    };
    let lowers = AssuranceStep { from: at("2026-04-01T00:00:00Z"), assurance: Assurance::LEAST };
    let strong = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
    let lowering = AssuranceOverTime::new(strong, vec![lowers]).unwrap();
    let over = Period { start: at("2020-01-01T00:00:00Z"), end: Some(now) };
    let coming = Period { start: at("2026-05-01T00:00:00Z"), end: None };
    vec![
        ("a mother of a child", child()),
        ("a mother of a young person", mother_of(Some("2010-01-01"))),
        ("a mother of an adult", mother_of(Some("2000-01-01"))),
        ("a mother of somebody whose age is not known", mother_of(None)),
        ("a child", own),
        ("ended", child().revoke(staff(), Revocation::Safety, now - TimeDelta::days(2)).unwrap()),
        ("suspended", child().suspend(staff(), Suspension::Fraud, now - TimeDelta::days(2)).unwrap()),
        ("over", Link { period: over, ..child() }),
        ("not yet", Link { period: coming, ..child() }),
        ("a record out of use", Link { record_usable: false, ..child() }),
        ("a patient who died", died(child())),
        ("emancipated", with(AgeExceptionKind::Emancipated)),
        ("treated as older", with(AgeExceptionKind::TreatedAs { age: 18 })),
        ("evidence that runs out", Link { assurance: lowering, ..child() }),
    ]
}

#[test]
fn every_situation_is_told_in_plain_words_to_each_who_may_ask() {
    let evidence = [passport(EvidenceState::Valid)];
    let strict = Policy { minimum_assurance: Ial::Ial2, ..Policy::default() };
    let mut page = String::new();
    for (name, link) in situations() {
        for listener in [Listener::Staff, Listener::Account, Listener::Client] {
            let told = told(&link, &evidence, &Policy::default(), "2026-03-01T12:00:00Z", listener);
            let _ = writeln!(page, "# {name}, to {listener:?}\n{told}");
        }
    }
    let told =
        told(&mother_of(Some("2016-11-24")), &evidence, &strict, "2026-03-01T12:00:00Z", Listener::Staff);
    let _ = writeln!(page, "# where more proof is asked for\n{told}");
    insta::assert_snapshot!(page);
}

#[test]
fn nobody_but_staff_hears_why_by_whom_or_when_it_was_ended() {
    let evidence = [passport(EvidenceState::Withdrawn {
        at: at("2026-02-01T00:00:00Z"),
        by: staff(),
        reason: Withdrawal::FoundForged,
    })];
    for (name, link) in situations() {
        for listener in [Listener::Account, Listener::Client] {
            let told = told(&link, &evidence, &Policy::default(), "2026-03-01T12:00:00Z", listener);
            for word in ["safety", "fraud", "staff", "2026-02-27", "exception", "Withdrawn", "cannot decide"]
            {
                assert!(!told.contains(word), "{word} in what {listener:?} hears of {name}: {told}");
            }
        }
        let told = told(&link, &evidence, &Policy::default(), "2026-03-01T12:00:00Z", Listener::Client);
        assert!(!told.contains("patients from") && !told.contains("by Age"), "{told}");
    }
}

#[test]
fn no_birth_date_is_told_to_anybody() {
    for (name, link) in situations() {
        let told = told(&link, &[], &Policy::default(), "2026-03-01T12:00:00Z", Listener::Staff);
        for date in ["2016-11-24", "2010-01-01", "2000-01-01"] {
            assert!(!told.contains(date), "{name}: {told}");
        }
    }
}

#[test]
fn the_answer_changes_exactly_when_it_is_said_to() {
    for (name, link) in situations() {
        let policy = Policy::default();
        let rules = policy.family.rules();
        let mut now = at("2026-03-01T12:00:00Z");
        for _ in 0..8 {
            let told = Situation { link: &link, evidence: &[], policy: &policy, grant: None, at: now }
                .explain(Listener::Staff);
            let Some(next) = told.next else { break };
            let answer = |at| {
                let access = link.access(&rules, policy.minimum_assurance, at);
                (access, link.assurance.at(at))
            };
            assert_eq!(answer(next.at - TimeDelta::microseconds(1)), answer(now), "{name} until {}", next.at);
            assert_ne!(answer(next.at), answer(now), "{name} at {}", next.at);
            now = next.at;
        }
    }
}

#[test]
fn what_was_withdrawn_later_counted_then() {
    let withdrawn = EvidenceState::Withdrawn {
        at: at("2026-02-01T00:00:00Z"),
        by: staff(),
        reason: Withdrawal::FoundForged,
    };
    let evidence = [passport(withdrawn)];
    let status = |now: &str| {
        let link = mother_of(None);
        let policy = Policy::default();
        let told = Situation { link: &link, evidence: &evidence, policy: &policy, grant: None, at: at(now) };
        told.explain(Listener::Staff).evidence.first().map(|worth| worth.status)
    };
    assert_eq!(status("2019-12-31T23:59:59Z"), None);
    assert_eq!(status("2026-01-31T23:59:59Z"), Some(EvidenceStatus::Valid));
    assert_eq!(status("2026-02-01T00:00:00Z"), Some(EvidenceStatus::Withdrawn));
}
