use super::*;
use crate::{
    account::Iss,
    proofing::{DocumentRule, FederatedRule, Strength},
};

fn found(policy: &Policy) -> Vec<(String, Violation)> {
    policy.validate().into_iter().map(|finding| (finding.at, finding.violation)).collect()
}

fn rule(iss: &str) -> FederatedRule {
    FederatedRule {
        iss: Iss::parse(iss).unwrap(),
        acr: Some("high".to_owned()),
        trust_framework: None,
        assurance_level: None,
        counts_as: Ial::Ial2,
        valid_days: None,
    }
}

#[test]
fn the_default_is_without_a_finding() {
    assert_eq!(found(&Policy::default()), []);
}

#[test]
fn codes_that_live_too_long_are_found_with_the_limit_of_their_channel() {
    use Violation::{CodeBeyondNist, CodeBeyondOlderRevision, OutOfRange};
    let with = |change: fn(&mut CodeValidity)| {
        let mut policy = Policy::default();
        change(&mut policy.code_validity);
        found(&policy)
    };
    let at = |member: &str, violation| vec![(format!("code_validity.{member}"), violation)];
    for (found, expected) in [
        (with(|v| v.phone_minutes = 10), vec![]),
        (with(|v| v.phone_minutes = 11), at("phone_minutes", CodeBeyondNist { value: 11, most: 10 })),
        (with(|v| v.email_hours = 25), at("email_hours", CodeBeyondNist { value: 25, most: 24 })),
        (
            with(|v| v.post_days = 21),
            at("post_days", CodeBeyondOlderRevision { value: 21, most: 10, newer: 30 }),
        ),
        (with(|v| v.post_days = 31), at("post_days", CodeBeyondNist { value: 31, most: 30 })),
        (with(|v| v.email_hours = 0), at("email_hours", OutOfRange { value: 0, least: 1, most: 24 })),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn what_claims_matching_notices_and_step_up_want_must_make_sense() {
    type Change = (fn(&mut Policy), &'static str, Violation);
    let out = |value, least, most| Violation::OutOfRange { value, least, most };
    let changed: [Change; 8] = [
        (|p| p.claims.valid_days = 0, "claims.valid_days", out(0, 1, 90)),
        (|p| p.claims.attempts = 101, "claims.attempts", out(101, 1, 100)),
        (|p| p.claims.codes_per_record_per_day = 0, "claims.codes_per_record_per_day", out(0, 1, 20)),
        (|p| p.claims.input_weight = 9, "claims.input_weight", Violation::ThinClaims { least: 10 }),
        (|p| p.matching.costs.review = 9.0, "matching.costs", Violation::CostsOutOfOrder),
        (|p| p.notices.dispute_days = 366, "notices.dispute_days", out(366, 1, 365)),
        (|p| p.step_up.minutes = 0, "step_up.minutes", out(0, 1, 1440)),
        (|p| p.step_up.fresh_login_seconds = 7200, "step_up.fresh_login_seconds", out(7200, 0, 3600)),
    ];
    for (change, at, violation) in changed {
        let mut policy = Policy::default();
        change(&mut policy);
        assert_eq!(found(&policy), [(at.to_owned(), violation)]);
    }
}

#[test]
fn attempts_and_permissions_must_make_sense() {
    let policy =
        Policy { invitation_attempts: 101, self_permissions: "".parse().unwrap(), ..Policy::default() };
    let out = Violation::OutOfRange { value: 101, least: 1, most: 100 };
    let expected = [
        ("invitation_attempts".to_owned(), out),
        ("self_permissions".to_owned(), Violation::NothingPermitted),
    ];
    assert_eq!(found(&policy), expected);
}

#[test]
fn proofing_below_the_standard_is_a_warning_that_names_it() {
    let mut policy = Policy::default();
    policy.proofing.code_to_record_and_birth_date_is_ial2 = true;
    policy.proofing.match_and_code_is_ial2 = true;
    policy.proofing.federated_and_match_is_ial2 = true;
    policy.proofing.documents = DocumentRule::Any;
    policy.proofing.document_strength.other_photo_id = Strength::Superior;
    let findings = policy.validate();
    assert_eq!(findings.len(), 5);
    for finding in &findings {
        assert_eq!(finding.violation.severity(), Severity::Warning, "{finding:?}");
    }
    assert_eq!(findings[4].at, "proofing.document_strength.other_photo_id");
}

#[test]
fn federated_rules_must_ask_for_something_and_for_different_things() {
    let mut policy = Policy::default();
    let everything = FederatedRule { acr: None, ..rule("https://a.example") };
    let level = FederatedRule { assurance_level: Some("high".to_owned()), ..rule("https://b.example") };
    let empty = FederatedRule { acr: Some(String::new()), valid_days: Some(0), ..rule("https://c.example") };
    let twice = FederatedRule { counts_as: Ial::Ial1, ..rule("https://d.example") };
    policy.proofing.federated = vec![everything, level, empty, rule("https://d.example"), twice];
    let at = |index: usize, member: &str| format!("proofing.federated[{index}].{member}");
    let expected = [
        (at(0, "iss"), Violation::EveryLoginOfIssuer),
        (at(1, "assurance_level"), Violation::LevelWithoutFramework),
        (at(2, "acr"), Violation::Empty),
        (at(2, "valid_days"), Violation::OutOfRange { value: 0, least: 1, most: 3_650 }),
        (at(4, "iss"), Violation::SameRuleTwice),
    ];
    assert_eq!(found(&policy), expected);
}

#[test]
fn changes_are_told_member_by_member() {
    let old = Policy::default();
    let mut new = Policy { minimum_assurance: Ial::Ial2, ..Policy::default() };
    new.code_validity.post_days = 9;
    new.proofing.federated.push(rule("https://a.example"));
    let changes = old.changes(&new);
    let at: Vec<_> = changes.iter().map(|change| change.at.as_str()).collect();
    assert_eq!(at, ["code_validity.post_days", "minimum_assurance", "proofing.federated"]);
    assert_eq!((&changes[0].from, &changes[0].to), (&10.into(), &9.into()));
    assert_eq!(new.changes(&new), []);
}
