//! What is given, kept out and recorded while two strangers' records are merged by mistake, and what is left of it
//! when the mistake is mended.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::{AgeException, AgeExceptionKind, PatientFacts},
    account::Account,
    actor::Authorized,
    bar::AboutBar,
    evidence::{Fact, Paper},
    grant::{Grant, GrantStatus},
    id::LinkId,
    invitation::Channel,
    link::{Link, LinkRole, LinkState, Revocation, Suspension},
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::{
        accept_grant::{self, UseOffer, Used},
        age_exception::{self, NewException},
        bar::{self, RecordBar},
        issue_invitation::{EmailTarget, IssueInvitation, PatientReference, issue},
        offer_grant::{self, OfferGrant},
        redeem::{RedeemRefusal, Redeemed},
        suspend_link,
    },
};
use kinlink_testkit::{Fixture, on_both_databases};

use crate::{
    links::{add, link},
    merges::{alone, opens, replaced, stored},
    patients::upsert,
    redeem::{code_for, try_code},
};

fn staff(it: &Fixture) -> Authorized {
    Authorized::operator(it.here.id)
}

fn named(id: &str) -> PatientReference {
    PatientReference::FhirId(FhirId::parse(id).unwrap())
}

fn made(outcome: Redeemed) -> Link {
    match outcome {
        Redeemed::Created(link) => link,
        other => panic!("expected a new link, got {other:?}"),
    }
}

/// A letter for a parent, whose papers hold until then.
pub(crate) async fn parents_code(it: &Fixture, patient: &str, valid_until: Option<DateTime<Utc>>) -> String {
    let paper = Paper::BirthCertificate;
    let request = IssueInvitation {
        patient: named(patient),
        role: LinkRole::Proxy {
            relationship: Relationship::parse("MTH").unwrap(),
            basis: ProxyBasis::ParentalResponsibility,
        },
        profile: Some("everything".into()),
        until: None,
        channel: Channel::InPerson,
        email: EmailTarget::OnRecord,
        send: false,
        challenge: None,
        proof: vec![Fact::RelationshipSeen { paper, reference: None, valid_until }],
    };
    let mut unit = it.begin().await;
    let issued = issue(&mut *unit, &it.ports, &it.here, staff(it), request).await.unwrap();
    unit.save().await.unwrap();
    issued.code.unwrap().to_string()
}

async fn offered(it: &Fixture, by: &Account, link: LinkId) -> String {
    let mut unit = it.begin().await;
    let request = OfferGrant {
        account: by.id,
        link,
        relationship: Relationship::parse("SPS").unwrap(),
        profile: "everything",
        until: None,
        email: None,
    };
    let offered = offer_grant::offer(&mut *unit, &it.ports, request).await.unwrap();
    unit.save().await.unwrap();
    offered.code.unwrap().to_string()
}

async fn accepted(it: &Fixture, name: &str, code: &str) -> Link {
    let account = it.account(name).await;
    let mut unit = it.begin().await;
    let request = UseOffer { account: &account, code, asserted: None, address: "192.0.2.1" };
    let used = accept_grant::accept(&mut *unit, &it.ports, &request).await.unwrap();
    unit.save().await.unwrap();
    match used {
        Used::Done((_, link)) => link,
        Used::Refused(refusal) => panic!("{name}: {refusal}"),
    }
}

async fn grant_of(it: &Fixture, link: LinkId) -> Grant {
    it.begin().await.grant_of_link(it.here.id, link).await.unwrap().unwrap()
}

/// Adds a link as a proxy, with no grant behind it.
async fn proxy(it: &Fixture, name: &str, patient: &str, basis: ProxyBasis) -> LinkId {
    let relationship = Relationship::parse("MTH").unwrap();
    let own = link(it, &it.account(name).await, patient).await;
    let proxy = Link { role: LinkRole::Proxy { relationship, basis }, ..own };
    add(it, &proxy).await;
    proxy.id
}

async fn barred(it: &Fixture, name: &str, patient: &str) -> Option<Link> {
    let account = it.account(name).await.id;
    let about = AboutBar { person: "somebody".into(), reference: "1".into() };
    let request = RecordBar { patient: named(patient), account: Some(account), about, until: None };
    let mut unit = it.begin().await;
    let recorded = bar::record(&mut *unit, &it.ports, &it.here, staff(it), request).await;
    let (_, ended) = recorded.unwrap();
    unit.save().await.unwrap();
    ended
}

async fn except(it: &Fixture, patient: &str, kind: Option<AgeExceptionKind>) {
    let (ports, here, by) = (&it.ports, &it.here, staff(it));
    let mut unit = it.begin().await;
    match kind {
        Some(kind) => {
            let exception = AgeException { kind, from: ports.clock.now(), until: None };
            let new = NewException { exception, reason: "as told".into(), reference: "1".into() };
            age_exception::record(&mut *unit, ports, here, by, named(patient), new).await.unwrap();
        }
        None => {
            age_exception::end(&mut *unit, ports, here, by, named(patient)).await.unwrap();
        }
    }
    unit.save().await.unwrap();
}

async fn recorded(it: &Fixture, patient: &str) -> Option<AgeExceptionKind> {
    let id = FhirId::parse(patient).unwrap();
    let record = it.begin().await.patient(it.here.id, &id).await.unwrap().unwrap();
    record.facts().exception.map(|exception| exception.kind)
}

async fn kind(it: &Fixture, link: LinkId) -> Option<AgeExceptionKind> {
    stored(it, link).await.facts.exception.map(|exception| exception.kind)
}

on_both_databases! {
    async fn a_link_that_is_made_while_records_are_merged_goes_home_with_those_before_it(it: Fixture) {
        let anna = it.account("anna").await;
        let own = made(try_code(it, "anna", &code_for(it, "p1", None).await, None).await).id;
        let letter = code_for(it, "p1", None).await;
        let parents = parents_code(it, "p1", None).await;
        let before = offered(it, &anna, own).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        let during = offered(it, &anna, own).await;
        made(try_code(it, "second", &letter, None).await);
        let parent = made(try_code(it, "mother", &parents, None).await).id;
        let (ben, carla) = (accepted(it, "ben", &before).await.id, accepted(it, "carla", &during).await.id);
        assert_eq!(grant_of(it, parent).await.fhir_id.as_str(), "p2", "the one that is left");
        for name in ["anna", "second", "ben", "carla"] {
            assert_eq!(opens(it, name).await, ["p2"], "{name}");
        }
        upsert(it, vec![alone("p1", 3)]).await;
        for name in ["anna", "second", "ben", "carla"] {
            assert_eq!(opens(it, name).await, ["p1"], "{name} does not stay at a stranger's");
        }
        let at_home = stored(it, own).await.patient;
        for link in [parent, ben, carla] {
            let grant = grant_of(it, link).await;
            assert_eq!((grant.patient, grant.fhir_id.as_str()), (at_home, "p1"));
        }
        assert_eq!(it.database.count("select count(*) from displaced_link").await, 0);
        let mut unit = it.begin().await;
        suspend_link::suspend(&mut *unit, &it.ports, staff(it), own, Suspension::Fraud).await.unwrap();
        unit.save().await.unwrap();
        for name in ["ben", "carla"] {
            assert_eq!(opens(it, name).await, [""; 0], "a doubt about whoever granted reaches {name}");
        }
    }
}

on_both_databases! {
    async fn the_one_who_came_first_at_the_other_record_stays_there(it: Fixture) {
        let own = made(try_code(it, "anna", &code_for(it, "p1", None).await, None).await).id;
        let other = made(try_code(it, "paula", &code_for(it, "p2", None).await, None).await).id;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        for (granting, link, proxy) in [("anna", own, "ben"), ("paula", other, "carla")] {
            let code = offered(it, &it.account(granting).await, link).await;
            accepted(it, proxy, &code).await;
        }
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((opens(it, "ben").await, opens(it, "carla").await), (vec!["p1".to_owned()], vec!["p2".to_owned()]));
    }
}

on_both_databases! {
    async fn a_bar_that_comes_with_a_record_ends_what_is_there_and_what_was_passed_on(it: Fixture) {
        let mut here = it.here.clone();
        here.policy.family.proxies_may_grant = true;
        let mut unit = it.begin().await;
        unit.update_organization(&here).await.unwrap();
        unit.save().await.unwrap();
        let ben = made(try_code(it, "ben", &parents_code(it, "p2", None).await, None).await).id;
        let mut child = alone("p2", 2);
        child.demographics.birth_date = Some("2018-05-01".parse().unwrap());
        upsert(it, vec![child]).await;
        let code = offered(it, &it.account("ben").await, ben).await;
        let passed = accepted(it, "carl", &code).await.id;
        proxy(it, "dora", "p2", ProxyBasis::PatientGrant).await;
        assert!(barred(it, "ben", "p1").await.is_none());
        assert_eq!((opens(it, "ben").await, opens(it, "carl").await), (vec!["p2".to_owned()], vec!["p2".to_owned()]));
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!((opens(it, "ben").await, opens(it, "carl").await), (Vec::new(), Vec::new()));
        assert_eq!(opens(it, "dora").await, ["p2"], "nobody else's");
        for (link, why) in [(ben, Revocation::CourtOrder), (passed, Revocation::GrantorEnded)] {
            let state = stored(it, link).await.state;
            assert!(matches!(state, LinkState::Revoked { reason, .. } if reason == why), "{state:?}");
            assert_eq!(grant_of(it, link).await.status(it.ports.clock.now()), GrantStatus::Ended);
        }
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!(opens(it, "ben").await, [""; 0], "what it ended stays ended");
    }
}

on_both_databases! {
    async fn a_bar_by_an_old_name_ends_the_link_where_it_is_and_stays_with_the_name(it: Fixture) {
        let ben = proxy(it, "ben", "p2", ProxyBasis::PatientGrant).await;
        let carl = proxy(it, "carl", "p1", ProxyBasis::PatientGrant).await;
        let letter = code_for(it, "p1", None).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!(barred(it, "ben", "p1").await.map(|link| link.id), Some(ben));
        assert_eq!(barred(it, "carl", "p1").await.map(|link| link.id), Some(carl));
        assert_eq!((opens(it, "ben").await, opens(it, "carl").await), (Vec::new(), Vec::new()));
        upsert(it, vec![alone("p1", 3)]).await;
        let refused = try_code(it, "ben", &letter, None).await;
        assert!(matches!(refused, Redeemed::Refused(RedeemRefusal::NotAccepted)), "{refused:?}");
        // What was on its way when the court spoke opens nothing; what staff issue afterwards does.
        it.clock.advance(chrono::TimeDelta::seconds(1));
        made(try_code(it, "ben", &parents_code(it, "p2", None).await, None).await);
    }
}

on_both_databases! {
    async fn an_age_exception_is_the_one_of_the_record_where_the_link_is(it: Fixture) {
        use AgeExceptionKind::{Emancipated, Incapacity};
        let mother = proxy(it, "mother", "p1", ProxyBasis::ParentalResponsibility).await;
        except(it, "p2", Some(Emancipated)).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        assert_eq!(kind(it, mother).await, Some(Emancipated));
        except(it, "p2", Some(Incapacity)).await;
        assert_eq!(kind(it, mother).await, Some(Incapacity));
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((kind(it, mother).await, recorded(it, "p1").await), (None, None), "it was about a stranger");
        // One that came to be wrong is mended by whatever is imported of the record.
        let wrong = stored(it, mother).await;
        let facts = PatientFacts { exception: stored_exception(it, "p2").await, ..wrong.facts };
        let mut unit = it.begin().await;
        unit.update_link(&wrong.mark_record(true, facts, it.ports.clock.now())).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(kind(it, mother).await, Some(Incapacity));
        upsert(it, vec![alone("p1", 4)]).await;
        assert_eq!(kind(it, mother).await, None);
    }
}

async fn stored_exception(it: &Fixture, patient: &str) -> Option<AgeException> {
    let id = FhirId::parse(patient).unwrap();
    let record = it.begin().await.patient(it.here.id, &id).await.unwrap().unwrap();
    record.facts().exception
}

on_both_databases! {
    async fn an_age_exception_by_an_old_name_counts_and_comes_home_with_it(it: Fixture) {
        use AgeExceptionKind::Emancipated;
        let mother = proxy(it, "mother", "p1", ProxyBasis::ParentalResponsibility).await;
        upsert(it, vec![replaced("p1", "p2", 2)]).await;
        except(it, "p1", Some(Emancipated)).await;
        assert_eq!((kind(it, mother).await, recorded(it, "p2").await), (Some(Emancipated), Some(Emancipated)));
        upsert(it, vec![alone("p1", 3)]).await;
        assert_eq!((kind(it, mother).await, recorded(it, "p1").await), (Some(Emancipated), Some(Emancipated)));
        upsert(it, vec![replaced("p1", "p2", 4)]).await;
        except(it, "p1", None).await;
        assert_eq!((kind(it, mother).await, recorded(it, "p1").await, recorded(it, "p2").await), (None, None, None));
    }
}
