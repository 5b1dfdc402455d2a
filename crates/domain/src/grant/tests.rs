use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::{id::Id, port::KeyId};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const PROXY: AccountId = Id::from_uuid(Uuid::from_u128(7));
const PATIENT: Actor = Actor::Account(Id::from_uuid(Uuid::from_u128(8)));

fn offered() -> Grant {
    Grant {
        id: Id::from_uuid(Uuid::nil()),
        organization: Id::from_uuid(Uuid::nil()),
        patient: Id::from_uuid(Uuid::nil()),
        fhir_id: FhirId::parse("p1").unwrap(),
        by: PATIENT,
        relationship: Relationship::parse("SPS").unwrap(),
        basis: ProxyBasis::PatientGrant,
        terms: ProxyTerms {
            profile: "everything".into(),
            permissions: Permissions::everything(),
            until: None,
        },
        contact: None,
        made_at: NOW,
        state: GrantState::Offered(Offer {
            locator: Locator::from_stored("ABCDEF".into()),
            code_hash: KeyedHash { key: KeyId(1), bytes: [0; 32] },
            channel: Channel::Email,
            expires_at: NOW + TimeDelta::days(1),
            failures: 0,
        }),
    }
}

fn link() -> LinkId {
    Id::from_uuid(Uuid::from_u128(9))
}

type Step = (&'static str, fn(Grant, DateTime<Utc>) -> Result<Grant, GrantRefusal>);

const STEPS: [Step; 6] = [
    ("accept", |grant, now| grant.accept(PROXY, link(), now)),
    ("decline", |grant, now| grant.decline(PROXY, now)),
    ("withdraw", |grant, now| grant.withdraw(PATIENT, now)),
    ("fail", |grant, now| grant.fail(5, now)),
    ("end", |grant, now| grant.end(PATIENT, Revocation::PatientEnded, now)),
    ("renew", |grant, now| grant.renew(Some(now), now)),
];

#[test]
fn every_state_takes_the_steps_that_the_table_says_and_no_other() {
    use GrantStatus::{Accepted, Declined, Ended, Expired, Offered, Withdrawn};
    let accepted = offered().accept(PROXY, link(), NOW).unwrap();
    let ended = accepted.clone().end(PATIENT, Revocation::PatientEnded, NOW).unwrap();
    let declined = offered().decline(PROXY, NOW).unwrap();
    let withdrawn = offered().withdraw(PATIENT, NOW).unwrap();
    let day = TimeDelta::days(1);
    for (grant, at, stands, after) in [
        (
            offered(),
            NOW,
            Offered,
            [Some(Accepted), Some(Declined), Some(Withdrawn), Some(Offered), None, None],
        ),
        (offered(), NOW + day, Expired, [None, None, Some(Withdrawn), None, None, None]),
        (accepted, NOW + day, Accepted, [None, None, None, None, Some(Ended), Some(Accepted)]),
        (ended, NOW, Ended, [None; 6]),
        (declined, NOW, Declined, [None; 6]),
        (withdrawn, NOW, Withdrawn, [None; 6]),
    ] {
        assert_eq!(grant.status(at), stands);
        for ((name, step), expected) in STEPS.iter().zip(after) {
            let result = step(grant.clone(), at);
            assert_eq!(result.as_ref().ok().map(|grant| grant.status(at)), expected, "{name} of {stands:?}");
            assert!(result.is_ok() || result == Err(GrantRefusal(stands)), "{name} of {stands:?}");
        }
    }
}

#[test]
fn the_last_wrong_code_ends_the_offer_at_once() {
    let mut grant = offered();
    for _ in 0..4 {
        grant = grant.fail(5, NOW).unwrap();
        assert_eq!(grant.status(NOW), GrantStatus::Offered);
    }
    let grant = grant.fail(5, NOW).unwrap();
    assert_eq!(grant.status(NOW), GrantStatus::Expired);
    assert_eq!(grant.accept(PROXY, link(), NOW), Err(GrantRefusal(GrantStatus::Expired)));
}
