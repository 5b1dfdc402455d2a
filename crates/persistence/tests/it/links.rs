//! Links read back as written, one is live at a time, and changes made at once do not hide each other.

use chrono::TimeDelta;
use kinlink_domain::{
    access::PatientFacts,
    account::Account,
    actor::Actor,
    evidence::{AddressValidation, Document, Evidence, EvidenceState, Fact, Withdrawal},
    id::{EvidenceId, InvitationId, LinkId},
    invitation::Channel,
    link::{Link, LinkRole, LinkState, Period, Revocation},
    patient::FhirId,
    permission::Permissions,
    proofing::{Assurance, AssuranceLevel, AssuranceOverTime, AssuranceStep, Ial},
    relationship::{ProxyBasis, Relationship},
    store::{Constraint, LinkReader, Store, StoreError},
};
use kinlink_testkit::{Fixture, on_both_databases};

/// An active link of `account` to `patient` of `here`, not stored yet.
pub(crate) async fn link(it: &Fixture, account: &Account, patient: &str) -> Link {
    let fhir_id = FhirId::parse(patient).unwrap();
    let record = it.begin().await.patient(it.here.id, &fhir_id).await.unwrap().unwrap();
    let now = it.ports.clock.now();
    Link {
        id: LinkId::new(now, &*it.ports.random),
        version: 1,
        account: account.id,
        organization: it.here.id,
        patient: record.id,
        fhir_id,
        role: LinkRole::SelfRole,
        permissions: Permissions::everything(),
        period: Period { start: now, end: None },
        assurance: Assurance { ial: Ial::Ial1, level: AssuranceLevel::Level2 }.into(),
        record_usable: true,
        facts: record.facts(),
        invitation: None,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
    }
}

/// IAL2 until then, and nothing after.
fn lowering(from: chrono::DateTime<chrono::Utc>) -> AssuranceOverTime {
    let first = Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 };
    AssuranceOverTime::new(first, vec![AssuranceStep { from, assurance: Assurance::LEAST }]).unwrap()
}

pub(crate) async fn add(it: &Fixture, link: &Link) {
    let mut unit = it.begin().await;
    unit.add_link(link, link.patient).await.unwrap();
    unit.save().await.unwrap();
}

on_both_databases! {
    async fn a_link_with_its_evidence_reads_back_as_it_was_written(it: Fixture) {
        it.clock.advance(TimeDelta::microseconds(123_456));
        let anna = it.account("anna").await;
        let now = it.ports.clock.now();
        let invitation = InvitationId::new(now, &*it.ports.random);
        let proxy = Link {
            role: LinkRole::Proxy {
                relationship: Relationship::parse("MTH").unwrap(),
                basis: ProxyBasis::ParentalResponsibility,
            },
            permissions: "patient/Observation.rs".parse().unwrap(),
            period: Period { start: now, end: Some(now + TimeDelta::days(365)) },
            invitation: Some(invitation),
            assurance: lowering(now + TimeDelta::days(7)),
            ..link(it, &anna, "p1").await
        };
        add(it, &proxy).await;
        let facts = [
            Fact::CodeRedeemed { invitation, channel: Channel::Post, address: AddressValidation::OnRecord },
            Fact::BirthDateConfirmed,
            Fact::DocumentSeen { document: Document::Passport, reference: Some("desk 4".to_owned()) },
        ];
        let evidence = facts.map(|fact| Evidence {
            id: EvidenceId::new(now, &*it.ports.random),
            link: proxy.id,
            organization: it.here.id,
            fact,
            established_at: now,
            by: Actor::Account(anna.id),
            valid_until: Some(now + TimeDelta::days(7)),
            state: EvidenceState::Valid,
        });
        let mut unit = it.begin().await;
        for evidence in &evidence {
            unit.add_evidence(evidence).await.unwrap();
        }
        let mut stored = unit.evidence(proxy.id).await.unwrap();
        stored.sort_by_key(|known| evidence.iter().position(|one| one.id == known.id));
        assert_eq!(stored, evidence);
        let withdrawn = stored[2].clone().withdraw(Actor::Operator, Withdrawal::FoundForged, now).unwrap();
        unit.update_evidence(&withdrawn).await.unwrap();
        let stored = unit.evidence(proxy.id).await.unwrap();
        assert_eq!(stored.iter().find(|one| one.id == withdrawn.id), Some(&withdrawn));
        assert!(stored.contains(&evidence[0]) && stored.contains(&evidence[1]), "the others are as they were");
        assert_eq!(unit.link(proxy.id).await.unwrap(), Some(proxy.clone()));
        let ended = proxy.revoke(Actor::Account(anna.id), Revocation::NotMe, now).unwrap();
        unit.update_link(&ended).await.unwrap();
        assert_eq!(unit.links_of_account(anna.id).await.unwrap(), [ended]);
    }
}

on_both_databases! {
    async fn of_links_made_at_once_one_is_live_and_an_ended_one_makes_room(it: Fixture) {
        let anna = it.account("anna").await;
        let mut race = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (store, link) = (it.store.clone(), link(it, &anna, "p1").await);
            race.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                unit.add_link(&link, link.patient).await?;
                unit.save().await
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) = race.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        let conflict = |outcome: &Result<(), StoreError>| {
            matches!(outcome, Err(StoreError::Conflict(Constraint::LiveLink)))
        };
        assert!(lost.iter().all(conflict), "{lost:?}");

        let live = it.begin().await.links_of_account(anna.id).await.unwrap().remove(0);
        let by = Actor::Account(anna.id);
        let ended = live.revoke(by, Revocation::NoLongerWanted, it.ports.clock.now()).unwrap();
        let mut unit = it.begin().await;
        assert_eq!(unit.unrevoked_link_for_update(anna.id, ended.patient).await.unwrap().unwrap().id, ended.id);
        unit.update_link(&ended).await.unwrap();
        assert_eq!(unit.unrevoked_link_for_update(anna.id, ended.patient).await.unwrap(), None);
        unit.save().await.unwrap();
        add(it, &link(it, &anna, "p1").await).await;
    }
}

on_both_databases! {
    async fn a_change_to_an_old_version_is_refused(it: Fixture) {
        let link = link(it, &it.account("anna").await, "p1").await;
        add(it, &link).await;
        let now = it.ports.clock.now();
        let mut unit = it.begin().await;
        unit.update_link(&link.clone().mark_record(false, PatientFacts::default(), now)).await.unwrap();
        let lost = unit.update_link(&link.mark_record(false, PatientFacts::default(), now)).await;
        assert!(matches!(lost, Err(StoreError::Conflict(Constraint::Version))), "{lost:?}");
    }
}

on_both_databases! {
    async fn a_lookup_finds_the_unrevoked_links_of_this_account_only(it: Fixture) {
        let (anna, ben) = (it.account("anna").await, it.account("ben").await);
        for (account, patient) in [(&anna, "p1"), (&anna, "p2"), (&ben, "p3")] {
            add(it, &link(it, account, patient).await).await;
        }
        let found = it.store.answerable_links(anna.id).await.unwrap();
        let mut ids: Vec<_> = found.iter().map(|found| found.link.fhir_id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["p1", "p2"]);
        assert!(found.iter().all(|found| found.slug == it.here.slug && found.fhir_base == it.here.fhir_base));
        let of_neighbour = found[0].link.patient;
        let mut unit = it.begin().await;
        assert_eq!(unit.links_to_patient(it.here.id, of_neighbour).await.unwrap().len(), 1);
        assert!(unit.links_to_patient(it.there.id, of_neighbour).await.unwrap().is_empty());
    }
}

on_both_databases! {
    async fn an_organizations_unrevoked_links_come_in_parts_and_none_twice(it: Fixture) {
        let now = it.ports.clock.now();
        let mut expected = Vec::new();
        for n in 0..7 {
            let account = it.account(&format!("account-{n}")).await;
            let link = link(it, &account, ["p1", "p2", "p3"][n % 3]).await;
            add(it, &link).await;
            if n == 4 {
                let ended = link.revoke(Actor::Operator, Revocation::Fraud, now).unwrap();
                let mut unit = it.begin().await;
                unit.update_link(&ended).await.unwrap();
                unit.save().await.unwrap();
            } else {
                expected.push(link.id);
            }
        }
        let mut unit = it.begin().await;
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let part = unit.links_of_organization(it.here.id, after, 2).await.unwrap();
            let Some(last) = part.last() else { break };
            after = Some((last.patient, last.id));
            found.extend(part.iter().map(|link| link.id));
        }
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert!(unit.links_of_organization(it.there.id, None, 2).await.unwrap().is_empty());
    }
}
