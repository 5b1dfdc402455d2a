use serde_json::json;

use super::*;
use crate::proofing::{FederatedRule, Ial};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn iss() -> Iss {
    Iss::parse("https://eid.example").unwrap()
}

/// `acr`, `trust_framework`, `assurance_level`, and what they count as.
type Row = (Option<&'static str>, Option<&'static str>, Option<&'static str>, Ial);

fn policy(rules: &[Row]) -> ProofingPolicy {
    let rule = |row: &Row| FederatedRule {
        iss: iss(),
        acr: row.0.map(ToOwned::to_owned),
        trust_framework: row.1.map(ToOwned::to_owned),
        assurance_level: row.2.map(ToOwned::to_owned),
        counts_as: row.3,
        valid_days: Some(30),
    };
    ProofingPolicy { federated: rules.iter().map(rule).collect(), ..ProofingPolicy::default() }
}

fn recognized(claims: &Value, policy: &ProofingPolicy) -> Option<Ial> {
    let born = "1984-02-29".parse().ok();
    let recognized = Asserted::read(iss(), claims).recognized(policy, born, NOW)?;
    policy.federated_rule(&recognized.fact).map(|rule| rule.counts_as)
}

#[test]
fn what_a_token_says_is_held_against_the_rules() {
    let by_acr = policy(&[(Some("high"), None, None, Ial::Ial2)]);
    let by_framework = policy(&[
        (None, Some("eidas"), Some("substantial"), Ial::Ial2),
        (None, Some("eidas"), None, Ial::Ial1),
    ]);
    let by_both = policy(&[(Some("high"), Some("eidas"), None, Ial::Ial2)]);
    let verified = |framework: &str, level: &str| json!({"verification": {"trust_framework": framework, "assurance_level": level}, "claims": {}});
    for (claims, policy, expected) in [
        (json!({"acr": "high"}), &by_acr, Some(Ial::Ial2)),
        (json!({"acr": "High"}), &by_acr, None),
        (json!({"acr": ["high"]}), &by_acr, None),
        (json!({}), &by_acr, None),
        (json!({"verified_claims": verified("eidas", "substantial")}), &by_framework, Some(Ial::Ial2)),
        (json!({"verified_claims": verified("eidas", "low")}), &by_framework, Some(Ial::Ial1)),
        (json!({"verified_claims": verified("de_aml", "substantial")}), &by_framework, None),
        (
            json!({"verified_claims": [verified("eidas", "low"), verified("eidas", "substantial")]}),
            &by_framework,
            Some(Ial::Ial2),
        ),
        (
            json!({"verified_claims": {"verification": {"assurance_level": "substantial"}}}),
            &by_framework,
            None,
        ),
        (json!({"verified_claims": "eidas"}), &by_framework, None),
        (json!({"acr": "high", "verified_claims": verified("eidas", "low")}), &by_both, Some(Ial::Ial2)),
        (json!({"acr": "high"}), &by_both, None),
    ] {
        assert_eq!(recognized(&claims, policy), expected, "{claims}");
    }
}

#[test]
fn another_issuer_says_nothing() {
    let policy = policy(&[(Some("high"), None, None, Ial::Ial2)]);
    let other = Iss::parse("https://eid.example/").unwrap();
    let asserted = Asserted::read(other, &json!({"acr": "high"}));
    assert_eq!(asserted.recognized(&policy, None, NOW), None);
}

#[test]
fn a_verified_birth_date_that_is_not_the_records_speaks_of_another_person() {
    let policy = policy(&[(None, Some("eidas"), None, Ial::Ial2)]);
    let born = |date: &str| {
        json!({"verified_claims": [{
            "verification": {"trust_framework": "eidas"}, "claims": {"birthdate": date}
        }]})
    };
    assert_eq!(recognized(&born("1984-02-29"), &policy), Some(Ial::Ial2));
    assert_eq!(recognized(&born("1984-02-28"), &policy), None);
    assert_eq!(recognized(&born("nonsense"), &policy), Some(Ial::Ial2));
}

#[test]
fn it_counts_for_as_long_as_the_rule_says() {
    let policy = policy(&[(Some("high"), None, None, Ial::Ial2)]);
    let asserted = Asserted::read(iss(), &json!({"acr": "high", "amr": ["hwk", 7]}));
    let recognized = asserted.recognized(&policy, None, NOW).unwrap();
    assert_eq!(recognized.valid_until, Some(NOW + TimeDelta::days(30)));
    assert!(matches!(recognized.fact, Fact::FederatedAssurance { amr, .. } if amr == ["hwk"]));
}

#[test]
fn nothing_that_shows_a_birth_date_is_logged() {
    let claims = json!({"verified_claims": {
        "verification": {"trust_framework": "eidas"}, "claims": {"birthdate": "1984-02-29"}
    }});
    assert!(!format!("{:?}", Asserted::read(iss(), &claims)).contains("1984"));
}
