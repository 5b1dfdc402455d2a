//! Invitations read back in every state, are found by their own organization only, and list in pages.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    code::{Code, CodeStrength},
    evidence::{AddressValidation, Document, Fact},
    grant::ProxyTerms,
    id::{AccountId, InvitationId, LinkId, PatientId},
    invitation::{Challenge, Channel, Invitation, InvitationRevocation, InvitationState, InvitationStatus},
    link::LinkRole,
    page::Page,
    patient::FhirId,
    permission::Permissions,
    port::Purpose,
    relationship::{ProxyBasis, Relationship},
    store::{Constraint, InvitationFilter, Store, StoreError},
};
use kinlink_testkit::{Fixture, on_both_databases};

fn invitation(it: &Fixture) -> Invitation {
    let (now, random) = (it.ports.clock.now(), &*it.ports.random);
    let code = Code::generate(CodeStrength::Short, random);
    Invitation {
        id: InvitationId::new(now, random),
        organization: it.here.id,
        patient: PatientId::new(now, random),
        fhir_id: FhirId::parse("p1").unwrap(),
        role: LinkRole::Proxy {
            relationship: Relationship::parse("FTH").unwrap(),
            basis: ProxyBasis::ParentalResponsibility,
        },
        terms: Some(ProxyTerms {
            profile: "basics".into(),
            permissions: Permissions::everything(),
            until: Some(now + TimeDelta::days(30)),
        }),
        channel: Channel::Post,
        address: AddressValidation::ByStaff,
        locator: code.locator(),
        code_hash: it.ports.vault.keyed_hash(Purpose::InvitationCode, &code.hash_input()),
        challenge: Some(Challenge::BirthDate),
        proof: vec![Fact::DocumentSeen { document: Document::IdentityCard, reference: None }],
        failures: 2,
        issued_by: Actor::Staff(AccountId::new(now, random)),
        issued_at: now,
        expires_at: now + TimeDelta::days(10),
        replaces: Some(InvitationId::new(now, random)),
        state: InvitationState::Issued,
    }
}

/// One invitation in each state that is stored, issued one second after the other.
async fn one_of_each(it: &Fixture) -> Vec<Invitation> {
    let (at, random) = (it.ports.clock.now(), &*it.ports.random);
    let by = Actor::Staff(AccountId::new(at, random));
    let mut all = Vec::new();
    for state in [
        InvitationState::Issued,
        InvitationState::Redeemed { at, by: AccountId::new(at, random), link: LinkId::new(at, random) },
        InvitationState::Revoked { at, by, reason: InvitationRevocation::WrongPerson },
        InvitationState::Locked { at },
    ] {
        it.clock.advance(TimeDelta::seconds(1));
        let issued = invitation(it);
        let ended = Invitation { state, failures: 3, ..issued.clone() };
        let mut unit = it.begin().await;
        unit.add_invitation(&issued).await.unwrap();
        assert_eq!(unit.invitation(it.here.id, issued.id).await.unwrap(), Some(issued));
        unit.update_invitation(&ended).await.unwrap();
        unit.save().await.unwrap();
        all.push(ended);
    }
    all
}

on_both_databases! {
    async fn an_invitation_reads_back_in_every_state_and_to_its_organization_only(it: Fixture) {
        for expected in one_of_each(it).await {
            let mut unit = it.begin().await;
            assert_eq!(unit.invitation(it.here.id, expected.id).await.unwrap(), Some(expected.clone()));
            let locked = unit.invitation_for_update(it.here.id, expected.id).await.unwrap();
            assert_eq!(locked, Some(expected.clone()));
            let by_code = unit.invitation_by_locator_for_update(&expected.locator).await.unwrap();
            assert_eq!(by_code, Some(expected.clone()));
            assert_eq!(unit.invitation(it.there.id, expected.id).await.unwrap(), None);
            assert_eq!(unit.invitation_for_update(it.there.id, expected.id).await.unwrap(), None);
        }
    }
}

on_both_databases! {
    async fn a_locator_is_taken_once_even_by_a_neighbour(it: Fixture) {
        let first = invitation(it);
        let mut unit = it.begin().await;
        unit.add_invitation(&first).await.unwrap();
        let id = InvitationId::new(it.ports.clock.now(), &*it.ports.random);
        let taken = unit.add_invitation(&Invitation { id, organization: it.there.id, ..first }).await;
        assert!(matches!(taken, Err(StoreError::Conflict(Constraint::Locator))), "{taken:?}");
    }
}

on_both_databases! {
    async fn a_list_is_newest_first_in_pages_and_filtered_by_what_holds_now(it: Fixture) {
        let all = one_of_each(it).await;
        let mut unit = it.store.begin_read().await.unwrap();
        let (now, end) = (it.ports.clock.now(), all[0].expires_at);
        let any = InvitationFilter::default();
        let (mut after, mut ids) = (None, Vec::new());
        loop {
            let page = Page { after, limit: 3 };
            let part = unit.invitations(it.here.id, &any, page, now).await.unwrap();
            ids.extend(part.items.iter().map(|invitation| invitation.id));
            after = part.next;
            if after.is_none() { break }
        }
        assert_eq!(ids, all.iter().rev().map(|invitation| invitation.id).collect::<Vec<_>>());
        for (status, at, expected) in [
            (InvitationStatus::Issued, now, 1),
            (InvitationStatus::Issued, end, 0),
            (InvitationStatus::Expired, end, 1),
            (InvitationStatus::Redeemed, end, 1),
            (InvitationStatus::Revoked, now, 1),
            (InvitationStatus::Locked, now, 1),
        ] {
            let filter = InvitationFilter { status: Some(status), ..any.clone() };
            let page = Page { after: None, limit: 10 };
            let found = unit.invitations(it.here.id, &filter, page, at).await.unwrap();
            assert_eq!(found.items.len(), expected, "{status:?} at {at}");
            let of_neighbour = unit.invitations(it.there.id, &filter, page, at).await.unwrap();
            assert!(of_neighbour.items.is_empty());
        }
        let by_patient = InvitationFilter { patient: Some(all[2].patient), ..any.clone() };
        let by_channel = InvitationFilter { channel: Some(Channel::Email), ..any };
        let page = Page { after: None, limit: 10 };
        let found = unit.invitations(it.here.id, &by_patient, page, now).await.unwrap();
        assert_eq!(found.items, [all[2].clone()]);
        assert!(unit.invitations(it.here.id, &by_channel, page, now).await.unwrap().items.is_empty());
    }
}
