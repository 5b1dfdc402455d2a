use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::port::KeyId;

const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn policy() -> ClaimPolicy {
    ClaimPolicy::default()
}

fn hash(fill: u8) -> KeyedHash {
    KeyedHash { key: KeyId(1), bytes: [fill; 32] }
}

fn link() -> LinkId {
    LinkId::from_uuid(Uuid::from_u128(8))
}

fn review() -> ReviewId {
    ReviewId::from_uuid(Uuid::from_u128(9))
}

fn confirmation(expires_at: DateTime<Utc>) -> Confirmation {
    Confirmation {
        patient: PatientId::from_uuid(Uuid::from_u128(3)),
        channel: Channel::Email,
        contact: Some(0),
        sent_at: START,
        expires_at,
        review: None,
    }
}

fn submitted() -> Claim {
    Claim {
        id: ClaimId::from_uuid(Uuid::from_u128(1)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(2)),
        account: AccountId::from_uuid(Uuid::from_u128(7)),
        demographics: Demographics::default(),
        submitted_by: Actor::Account(AccountId::from_uuid(Uuid::from_u128(7))),
        assertion: None,
        submitted_at: START,
        expires_at: START + Claim::lifetime(&policy()),
        failures: 0,
        code_hash: hash(0),
        band: None,
        state: ClaimState::Submitted,
    }
}

const STATUSES: [ClaimStatus; 8] = [
    ClaimStatus::Submitted,
    ClaimStatus::Confirming,
    ClaimStatus::InReview,
    ClaimStatus::Declined,
    ClaimStatus::Linked,
    ClaimStatus::Withdrawn,
    ClaimStatus::Expired,
    ClaimStatus::Locked,
];

fn in_status(status: ClaimStatus) -> (Claim, DateTime<Utc>) {
    let now = START + TimeDelta::hours(1);
    let (claim, policy) = (submitted(), policy());
    let claim = match status {
        ClaimStatus::Submitted => claim,
        ClaimStatus::Confirming => {
            claim.confirm_by(confirmation(now + TimeDelta::hours(24)), hash(1), &policy, now).unwrap()
        }
        ClaimStatus::InReview => claim.send_to_review(review(), &policy, now).unwrap(),
        ClaimStatus::Declined => claim.decline(Actor::System, Decline::NoMatch, &policy, now).unwrap(),
        ClaimStatus::Linked => claim.link(link(), &policy, now).unwrap(),
        ClaimStatus::Withdrawn => claim.withdraw(&policy, now).unwrap(),
        ClaimStatus::Expired => return (claim.clone(), claim.expires_at),
        ClaimStatus::Locked => Claim { failures: policy.attempts, ..claim },
    };
    (claim, now)
}

#[test]
fn every_transition_is_allowed_or_refused_as_the_table_says() {
    use ClaimStatus::{Confirming, Declined, Expired, InReview, Linked, Locked, Submitted, Withdrawn};
    // status, confirm_by, send_to_review, in_review, decline, link, withdraw, fail
    let table = [
        (Submitted, [true, true, false, true, true, true, true]),
        (Confirming, [false, false, false, false, true, true, true]),
        (InReview, [true, false, true, true, false, true, true]),
        (Declined, [false, false, false, false, false, true, true]),
        (Linked, [false; 7]),
        (Withdrawn, [false; 7]),
        (Expired, [false; 7]),
        (Locked, [false; 7]),
    ];
    assert_eq!(table.map(|(status, _)| status), STATUSES);
    for (status, allowed) in table {
        let (claim, now) = in_status(status);
        let policy = policy();
        assert_eq!(claim.status(&policy, now), status);
        let all = || claim.clone();
        let results = [
            all().confirm_by(confirmation(now), hash(2), &policy, now),
            all().send_to_review(review(), &policy, now),
            all().in_review(&policy, now),
            all().decline(Actor::Operator, Decline::Fraud, &policy, now),
            all().link(link(), &policy, now),
            all().withdraw(&policy, now),
            all().fail(&policy, now),
        ];
        for (place, (result, allowed)) in results.into_iter().zip(allowed).enumerate() {
            match result {
                Ok(_) => assert!(allowed, "{status:?}, transition {place}"),
                Err(refusal) => {
                    assert!(!allowed, "{status:?}, transition {place}");
                    assert_eq!(refusal, ClaimRefusal(status));
                }
            }
        }
    }
}

#[test]
fn the_claimant_sees_four_words_and_none_depends_on_what_is_on_record() {
    use ClaimantStatus::{Closed, Linked, Open, Withdrawn};
    let expected = [Open, Open, Open, Open, Linked, Withdrawn, Closed, Closed];
    for (status, seen) in STATUSES.into_iter().zip(expected) {
        let (claim, now) = in_status(status);
        assert_eq!(claim.view(&policy(), now), seen, "{status:?}");
    }
    for status in
        [ClaimStatus::Submitted, ClaimStatus::Confirming, ClaimStatus::InReview, ClaimStatus::Declined]
    {
        let (claim, _) = in_status(status);
        assert_eq!(claim.expires_at, submitted().expires_at, "its end is fixed at submission");
        assert_eq!(claim.view(&policy(), claim.expires_at), Closed);
        let spent = Claim { failures: policy().attempts, ..claim };
        assert_eq!(spent.view(&policy(), START), Closed, "and so does every one close after wrong codes");
    }
}

#[test]
fn a_code_is_valid_until_its_own_end_and_not_beyond_the_claims() {
    let sent =
        |expires_at| submitted().confirm_by(confirmation(expires_at), hash(1), &policy(), START).unwrap();
    let end = START + TimeDelta::hours(24);
    let claim = sent(end);
    assert!(claim.confirmation(end - TimeDelta::microseconds(1)).is_some());
    assert!(claim.confirmation(end).is_none());
    let long = sent(START + TimeDelta::days(400));
    assert!(long.confirmation(long.expires_at).is_none());
    assert!(submitted().confirmation(START).is_none());
}

#[test]
fn only_a_reviewers_reason_is_a_reviewers() {
    assert!(!Decline::NoMatch.allowed_to_reviewers());
    for reason in
        [Decline::NotTheSamePerson, Decline::NotEnoughProof, Decline::Fraud, Decline::LinkedOtherwise]
    {
        assert!(reason.allowed_to_reviewers());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Fail,
    Confirm,
    Review,
    Decline,
    Link,
    Withdraw,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Fail),
        Just(Step::Confirm),
        Just(Step::Review),
        Just(Step::Decline),
        Just(Step::Link),
        Just(Step::Withdraw),
        (0..200_i64).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens: a claim that is over stays over, and what is not over in the claimant's eyes depends on
    /// the clock and the claimant's own wrong codes alone.
    #[test]
    fn what_is_over_stays_over(steps in prop::collection::vec(step(), 0..30)) {
        let (policy, mut now, mut claim) = (policy(), START, submitted());
        let mut over = None;
        for step in steps {
            let before = claim.clone();
            let result = match step {
                Step::Fail => claim.clone().fail(&policy, now),
                Step::Confirm => claim.clone().confirm_by(confirmation(now + TimeDelta::hours(1)), hash(3), &policy, now),
                Step::Review => claim.clone().send_to_review(review(), &policy, now),
                Step::Decline => claim.clone().decline(Actor::System, Decline::NoMatch, &policy, now),
                Step::Link => claim.clone().link(link(), &policy, now),
                Step::Withdraw => claim.clone().withdraw(&policy, now),
                Step::Wait(hours) => {
                    now += TimeDelta::hours(hours);
                    Ok(claim.clone())
                }
            };
            claim = result.unwrap_or(before);
            let seen = claim.view(&policy, now);
            if let Some(over) = over {
                prop_assert_eq!(seen, over);
            } else if seen != ClaimantStatus::Open {
                over = Some(seen);
            }
            if seen == ClaimantStatus::Open {
                prop_assert!(now < claim.expires_at && claim.failures < policy.attempts);
            }
        }
    }
}
