//! A patient or staff agree to a request, beside a dispute of the patient's link and after merges of records.

use std::time::Duration;

use chrono::TimeDelta;
use kinlink_domain::{
    access_request::{AccessRequest, Decider, RequestState},
    actor::Authorized,
    dispute::DisputeToken,
    evidence::{Fact, Paper},
    id::{LinkId, MessageId, PatientId, RequestId},
    link::{Link, LinkState, Suspension},
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::{
        Ports,
        decide_request::{Approval, By, DecideRequestError, StaffApproval, approve, candidates},
        dispute, end_grant,
        offer_grant::{self, OfferGrant},
    },
    store::{Store, UnitOfWork},
};
use kinlink_testkit::{Fixture, imported, on_both_databases};

use crate::{
    merges::{alone, made, opens, replaced, stored},
    patients::upsert,
};

pub(crate) async fn record(it: &Fixture, id: &str) -> PatientId {
    let found = it.begin().await.patient(it.here.id, &FhirId::parse(id).unwrap()).await.unwrap();
    found.unwrap().id
}

/// Ben asks to act for a patient, and this is who has to decide.
async fn asked(it: &Fixture, decider: Decider) -> RequestId {
    let now = it.ports.clock.now();
    let request = AccessRequest {
        id: RequestId::new(now, &*it.ports.random),
        organization: it.here.id,
        account: it.account("ben").await.id,
        person: imported("p1").demographics,
        asker: imported("ben").demographics,
        relationship: Relationship::parse("SPS").unwrap(),
        submitted_at: now,
        expires_at: now + TimeDelta::days(30),
        state: RequestState::Pending(decider),
    };
    let mut unit = it.begin().await;
    unit.add_request(&request).await.unwrap();
    unit.save().await.unwrap();
    request.id
}

/// The unit is still to be saved.
async fn agrees(
    it: &Fixture,
    unit: &mut dyn UnitOfWork,
    by: By,
    request: RequestId,
    staff: Option<StaffApproval>,
) -> Result<Link, DecideRequestError> {
    let approval = Approval { profile: "everything", until: None, staff };
    approve(unit, &it.ports, &it.here, by, request, approval).await.map(|(_, _, link)| link)
}

/// What a contact on record does who reads of this link.
pub(crate) async fn not_me(unit: &mut dyn UnitOfWork, ports: &Ports, link: LinkId) {
    let now = ports.clock.now();
    let message = MessageId::new(now, &*ports.random);
    let token = DisputeToken { link, message, expires_at: now + TimeDelta::days(1) }.write(&*ports.vault);
    dispute::open(unit, ports, &token, "192.0.2.1").await.unwrap();
}

fn closed_for(link: &Link) -> Option<Suspension> {
    match link.state {
        LinkState::Suspended { reason, .. } => Some(reason),
        LinkState::Active | LinkState::Revoked { .. } => None,
    }
}

on_both_databases! {
    async fn what_an_account_grants_while_its_link_is_disputed_is_closed_with_it(it: Fixture) {
        let anna = made(it, "anna", "p1").await;
        let request = asked(it, Decider::Patient(record(it, "p1").await)).await;
        let by = By::Patient(it.account("anna").await.id);
        let mut unit = it.begin().await;
        let granted = agrees(it, &mut *unit, by, request, None).await.unwrap();
        let (store, ports) = (it.store.clone(), it.ports.clone());
        let dispute = tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            not_me(&mut *unit, &ports, anna).await;
            unit.save().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        unit.save().await.unwrap();
        dispute.await.unwrap();
        assert_eq!(closed_for(&stored(it, anna).await), Some(Suspension::Disputed));
        assert_eq!(closed_for(&stored(it, granted.id).await), Some(Suspension::Grantor));
    }
}

on_both_databases! {
    async fn an_account_whose_link_is_being_disputed_grants_nothing(it: Fixture) {
        let anna = made(it, "anna", "p1").await;
        let request = asked(it, Decider::Patient(record(it, "p1").await)).await;
        let by = By::Patient(it.account("anna").await.id);
        let mut dispute = it.begin().await;
        not_me(&mut *dispute, &it.ports, anna).await;
        let (store, ports, here) = (it.store.clone(), it.ports.clone(), it.here.clone());
        let approval = tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let approval = Approval { profile: "everything", until: None, staff: None };
            let done = approve(&mut *unit, &ports, &here, by, request, approval).await;
            unit.save().await.unwrap();
            done.map(|(_, _, link)| link.id)
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        dispute.save().await.unwrap();
        let done = approval.await.unwrap();
        assert!(matches!(done, Err(DecideRequestError::NotFound)), "{done:?}");
        assert_eq!(opens(it, "ben").await, Vec::<String>::new());
    }
}

on_both_databases! {
    async fn a_request_goes_with_its_record_to_the_patient_of_the_one_that_is_left_and_back(it: Fixture) {
        made(it, "anna", "p1").await;
        made(it, "carla", "p2").await;
        let (p1, p2) = (record(it, "p1").await, record(it, "p2").await);
        let request = asked(it, Decider::Patient(p1)).await;
        let now = it.ports.clock.now();
        let waiting = async |patient| {
            let found = it.begin().await.requests_to_patient(it.here.id, patient, now).await.unwrap();
            found.into_iter().map(|request| request.id).collect::<Vec<_>>()
        };
        assert_eq!((waiting(p1).await, waiting(p2).await), (vec![request], vec![]));
        let carla = By::Patient(it.account("carla").await.id);
        let early = agrees(it, &mut *it.begin().await, carla, request, None).await;
        assert!(matches!(early, Err(DecideRequestError::NotFound)), "it is not hers yet: {early:?}");
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!(waiting(p2).await, [request]);
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((waiting(p1).await, waiting(p2).await), (vec![request], vec![]));
        upsert(it, vec![replaced("p1", "p3", 4)]).await;
        let anna = By::Patient(it.account("anna").await.id);
        let mut unit = it.begin().await;
        let link = agrees(it, &mut *unit, anna, request, None).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(link.fhir_id.as_str(), "p3");
        assert_eq!(opens(it, "ben").await, ["p3"]);
        assert_eq!(waiting(record(it, "p3").await).await, []);
    }
}

on_both_databases! {
    async fn staff_agree_to_a_request_for_what_a_candidate_has_become(it: Fixture) {
        let (p1, p2, p3) = (record(it, "p1").await, record(it, "p2").await, record(it, "p3").await);
        let request = asked(it, Decider::Staff(vec![p1, p2])).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        let mut unit = it.begin().await;
        let stored = unit.request(it.here.id, request).await.unwrap().unwrap();
        let shown = candidates::candidates(&mut *unit, &stored).await.unwrap();
        assert_eq!(shown.iter().map(|record| record.id).collect::<Vec<_>>(), [p2], "one record is shown once");
        let paper = Fact::RelationshipSeen { paper: Paper::BirthCertificate, reference: None, valid_until: None };
        let said = |patient| StaffApproval {
            patient,
            basis: ProxyBasis::PatientGrant,
            relationship: None,
            proof: vec![paper.clone()],
        };
        let by = By::Staff(Authorized::operator(it.here.id));
        let other = agrees(it, &mut *unit, by, request, Some(said(p3))).await;
        assert!(matches!(other, Err(DecideRequestError::NotACandidate)), "{other:?}");
        // Named as it was when the page was opened.
        let link = agrees(it, &mut *unit, by, request, Some(said(p1))).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!((link.patient, opens(it, "ben").await), (p2, vec!["p2".to_owned()]));
    }
}

on_both_databases! {
    async fn an_offer_made_at_a_record_that_was_merged_away_is_found_at_the_one_that_is_left(it: Fixture) {
        let link = made(it, "anna", "p1").await;
        // Hers at the other record absorbs the one that she offered by, and the offer stays where it was made.
        made(it, "anna", "p2").await;
        let (account, p2) = (it.account("anna").await.id, record(it, "p2").await);
        let mut unit = it.begin().await;
        let relationship = Relationship::parse("SPS").unwrap();
        let offer = OfferGrant { account, link, relationship, profile: "everything", until: None, email: None };
        let offered = offer_grant::offer(&mut *unit, &it.ports, offer).await.unwrap();
        unit.save().await.unwrap();
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        let at_p2 = it.begin().await.grants_to_patient(it.here.id, p2).await.unwrap();
        assert_eq!(at_p2.iter().map(|grant| grant.id).collect::<Vec<_>>(), [offered.grant.id]);
        let mut unit = it.begin().await;
        let withdrawn = end_grant::withdraw(&mut *unit, &it.ports, account, offered.grant.id).await;
        assert!(withdrawn.is_ok(), "{withdrawn:?}");
        drop(unit);
        upsert(it, vec![alone("p1", 3)]).await;
        let at_p2 = it.begin().await.grants_to_patient(it.here.id, p2).await.unwrap();
        assert_eq!(at_p2, []);
    }
}
