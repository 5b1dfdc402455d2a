use kinlink_domain::{
    access::Access,
    actor::Authorized,
    id::LinkId,
    invitation::{Challenge, Channel},
    link::{LinkRole, Revocation},
    patient::FhirId,
    proofing::Ial,
    service::{
        end_link::{self, Ender},
        issue_invitation::{EmailTarget, IssueInvitation, PatientReference, issue},
        redeem::{Redeem, RedeemRefusal, Redeemed, redeem},
    },
    store::LinkReader,
};
use kinlink_testkit::{Fixture, birth_date, on_both_databases};

/// Issues an invitation for `p1` and returns its code.
pub(crate) async fn code_for(it: &Fixture, patient: &str, challenge: Option<Challenge>) -> String {
    let mut unit = it.begin().await;
    let request = IssueInvitation {
        patient: PatientReference::FhirId(FhirId::parse(patient).unwrap()),
        role: LinkRole::SelfRole,
        profile: None,
        until: None,
        channel: Channel::InPerson,
        email: EmailTarget::OnRecord,
        send: false,
        challenge,
        proof: Vec::new(),
    };
    let by = Authorized::operator(it.here.id);
    let issued = issue(&mut *unit, &it.ports, &it.here, by, request).await.unwrap();
    unit.save().await.unwrap();
    issued.code.unwrap().to_string()
}

pub(crate) async fn try_code(
    it: &Fixture,
    sub: &str,
    code: &str,
    birth_date: Option<kinlink_domain::partial_date::PartialDate>,
) -> Redeemed {
    let account = it.account(sub).await;
    let mut unit = it.begin().await;
    let request = Redeem { account: &account, code, birth_date, asserted: None, address: "192.0.2.1" };
    let outcome = redeem(&mut *unit, &it.ports, &request).await.unwrap();
    unit.save().await.unwrap();
    outcome
}

fn created(outcome: Redeemed) -> LinkId {
    match outcome {
        Redeemed::Created(link) => link.id,
        other => panic!("expected a new link, got {other:?}"),
    }
}

fn refused(outcome: Redeemed) -> RedeemRefusal {
    match outcome {
        Redeemed::Refused(refusal) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

on_both_databases! {
    async fn a_code_makes_one_link_that_lookups_see(it: Fixture) {
        let code = code_for(it, "p1", Some(Challenge::BirthDate)).await;
        assert_eq!(refused(try_code(it, "anna", &code, None).await), RedeemRefusal::BirthDateNeeded);
        let link = created(try_code(it, "anna", &code, Some(birth_date())).await);
        let again = try_code(it, "anna", &code, Some(birth_date())).await;
        assert!(matches!(again, Redeemed::Existing(existing) if existing.id == link));
        assert_eq!(refused(try_code(it, "ben", &code, Some(birth_date())).await), RedeemRefusal::NotAccepted);

        let anna = it.account("anna").await;
        let found = it.store.answerable_links(anna.id).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].link.fhir_id.as_str(), "p1");
        assert_eq!(found[0].fhir_base, it.here.fhir_base);
        assert!(matches!(found[0].access(Some(Ial::Ial1), it.ports.clock.now()), Access::Live(_)));
    }
}

on_both_databases! {
    async fn of_a_hundred_redemptions_at_once_exactly_one_wins(it: Fixture) {
        let code = code_for(it, "p1", None).await;
        let mut accounts = Vec::new();
        for n in 0..100 {
            accounts.push(it.account(&format!("racer-{n}")).await);
        }
        let mut race = tokio::task::JoinSet::new();
        for account in accounts {
            let (store, ports, code) = (it.store.clone(), it.ports.clone(), code.clone());
            race.spawn(async move {
                let mut unit = kinlink_domain::store::Store::begin(&store).await.unwrap();
                let address = account.id.to_string();
                let request = Redeem { account: &account, code: &code, birth_date: None, asserted: None, address: &address };
                let outcome = redeem(&mut *unit, &ports, &request).await.unwrap();
                unit.save().await.unwrap();
                outcome
            });
        }
        let outcomes = race.join_all().await;
        let winners = outcomes.iter().filter(|outcome| matches!(outcome, Redeemed::Created(_))).count();
        let refused = |o: &&Redeemed| matches!(o, Redeemed::Refused(RedeemRefusal::NotAccepted));
        assert_eq!((winners, outcomes.iter().filter(refused).count()), (1, 99));
        let mut unit = it.begin().await;
        let patient = unit.patient(it.here.id, &FhirId::parse("p1").unwrap()).await.unwrap().unwrap();
        assert_eq!(unit.links_to_patient(it.here.id, patient.id).await.unwrap().len(), 1);
    }
}

on_both_databases! {
    async fn tries_at_once_do_not_pass_the_limit_of_the_invitation(it: Fixture) {
        let code = code_for(it, "p1", Some(Challenge::BirthDate)).await;
        let wrong = "1999-01-01".parse().unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for n in 0..20 {
            let account = it.account(&format!("guesser-{n}")).await;
            let (store, ports, code) = (it.store.clone(), it.ports.clone(), code.clone());
            tries.spawn(async move {
                let mut unit = kinlink_domain::store::Store::begin(&store).await.unwrap();
                let request = Redeem { account: &account, code: &code, birth_date: Some(wrong), asserted: None, address: "a" };
                redeem(&mut *unit, &ports, &request).await.unwrap();
                unit.save().await.unwrap();
            });
        }
        tries.join_all().await;
        let mut unit = it.begin().await;
        let page = kinlink_domain::page::Page { after: None, limit: 10 };
        let now = it.ports.clock.now();
        let all = kinlink_domain::store::InvitationFilter::default();
        let listed = unit.invitations(it.here.id, &all, page, now).await.unwrap();
        assert_eq!(listed.items[0].failures, 5);
        drop(unit);
        assert_eq!(refused(try_code(it, "anna", &code, Some(birth_date())).await), RedeemRefusal::NotAccepted);
    }
}

on_both_databases! {
    async fn ten_wrong_tries_lock_the_account_for_an_hour(it: Fixture) {
        let right = code_for(it, "p2", None).await;
        for _ in 0..10 {
            let never_issued = "0000-0000-0000";
            assert_eq!(refused(try_code(it, "anna", never_issued, None).await), RedeemRefusal::NotAccepted);
        }
        let until = it.ports.clock.now() + chrono::TimeDelta::hours(1);
        let locked = RedeemRefusal::TooManyAttempts { until };
        assert_eq!(refused(try_code(it, "anna", &right, None).await), locked);
        it.clock.advance(chrono::TimeDelta::minutes(59));
        assert_eq!(refused(try_code(it, "anna", &right, None).await), locked);
        it.clock.advance(chrono::TimeDelta::minutes(1));
        created(try_code(it, "anna", &right, None).await);
    }
}

on_both_databases! {
    async fn a_code_ends_with_its_validity(it: Fixture) {
        let code = code_for(it, "p1", None).await;
        it.clock.advance(chrono::TimeDelta::days(7));
        assert_eq!(refused(try_code(it, "anna", &code, None).await), RedeemRefusal::NotAccepted);
    }
}

on_both_databases! {
    async fn an_ended_link_is_answered_to_nobody_and_its_code_makes_no_other(it: Fixture) {
        let code = code_for(it, "p1", None).await;
        let link = created(try_code(it, "anna", &code, None).await);
        let anna = it.account("anna").await;
        let mut unit = it.begin().await;
        let stranger = Ender::Staff(Authorized::operator(it.there.id));
        let refusal = end_link::end(&mut *unit, &it.ports, stranger, link, Revocation::Fraud).await;
        assert!(matches!(refusal, Err(end_link::EndLinkError::NotFound)));
        let by = Ender::Account(anna.id);
        end_link::end(&mut *unit, &it.ports, by, link, Revocation::NoLongerWanted).await.unwrap();
        unit.save().await.unwrap();
        assert!(it.store.answerable_links(anna.id).await.unwrap().is_empty());
        assert_eq!(refused(try_code(it, "anna", &code, None).await), RedeemRefusal::NotAccepted);
    }
}

on_both_databases! {
    async fn a_second_code_strengthens_the_link_instead_of_making_another(it: Fixture) {
        let first = code_for(it, "p1", None).await;
        let second = code_for(it, "p1", Some(Challenge::BirthDate)).await;
        let link = created(try_code(it, "anna", &first, None).await);
        let again = try_code(it, "anna", &second, Some(birth_date())).await;
        assert!(matches!(&again, Redeemed::Existing(existing) if existing.id == link && existing.version == 2));
        let mut unit = it.begin().await;
        assert_eq!(unit.evidence(link).await.unwrap().len(), 3);
    }
}
