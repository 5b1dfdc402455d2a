//! Claims and reviews read back as they were written, in every state, and a claim is taken by one worker at a time.

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    account::AccountKey,
    actor::Actor,
    claim::{Assertion, Claim, ClaimState, Confirmation, Decline, decoy_hash},
    comparison::{Agreement, Band, Candidate, Comparison, Field},
    evidence::{Document, Fact},
    id::{Id, Kind as IdKind},
    invitation::Channel,
    page::Page,
    review::{Approval, Ask, Missing, Review, ReviewReason, ReviewState, ReviewStatus},
    store::{ClaimQueue, UnitOfWork},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

fn id<K: IdKind>(it: &Fixture) -> Id<K> {
    Id::new(it.ports.clock.now(), &*it.ports.random)
}

fn claim(it: &Fixture) -> Claim {
    let (now, id) = (it.ports.clock.now(), id(it));
    Claim {
        id,
        organization: it.here.id,
        account: AccountKey::derive(Fixture::ISS, "someone"),
        demographics: imported("p1").demographics,
        submitted_by: Actor::System,
        assertion: Some(Assertion { amr: vec!["mfa".to_owned()], ..Assertion::default() }),
        submitted_at: now,
        expires_at: now + TimeDelta::days(14),
        failures: 0,
        code_hash: decoy_hash(id, &*it.ports.random, &*it.ports.vault),
        band: None,
        state: ClaimState::Submitted,
    }
}

fn states(it: &Fixture) -> Vec<ClaimState> {
    let at = it.ports.clock.now();
    let code = |contact, review| Confirmation {
        patient: id(it),
        channel: Channel::Email,
        contact,
        sent_at: at,
        expires_at: at + TimeDelta::hours(24),
        review,
    };
    vec![
        ClaimState::Submitted,
        ClaimState::Confirming(code(Some(0), None)),
        ClaimState::Confirming(code(None, Some(id(it)))),
        ClaimState::InReview { review: id(it) },
        ClaimState::Declined { at, by: Actor::System, reason: Decline::NoMatch },
        ClaimState::Linked { at, link: id(it) },
        ClaimState::Withdrawn { at },
    ]
}

on_both_databases! {
    async fn a_claim_reads_back_in_every_state(it: Fixture) {
        let mut claim = claim(it);
        let mut unit = it.begin().await;
        unit.add_claim(&claim).await.unwrap();
        for (failures, state) in (1..).zip(states(it)) {
            let code_hash = decoy_hash(claim.id, &*it.ports.random, &*it.ports.vault);
            claim = Claim { failures, code_hash, band: Some(Band::Review), state, ..claim };
            unit.update_claim(&claim).await.unwrap();
            assert_eq!(unit.claim_for_update(it.here.id, claim.id).await.unwrap().as_ref(), Some(&claim));
            let of_account = unit.claim_of_account_for_update(claim.account, claim.id).await.unwrap();
            assert_eq!(of_account.as_ref(), Some(&claim));
        }
        assert_eq!(unit.claim_by_id(it.there.id, claim.id).await.unwrap(), None, "the neighbour has no such claim");
        let stranger = AccountKey::derive(Fixture::ISS, "stranger");
        assert_eq!(unit.claim_of_account(stranger, claim.id).await.unwrap(), None);
    }
}

on_both_databases! {
    async fn candidates_read_back_best_first(it: Fixture) {
        let claim = claim(it);
        let candidates: Vec<_> = [20.5, -1.25, -6.0]
            .into_iter()
            .map(|weight| {
                let agreement = Agreement { field: Field::Family, level: "exact".to_owned(), weight };
                Candidate { patient: id(it), comparison: Comparison { weight, agreements: vec![agreement] } }
            })
            .collect();
        let mut unit = it.begin().await;
        unit.add_claim(&claim).await.unwrap();
        unit.add_candidates(it.here.id, claim.id, &[]).await.unwrap();
        unit.add_candidates(it.here.id, claim.id, &candidates).await.unwrap();
        assert_eq!(unit.candidates_of_claim(it.here.id, claim.id).await.unwrap(), candidates);
        assert!(unit.candidates_of_claim(it.there.id, claim.id).await.unwrap().is_empty());
    }
}

async fn reviews(unit: &mut dyn UnitOfWork, it: &Fixture, status: ReviewStatus) -> Vec<Review> {
    unit.reviews(it.here.id, Some(status), Page { after: None, limit: 50 }).await.unwrap().items
}

on_both_databases! {
    async fn a_review_reads_back_in_every_state(it: Fixture) {
        let at = it.ports.clock.now();
        let proof = vec![Fact::DocumentSeen { document: Document::Passport, reference: None }];
        let approval = Approval { at, by: Actor::Operator, patient: id(it), proof };
        let mut review = Review {
            id: id(it),
            organization: it.here.id,
            claim: id(it),
            reasons: vec![ReviewReason::Ambiguous, ReviewReason::Crowded],
            opened_at: at,
            asks: Vec::new(),
            state: ReviewState::Open,
        };
        let mut unit = it.begin().await;
        unit.add_review(&review).await.unwrap();
        for state in [
            ReviewState::Open,
            ReviewState::Seconding { first: approval.clone() },
            ReviewState::Approved { approvals: vec![approval.clone(), approval] },
            ReviewState::Declined { at, by: Actor::Operator, reason: Decline::Fraud },
            ReviewState::Moot,
        ] {
            let ask = Ask { at, by: Actor::Operator, missing: vec![Missing::Address], told: true };
            review.asks.push(ask);
            review.state = state;
            unit.update_review(&review).await.unwrap();
            assert_eq!(unit.review_for_update(it.here.id, review.id).await.unwrap().as_ref(), Some(&review));
            assert_eq!(reviews(&mut *unit, it, review.status()).await, [review.clone()]);
        }
        assert_eq!(unit.review(it.there.id, review.id).await.unwrap(), None);
    }
}

async fn take(it: &Fixture, now: DateTime<Utc>) -> usize {
    it.store.take_submitted(now, now + TimeDelta::minutes(2), 10).await.unwrap().len()
}

on_both_databases! {
    async fn a_claim_is_taken_once_and_again_when_the_lease_ends_and_never_when_its_time_is_over(it: Fixture) {
        let claim = claim(it);
        let mut unit = it.begin().await;
        unit.add_claim(&claim).await.unwrap();
        unit.save().await.unwrap();
        let now = it.ports.clock.now();
        assert_eq!(take(it, now - TimeDelta::microseconds(1)).await, 0);
        assert_eq!(take(it, now).await, 1);
        assert_eq!(take(it, now + TimeDelta::minutes(1)).await, 0);
        assert_eq!(take(it, now + TimeDelta::minutes(2)).await, 1);
        assert_eq!(take(it, claim.expires_at).await, 0);
        let mut unit = it.begin().await;
        let state = ClaimState::Withdrawn { at: now };
        unit.update_claim(&Claim { state, ..claim.clone() }).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(take(it, claim.expires_at - TimeDelta::seconds(1)).await, 0);
    }
}

on_both_databases! {
    async fn an_accounts_open_claims_to_a_record_are_found_as_far_as_they_are_known_to_be_about_it(it: Fixture) {
        let now = it.ports.clock.now();
        let fhir_id = kinlink_domain::patient::FhirId::parse("p1").unwrap();
        let record = it.begin().await.patient(it.here.id, &fhir_id).await.unwrap().unwrap().id;
        let mut unit = it.begin().await;
        let states = states(it).into_iter().map(|state| match state {
            ClaimState::Confirming(code) => ClaimState::Confirming(Confirmation { patient: record, ..code }),
            other => other,
        });
        let (mut expected, mut account) = (Vec::new(), None);
        for state in states {
            let claim = Claim { state, ..claim(it) };
            unit.add_claim(&claim).await.unwrap();
            let comparison = Comparison { weight: 1.0, agreements: Vec::new() };
            let best = [Candidate { patient: record, comparison }];
            unit.add_candidates(it.here.id, claim.id, &best).await.unwrap();
            account = Some(claim.account);
            if matches!(claim.state, ClaimState::Confirming(_) | ClaimState::InReview { .. }) {
                expected.push(claim.id);
            }
        }
        let mut found = async |account, patient, now| {
            let found = unit.open_claims_for_update(it.here.id, account, patient, now).await.unwrap();
            let mut ids: Vec<_> = found.into_iter().map(|claim| claim.id).collect();
            ids.sort_unstable();
            ids
        };
        let account = account.unwrap();
        expected.sort_unstable();
        assert_eq!(found(account, record, now).await, expected);
        assert_eq!(found(account, id(it), now).await, []);
        assert_eq!(found(AccountKey::derive(Fixture::ISS, "stranger"), record, now).await, []);
        assert_eq!(found(account, record, now + TimeDelta::days(14)).await, [], "their time is over");
    }
}
