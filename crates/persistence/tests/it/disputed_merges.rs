//! Records are merged, and parted again, while links to them are disputed.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Authorized,
    dispute::{Dispute, DisputeStatus},
    id::{LinkId, PatientId},
    link::{LinkState, Reinstatement, Revocation, Suspension},
    service::{
        dispute::{self, DecideError, Verdict},
        suspend_link::{self, SuspendLinkError},
    },
};
use kinlink_testkit::{Fixture, on_both_databases};

use crate::{
    approvals::{not_me, record},
    merges::{alone, made, opens, replaced, stored},
    patients::upsert,
};

pub(crate) async fn disputes(it: &Fixture, link: LinkId) {
    let mut unit = it.begin().await;
    not_me(&mut *unit, &it.ports, link).await;
    unit.save().await.unwrap();
}

/// The open disputes that staff see beside a link.
pub(crate) async fn open_beside(it: &Fixture, link: LinkId) -> Vec<Dispute> {
    let mut unit = it.begin().await;
    let link = unit.link(link).await.unwrap().unwrap();
    let mut disputes = unit.disputes_of_link(&link).await.unwrap();
    disputes.retain(|dispute| dispute.status() == DisputeStatus::Open);
    disputes
}

pub(crate) async fn decide(
    it: &Fixture,
    dispute: &Dispute,
    verdict: Verdict,
) -> Result<Dispute, DecideError> {
    let mut unit = it.begin().await;
    let by = Authorized::operator(it.here.id);
    let decided = dispute::decide(&mut *unit, &it.ports, by, dispute.id, verdict).await?;
    unit.save().await.unwrap();
    Ok(decided)
}

async fn is_disputed(it: &Fixture, patient: PatientId) -> bool {
    it.begin().await.is_disputed(it.here.id, patient).await.unwrap()
}

pub(crate) const WRONG: Verdict = Verdict::Wrong(Reinstatement::Unfounded);
pub(crate) const RIGHT: Verdict = Verdict::Right(Revocation::WrongPerson);

on_both_databases! {
    async fn a_record_is_disputed_with_what_was_merged_into_it_and_wherever_the_link_is_now(it: Fixture) {
        let (p1, p2, p3) = (record(it, "p1").await, record(it, "p2").await, record(it, "p3").await);
        let link = made(it, "anna", "p1").await;
        disputes(it, link).await;
        upsert(it, vec![replaced("p1", "p2", 2), replaced("p2", "p3", 2)]).await;
        assert!(is_disputed(it, p3).await, "the doubt is about whoever that record is of");
        upsert(it, vec![alone("p2", 3)]).await;
        assert_eq!((is_disputed(it, p2).await, is_disputed(it, p3).await), (true, false));
        let open = open_beside(it, link).await;
        decide(it, &open[0], WRONG).await.unwrap();
        assert!(!is_disputed(it, p2).await);
        // Said of the link while it is at the other record: it takes the doubt back with it.
        disputes(it, link).await;
        upsert(it, vec![alone("p1", 3)]).await;
        assert!(is_disputed(it, p1).await);
    }
}

on_both_databases! {
    async fn an_upheld_dispute_ends_the_link_that_stands_for_the_disputed_one(it: Fixture) {
        let (first, second, third) =
            (made(it, "anna", "p1").await, made(it, "anna", "p2").await, made(it, "anna", "p3").await);
        for link in [first, second, third] {
            disputes(it, link).await;
            it.clock.advance(TimeDelta::milliseconds(1));
        }
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        upsert(it, vec![replaced("p2", "p3", 2)]).await;
        let open = open_beside(it, third).await;
        let about: Vec<_> = open.iter().map(|dispute| dispute.link).collect();
        assert_eq!(about, [third, second, first], "through two merges");
        decide(it, &open[2], RIGHT).await.unwrap();
        let ended = stored(it, third).await.state;
        assert!(matches!(ended, LinkState::Revoked { reason: Revocation::WrongPerson, .. }), "{ended:?}");
        upsert(it, vec![alone("p1", 3), alone("p2", 3)]).await;
        assert_eq!(opens(it, "anna").await, Vec::<String>::new(), "none of them comes back");
        assert!(matches!(stored(it, second).await.state, LinkState::Revoked { .. }));
    }
}

on_both_databases! {
    async fn the_notice_of_an_absorbed_link_closes_the_one_that_stands_and_staff_open_that_again(it: Fixture) {
        let (first, second) = (made(it, "anna", "p1").await, made(it, "anna", "p2").await);
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!(opens(it, "anna").await, ["p2"]);
        disputes(it, first).await;
        assert_eq!(opens(it, "anna").await, Vec::<String>::new());
        let open = open_beside(it, second).await;
        decide(it, &open[0], WRONG).await.unwrap();
        assert_eq!(opens(it, "anna").await, ["p2"]);
    }
}

on_both_databases! {
    async fn a_dispute_of_an_absorbed_link_is_decided_before_staff_lift_what_stands_for_it(it: Fixture) {
        let (first, second) = (made(it, "anna", "p1").await, made(it, "anna", "p2").await);
        disputes(it, first).await;
        it.clock.advance(TimeDelta::milliseconds(1));
        disputes(it, second).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        let open = open_beside(it, second).await;
        assert_eq!(open.iter().map(|dispute| dispute.link).collect::<Vec<_>>(), [second, first]);
        decide(it, &open[0], WRONG).await.unwrap();
        assert_eq!(opens(it, "anna").await, Vec::<String>::new(), "the other doubt is left");
        let mut unit = it.begin().await;
        let by = Authorized::operator(it.here.id);
        let lifted = suspend_link::reinstate(&mut *unit, &it.ports, by, second, Reinstatement::Unfounded).await;
        assert!(matches!(lifted, Err(SuspendLinkError::DisputeOpen)), "{lifted:?}");
        drop(unit);
        decide(it, &open[1], WRONG).await.unwrap();
        assert_eq!(opens(it, "anna").await, ["p2"]);
    }
}

on_both_databases! {
    async fn a_dismissed_dispute_lifts_only_what_it_closed(it: Fixture) {
        let link = made(it, "anna", "p1").await;
        let by = Authorized::operator(it.here.id);
        let mut unit = it.begin().await;
        suspend_link::suspend(&mut *unit, &it.ports, by, link, Suspension::Safety).await.unwrap();
        unit.save().await.unwrap();
        disputes(it, link).await;
        let open = open_beside(it, link).await;
        decide(it, &open[0], WRONG).await.unwrap();
        let state = stored(it, link).await.state;
        assert!(matches!(state, LinkState::Suspended { reason: Suspension::Safety, .. }), "{state:?}");
        assert!(matches!(decide(it, &open[0], RIGHT).await, Err(DecideError::AlreadyDecided(_))));
        let mut unit = it.begin().await;
        suspend_link::reinstate(&mut *unit, &it.ports, by, link, Reinstatement::Unfounded).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(opens(it, "anna").await, ["p1"]);
    }
}
