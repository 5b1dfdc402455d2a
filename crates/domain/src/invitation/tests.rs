use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::port::KeyId;

const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(7))
}

fn link() -> LinkId {
    LinkId::from_uuid(Uuid::from_u128(8))
}

fn issued() -> Invitation {
    Invitation {
        id: InvitationId::from_uuid(Uuid::from_u128(1)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(2)),
        patient: PatientId::from_uuid(Uuid::from_u128(3)),
        fhir_id: FhirId::parse("p1").unwrap(),
        role: LinkRole::SelfRole,
        terms: None,
        channel: Channel::InPerson,
        address: AddressValidation::None,
        locator: Locator::from_stored("ABCDEF".into()),
        code_hash: KeyedHash { key: KeyId(1), bytes: [0; 32] },
        challenge: None,
        proof: Vec::new(),
        failures: 0,
        issued_by: Actor::Operator,
        issued_at: START,
        expires_at: START + TimeDelta::days(7),
        replaces: None,
        state: InvitationState::Issued,
    }
}

fn in_status(status: InvitationStatus) -> (Invitation, DateTime<Utc>) {
    let now = START + TimeDelta::hours(1);
    let invitation = issued();
    match status {
        InvitationStatus::Issued => (invitation, now),
        InvitationStatus::Expired => (invitation.clone(), invitation.expires_at),
        InvitationStatus::Redeemed => (invitation.redeem(account(), link(), now).unwrap(), now),
        InvitationStatus::Revoked => {
            (invitation.revoke(Actor::Operator, InvitationRevocation::Lost, now).unwrap(), now)
        }
        InvitationStatus::Locked => {
            (Invitation { state: InvitationState::Locked { at: now }, ..invitation }, now)
        }
    }
}

#[test]
fn every_transition_is_allowed_or_refused_as_the_table_says() {
    use InvitationStatus::{Expired, Issued, Locked, Redeemed, Revoked};
    // status, redeem, fail, revoke
    for (status, redeem, fail, revoke) in [
        (Issued, true, true, true),
        (Redeemed, false, false, false),
        (Revoked, false, false, false),
        (Locked, false, false, true),
        (Expired, false, false, true),
    ] {
        let (invitation, now) = in_status(status);
        assert_eq!(invitation.status(now), status);
        let policy = Policy::default();
        assert_eq!(
            invitation.clone().redeem(account(), link(), now).is_ok(),
            redeem,
            "redeem when {status:?}"
        );
        assert_eq!(invitation.clone().fail(&policy, now).is_ok(), fail, "fail when {status:?}");
        let revoked = invitation.revoke(Actor::Operator, InvitationRevocation::NotNeeded, now);
        assert_eq!(revoked.is_ok(), revoke, "revoke when {status:?}");
    }
}

#[test]
fn the_last_allowed_wrong_try_locks() {
    let policy = Policy { invitation_attempts: 3, ..Policy::default() };
    let mut invitation = issued();
    for expected in [InvitationStatus::Issued, InvitationStatus::Issued, InvitationStatus::Locked] {
        invitation = invitation.fail(&policy, START).unwrap();
        assert_eq!(invitation.status(START), expected);
    }
    assert_eq!(invitation.fail(&policy, START), Err(NotOpen(InvitationStatus::Locked)));
}

#[test]
fn it_expires_at_the_very_microsecond() {
    let invitation = issued();
    let end = invitation.expires_at;
    assert_eq!(invitation.status(end - TimeDelta::microseconds(1)), InvitationStatus::Issued);
    assert_eq!(invitation.status(end), InvitationStatus::Expired);
}

#[derive(Debug, Clone)]
enum Command {
    Redeem,
    Fail,
    Revoke,
    Wait(i64),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Redeem),
        Just(Command::Fail),
        Just(Command::Revoke),
        (0..100_i64).prop_map(Command::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_is_redeemed_at_most_once_and_never_after_its_end(
        commands in prop::collection::vec(command(), 0..40),
    ) {
        let policy = Policy::default();
        let mut invitation = issued();
        let mut now = START;
        let mut redeemed = 0;
        for command in commands {
            let before = invitation.status(now);
            let changed = match command {
                Command::Wait(hours) => {
                    now += TimeDelta::hours(hours);
                    continue;
                }
                Command::Redeem => invitation.clone().redeem(account(), link(), now),
                Command::Fail => invitation.clone().fail(&policy, now),
                Command::Revoke => invitation.clone().revoke(Actor::Operator, InvitationRevocation::Lost, now),
            };
            if let Ok(changed) = changed {
                prop_assert!(!matches!(before, InvitationStatus::Redeemed | InvitationStatus::Revoked));
                if changed.status(now) == InvitationStatus::Redeemed {
                    prop_assert_eq!(before, InvitationStatus::Issued);
                    redeemed += 1;
                }
                invitation = changed;
            }
            prop_assert!(invitation.failures <= policy.invitation_attempts);
        }
        prop_assert!(redeemed <= 1);
    }
}
