use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::{
    access::Access,
    id::ClientId,
    policy::FamilyPolicy,
    proofing::{Assurance, AssuranceLevel, AssuranceStep, Ial},
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

pub(crate) fn active() -> Link {
    Link {
        id: LinkId::from_uuid(Uuid::from_u128(1)),
        version: 1,
        account: AccountId::from_uuid(Uuid::from_u128(2)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(3)),
        patient: PatientId::from_uuid(Uuid::from_u128(4)),
        fhir_id: FhirId::parse("p1").unwrap(),
        role: LinkRole::SelfRole,
        permissions: Permissions::everything(),
        period: Period { start: NOW, end: None },
        assurance: Assurance { ial: Ial::Ial1, level: AssuranceLevel::Level2 }.into(),
        record_usable: true,
        facts: PatientFacts::default(),
        invitation: None,
        created_at: NOW,
        updated_at: NOW,
        state: LinkState::Active,
    }
}

/// Whether it opens its record for whoever asks for this minimum.
fn is_live(link: &Link, minimum: Ial, now: DateTime<Utc>) -> bool {
    matches!(link.access(&FamilyPolicy::default().rules(), minimum, now), Access::Live(_))
}

#[test]
fn status_is_decided_by_state_period_record_and_time() {
    let hour = TimeDelta::hours(1);
    let until = |end| Link { period: Period { start: NOW, end: Some(end) }, ..active() };
    let from = |start| Link { period: Period { start, end: None }, ..active() };
    let revoked = active().revoke(Actor::Operator, Revocation::Fraud, NOW).unwrap();
    for (link, status) in [
        (active(), LinkStatus::Active),
        (until(NOW + hour), LinkStatus::Active),
        (until(NOW), LinkStatus::Expired),
        (from(NOW + hour), LinkStatus::Pending),
        (Link { record_usable: false, ..active() }, LinkStatus::RecordInactive),
        (Link { record_usable: false, ..revoked.clone() }, LinkStatus::Revoked),
        (revoked, LinkStatus::Revoked),
    ] {
        assert_eq!(link.stored_status(NOW), status);
        assert_eq!(is_live(&link, Ial::Ial1, NOW), status == LinkStatus::Active);
        assert!(!is_live(&link, Ial::Ial2, NOW));
    }
}

/// Each change in each state: the word of the state it leads to, or `None` where it is refused.
#[test]
fn the_table_of_states() {
    use LinkStatus::{Active, Revoked, Suspended};
    let by = Actor::Operator;
    let suspended = active().suspend(by, Suspension::Review, NOW).unwrap();
    let with_grantor = active().suspend(Actor::System, Suspension::Grantor, NOW).unwrap();
    let revoked = active().revoke(by, Revocation::Fraud, NOW).unwrap();
    let after = |link: Link| {
        assert_eq!((link.version, link.updated_at), (3, NOW + TimeDelta::hours(1)));
        link.stored_status(NOW)
    };
    let later = NOW + TimeDelta::hours(1);
    for (link, suspend, reinstate, revoke) in [
        (Link { version: 2, ..active() }, Some(Suspended), None, Some(Revoked)),
        (suspended, None, Some(Active), Some(Revoked)),
        (with_grantor, Some(Suspended), Some(Active), Some(Revoked)),
        (revoked, None, None, None),
    ] {
        let what = format!("{:?}", link.state);
        let did = link.clone().suspend(by, Suspension::Fraud, later).ok().map(after);
        assert_eq!(did, suspend, "suspend {what}");
        assert_eq!(link.can_be_suspended(), suspend.is_some(), "suspend {what}");
        assert_eq!(link.clone().reinstate(later).ok().map(after), reinstate, "reinstate {what}");
        let left = Some((Actor::System, Suspension::Grantor));
        let stays = reinstate.map(|_| Suspended);
        assert_eq!(link.clone().lift(left, later).ok().map(after), stays, "lift {what}");
        assert_eq!(link.revoke(by, Revocation::Fraud, later).ok().map(after), revoke, "revoke {what}");
    }
}

#[test]
fn a_doubt_about_a_link_takes_the_place_of_one_about_its_grantor_and_never_the_other_way() {
    let contact = Actor::Contact(crate::id::MessageId::from_uuid(Uuid::nil()));
    let with_grantor = active().suspend(Actor::System, Suspension::Grantor, NOW).unwrap();
    for (by, reason) in [(contact, Suspension::Disputed), (Actor::Operator, Suspension::Safety)] {
        let own = with_grantor.clone().suspend(by, reason, NOW).unwrap();
        assert_eq!(own.state, LinkState::Suspended { at: NOW, by, reason });
        for (by, reason) in [(Actor::System, Suspension::Grantor), (contact, Suspension::Disputed)] {
            assert_eq!(own.clone().suspend(by, reason, NOW), Err(SuspendRefusal::AlreadySuspended));
        }
    }
    let again = with_grantor.suspend(Actor::System, Suspension::Grantor, NOW);
    assert_eq!(again, Err(SuspendRefusal::AlreadySuspended));
}

#[test]
fn a_suspended_link_opens_nothing_and_says_so_whatever_else_is_true_of_it() {
    let suspended = active().suspend(Actor::Operator, Suspension::Safety, NOW).unwrap();
    assert!(!is_live(&suspended, Ial::Ial1, NOW));
    let over = Link { period: Period { start: NOW, end: Some(NOW) }, record_usable: false, ..suspended };
    assert_eq!(over.stored_status(NOW), LinkStatus::Suspended);
}

#[test]
fn only_a_contact_disputes_and_only_staff_suspend() {
    let contact = Actor::Contact(crate::id::MessageId::from_uuid(Uuid::nil()));
    let staff = Actor::Staff(AccountId::from_uuid(Uuid::nil()));
    let account = Actor::Account(AccountId::from_uuid(Uuid::nil()));
    for reason in Suspension::ALL {
        assert_eq!(reason.allowed_to(contact), reason == Suspension::Disputed);
        let of_staff = !matches!(reason, Suspension::Disputed | Suspension::Grantor);
        assert_eq!(reason.allowed_to(staff), of_staff);
        assert_eq!(reason.allowed_to(Actor::System), reason == Suspension::Grantor);
        assert_eq!(active().suspend(account, reason, NOW), Err(SuspendRefusal::ReasonNotAllowed));
    }
    for reason in Revocation::ALL {
        assert_eq!(active().revoke(contact, reason, NOW), Err(RevokeRefusal::ReasonNotAllowed));
    }
}

#[test]
fn a_link_is_ended_once_and_counts_its_versions() {
    let revoked = active().revoke(Actor::Operator, Revocation::Safety, NOW).unwrap();
    assert_eq!(revoked.version, 2);
    assert_eq!(revoked.revoke(Actor::Operator, Revocation::Safety, NOW), Err(RevokeRefusal::AlreadyRevoked));
}

#[test]
fn each_reason_belongs_to_an_account_to_staff_or_to_kinlink_and_to_nobody_else() {
    let account = Actor::Account(AccountId::from_uuid(Uuid::nil()));
    let staff = Actor::Staff(AccountId::from_uuid(Uuid::nil()));
    let client = Actor::Client(ClientId::from_uuid(Uuid::nil()));
    for reason in Revocation::ALL {
        let allowed = [account, staff, Actor::System].into_iter().filter(|actor| reason.allowed_to(*actor));
        assert_eq!(allowed.count(), 1, "{reason:?}");
        assert!(!reason.allowed_to(client));
        assert_eq!(active().revoke(client, reason, NOW), Err(RevokeRefusal::ReasonNotAllowed));
    }
}

#[test]
fn a_link_is_worth_less_from_the_very_moment_its_evidence_runs_out() {
    let end = NOW + TimeDelta::days(1);
    let strong = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
    let later = vec![AssuranceStep { from: end, assurance: Assurance::LEAST }];
    let link = active().reassess(AssuranceOverTime::new(strong, later).unwrap(), NOW);
    assert_eq!(link.version, 2);
    assert!(is_live(&link, Ial::Ial2, end - TimeDelta::microseconds(1)));
    assert!(!is_live(&link, Ial::Ial2, end));
    assert!(is_live(&link, Ial::Ial1, end), "how little it is worth is for the minimum to decide");
    // Seen from afterwards it is what it was: nothing to write.
    assert_eq!(link.clone().reassess(Assurance::LEAST.into(), end).version, 2);
    assert_eq!(link.change_evidence(Assurance::LEAST.into(), end).version, 3);
}
