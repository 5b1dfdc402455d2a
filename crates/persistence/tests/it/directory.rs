//! Organizations, the identity providers they trust, and accounts.

use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    id::OrganizationId,
    issuer::{ClaimPath, TrustedIssuer},
    organization::{FhirBase, Organization, Slug},
    proofing::Ial,
    store::{Constraint, StoreError},
};
use kinlink_testkit::{Fixture, on_both_databases};

fn iss() -> Iss {
    Iss::parse(Fixture::ISS).unwrap()
}

on_both_databases! {
    async fn an_organization_reads_back_as_it_was_written(it: Fixture) {
        let mut changed = Organization {
            name: "Spital Hütte".to_owned(),
            fhir_base: FhirBase::parse("https://other.example/fhir").unwrap(),
            ..it.here.clone()
        };
        changed.policy.minimum_assurance = Ial::Ial2;
        changed.policy.invitation_attempts = 3;
        let mut unit = it.begin().await;
        unit.update_organization(&changed).await.unwrap();
        unit.save().await.unwrap();
        let mut unit = it.begin().await;
        assert_eq!(unit.organization(changed.id).await.unwrap(), Some(changed.clone()));
        assert_eq!(unit.organization_by_slug(&changed.slug).await.unwrap(), Some(changed.clone()));
        assert_eq!(unit.organizations().await.unwrap(), [changed, it.there.clone()]);
        assert_eq!(unit.organization_by_slug(&Slug::parse("nowhere").unwrap()).await.unwrap(), None);
    }
}

on_both_databases! {
    async fn a_short_name_is_taken_once(it: Fixture) {
        let id = OrganizationId::new(it.ports.clock.now(), &*it.ports.random);
        let mut unit = it.begin().await;
        let taken = unit.add_organization(&Organization { id, ..it.here.clone() }).await;
        assert!(matches!(taken, Err(StoreError::Conflict(Constraint::OrganizationSlug))), "{taken:?}");
    }
}

on_both_databases! {
    async fn trust_is_of_one_organization_and_never_changes_the_providers_subject_claim(it: Fixture) {
        let mut unit = it.begin().await;
        let before = unit.trusted_issuers(it.here.id).await.unwrap();
        let mut changed = TrustedIssuer { staff: None, accounts: false, ..before[0].clone() };
        changed.issuer.subject_claim = ClaimPath::parse("oid").unwrap();
        changed.audiences = vec!["a".to_owned(), "b".to_owned()];
        unit.put_trusted_issuer(&changed).await.unwrap();
        unit.save().await.unwrap();

        let mut unit = it.begin().await;
        let expected = TrustedIssuer { issuer: before[0].issuer.clone(), ..changed };
        assert_eq!(unit.trusted_issuers(it.here.id).await.unwrap(), [expected]);
        assert_eq!(unit.issuer(&iss()).await.unwrap(), Some(before[0].issuer.clone()));
        let of_neighbour = TrustedIssuer { organization: it.there.id, ..before[0].clone() };
        assert_eq!(unit.trusted_issuers(it.there.id).await.unwrap(), [of_neighbour]);
        assert!(unit.remove_trusted_issuer(it.here.id, &iss()).await.unwrap());
        assert!(!unit.remove_trusted_issuer(it.here.id, &iss()).await.unwrap());
        let left = unit.trust_in(&iss()).await.unwrap();
        assert_eq!(left.iter().map(|trust| trust.organization).collect::<Vec<_>>(), [it.there.id]);
    }
}

on_both_databases! {
    async fn one_login_is_one_account_however_often_it_comes(it: Fixture) {
        let first = it.account("anna").await;
        it.clock.advance(chrono::TimeDelta::hours(1));
        let mut logins = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, now) = (it.store.clone(), it.ports.clock.now());
            logins.spawn(async move {
                let key = AccountKey { iss: iss(), sub: Sub::parse("ben").unwrap() };
                let mut unit = kinlink_domain::store::Store::begin(&store).await.unwrap();
                let account = unit.ensure_account(&key, now).await.unwrap();
                unit.save().await.unwrap();
                account
            });
        }
        let bens = logins.join_all().await;
        assert!(bens.iter().all(|account| *account == bens[0]));
        assert_eq!(it.account("anna").await, first);
        assert_eq!(it.begin().await.account(first.id).await.unwrap(), Some(first));
        assert_eq!(it.database.count("select count(*) from account").await, 2);
    }
}
