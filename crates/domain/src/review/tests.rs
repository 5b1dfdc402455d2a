use uuid::Uuid;

use super::*;
use crate::id::AccountId;

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn reviewer(n: u128) -> Actor {
    Actor::Staff(AccountId::from_uuid(Uuid::from_u128(n)))
}

fn approval(by: u128, patient: u128) -> Approval {
    let patient = PatientId::from_uuid(Uuid::from_u128(patient));
    Approval { at: AT, by: reviewer(by), patient, proof: Vec::new() }
}

fn open(reasons: &[ReviewReason]) -> Review {
    Review {
        id: ReviewId::from_uuid(Uuid::from_u128(1)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(2)),
        claim: ClaimId::from_uuid(Uuid::from_u128(3)),
        reasons: reasons.to_vec(),
        opened_at: AT,
        asks: Vec::new(),
        state: ReviewState::Open,
    }
}

fn ask() -> Ask {
    Ask { at: AT, by: reviewer(1), missing: vec![Missing::PhotoId], told: false }
}

fn in_status(status: ReviewStatus) -> Review {
    let review = open(&[ReviewReason::Ambiguous]);
    match status {
        ReviewStatus::Open => review,
        ReviewStatus::Seconding => review.approve(approval(1, 5), true).unwrap(),
        ReviewStatus::Approved => review.approve(approval(1, 5), false).unwrap(),
        ReviewStatus::Declined => review.decline(reviewer(1), Decline::Fraud, AT).unwrap(),
        ReviewStatus::Moot => Review { state: ReviewState::Moot, ..review },
    }
}

#[test]
fn every_transition_is_allowed_or_refused_as_the_table_says() {
    use ReviewStatus::{Approved, Declined, Moot, Open, Seconding};
    for (status, undecided) in
        [(Open, true), (Seconding, true), (Approved, false), (Declined, false), (Moot, false)]
    {
        let review = in_status(status);
        assert_eq!(review.status(), status);
        let closed = ReviewRefusal::Closed(status);
        for result in [
            review.clone().approve(approval(2, 5), true),
            review.clone().decline(reviewer(2), Decline::Fraud, AT),
            review.clone().ask(ask()),
        ] {
            assert_eq!(result.is_ok(), undecided, "{status:?}");
            assert!(undecided || result.is_err_and(|refusal| refusal == closed));
        }
    }
}

#[test]
fn four_eyes_are_two_people_who_agree_about_one_record() {
    let first = open(&[]).approve(approval(1, 5), true).unwrap();
    assert_eq!(first.status(), ReviewStatus::Seconding);
    assert_eq!(first.approvals().len(), 1);
    assert_eq!(first.clone().approve(approval(1, 5), true), Err(ReviewRefusal::SameReviewer));
    assert_eq!(first.clone().approve(approval(2, 6), true), Err(ReviewRefusal::Disagreement));
    let both = first.approve(approval(2, 5), true).unwrap();
    assert_eq!(both.status(), ReviewStatus::Approved);
    assert_eq!(
        both.approvals().iter().map(|approval| approval.by).collect::<Vec<_>>(),
        [reviewer(1), reviewer(2)]
    );
}

#[test]
fn policy_says_by_reasons_where_two_are_needed() {
    let review = open(&[ReviewReason::Crowded, ReviewReason::LinkedToAnother]);
    assert!(review.needs_two(&[ReviewReason::LinkedToAnother]));
    assert!(!review.needs_two(&[ReviewReason::Deceased]));
    assert!(!review.needs_two(&[]));
}

#[test]
fn what_was_asked_is_kept_in_order() {
    let review = open(&[]).ask(ask()).unwrap();
    let later = Ask { missing: vec![Missing::Address], ..ask() };
    let review = review.ask(later.clone()).unwrap();
    assert_eq!(review.asks, [ask(), later]);
    assert_eq!(review.status(), ReviewStatus::Open);
}
