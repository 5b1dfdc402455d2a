use chrono::TimeDelta;
use uuid::Uuid;

use super::*;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn evidence(valid_until: Option<DateTime<Utc>>) -> Evidence {
    Evidence {
        id: EvidenceId::from_uuid(Uuid::nil()),
        link: LinkId::from_uuid(Uuid::nil()),
        organization: OrganizationId::from_uuid(Uuid::nil()),
        fact: Fact::BirthDateConfirmed,
        established_at: NOW,
        by: Actor::System,
        valid_until,
        state: EvidenceState::Valid,
    }
}

#[test]
fn evidence_ends_with_its_moment_and_a_withdrawal_stands_over_the_clock() {
    let hour = TimeDelta::hours(1);
    let withdrawn = evidence(None).withdraw(Actor::Operator, Withdrawal::FoundForged, NOW).unwrap();
    let both = evidence(Some(NOW)).withdraw(Actor::Operator, Withdrawal::WrongPerson, NOW).unwrap();
    for (evidence, status) in [
        (evidence(None), EvidenceStatus::Valid),
        (evidence(Some(NOW + hour)), EvidenceStatus::Valid),
        (evidence(Some(NOW)), EvidenceStatus::Expired),
        (withdrawn, EvidenceStatus::Withdrawn),
        (both, EvidenceStatus::Withdrawn),
    ] {
        assert_eq!(evidence.status(NOW), status);
    }
}

#[test]
fn evidence_is_withdrawn_once() {
    for reason in Withdrawal::ALL {
        let withdrawn = evidence(None).withdraw(Actor::Operator, reason, NOW).unwrap();
        assert_eq!(withdrawn.withdraw(Actor::Operator, reason, NOW), Err(AlreadyWithdrawn));
    }
}

#[test]
fn words_are_the_same_in_storage_json_and_code() {
    for document in Document::ALL {
        assert_eq!(serde_json::to_value(document).unwrap(), document.as_str());
    }
    let claim = ClaimId::from_uuid(Uuid::nil());
    for fact in [
        Fact::CodeRedeemed {
            invitation: InvitationId::from_uuid(Uuid::nil()),
            channel: Channel::Post,
            address: AddressValidation::None,
        },
        Fact::BirthDateConfirmed,
        Fact::DocumentSeen { document: Document::Passport, reference: None },
        Fact::DemographicMatch { claim, weight: 17.25, band: Band::Certain },
        Fact::ContactConfirmed { claim, channel: Channel::Email },
        Fact::FederatedAssurance {
            iss: Iss::parse("https://eid.example").unwrap(),
            acr: Some("high".to_owned()),
            amr: vec!["hwk".to_owned()],
            trust_framework: None,
            assurance_level: None,
        },
    ] {
        let stored = serde_json::to_value(&fact).unwrap();
        assert_eq!(stored["type"], fact.kind());
        assert_eq!(serde_json::from_value::<Fact>(stored).unwrap(), fact);
    }
}
