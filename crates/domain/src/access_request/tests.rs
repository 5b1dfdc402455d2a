use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::id::Id;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn submitted() -> AccessRequest {
    AccessRequest {
        id: Id::from_uuid(Uuid::nil()),
        organization: Id::from_uuid(Uuid::nil()),
        account: Id::from_uuid(Uuid::nil()),
        person: Demographics::default(),
        asker: Demographics::default(),
        relationship: Relationship::parse("MTH").unwrap(),
        submitted_at: NOW,
        expires_at: NOW + TimeDelta::days(30),
        state: RequestState::Submitted,
    }
}

type Step = (&'static str, fn(AccessRequest, DateTime<Utc>) -> Result<AccessRequest, RequestRefusal>);

const STEPS: [Step; 4] = [
    ("wait", |request, now| request.wait_for(Decider::Staff(Vec::new()), now)),
    ("grant", |request, now| request.grant(Actor::Operator, Id::from_uuid(Uuid::nil()), now)),
    ("decline", |request, now| request.decline(Actor::Operator, RequestDecline::Fraud, now)),
    ("withdraw", AccessRequest::withdraw),
];

#[test]
fn every_state_takes_the_steps_that_the_table_says_and_whoever_asked_sees_only_their_own() {
    use RequestStatus::{Declined, Expired, Granted, Pending, Submitted, Withdrawn};
    let pending = submitted().wait_for(Decider::Staff(Vec::new()), NOW).unwrap();
    let granted = pending.clone().grant(Actor::Operator, Id::from_uuid(Uuid::nil()), NOW).unwrap();
    let declined = submitted().decline(Actor::System, RequestDecline::NoMatch, NOW).unwrap();
    let later = NOW + TimeDelta::days(30);
    for (request, at, stands, seen, after) in [
        (
            submitted(),
            NOW,
            Submitted,
            AskerStatus::Open,
            [Some(Pending), None, Some(Declined), Some(Withdrawn)],
        ),
        (
            pending.clone(),
            NOW,
            Pending,
            AskerStatus::Open,
            [None, Some(Granted), Some(Declined), Some(Withdrawn)],
        ),
        (declined.clone(), NOW, Declined, AskerStatus::Open, [None, None, None, Some(Withdrawn)]),
        (submitted().withdraw(NOW).unwrap(), NOW, Withdrawn, AskerStatus::Withdrawn, [None; 4]),
        (granted, later, Granted, AskerStatus::Granted, [None; 4]),
        (submitted(), later, Expired, AskerStatus::Closed, [None; 4]),
        (pending, later, Expired, AskerStatus::Closed, [None; 4]),
        (declined, later, Expired, AskerStatus::Closed, [None; 4]),
    ] {
        assert_eq!((request.status(at), request.view(at)), (stands, seen));
        for ((name, step), expected) in STEPS.iter().zip(after) {
            let result = step(request.clone(), at);
            assert_eq!(result.ok().map(|request| request.status(at)), expected, "{name} of {stands:?}");
        }
    }
}
