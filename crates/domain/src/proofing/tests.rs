use AddressValidation::{ByStaff, None as Nowhere, OnRecord};
use AssuranceLevel::{Level1, Level2, Level3, Level4};
use Ial::{Ial1, Ial2};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, prelude::*, sample::subsequence};
use uuid::Uuid;

use super::*;
use crate::{
    account::Iss,
    actor::Actor,
    comparison::Band,
    evidence::{AddressValidation, Document, Evidence, EvidenceState, Withdrawal},
    id::{ClaimId, EvidenceId, InvitationId, LinkId, OrganizationId},
    invitation::Channel,
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const BIRTH_DATE: Fact = Fact::BirthDateConfirmed;

fn code(channel: Channel, address: AddressValidation) -> Fact {
    Fact::CodeRedeemed { invitation: InvitationId::from_uuid(Uuid::nil()), channel, address }
}
fn desk() -> Fact {
    code(Channel::InPerson, Nowhere)
}
fn post() -> Fact {
    code(Channel::Post, OnRecord)
}
fn seen(document: Document) -> Fact {
    Fact::DocumentSeen { document, reference: None }
}
fn matching(band: Band) -> Fact {
    Fact::DemographicMatch { claim: ClaimId::from_uuid(Uuid::nil()), weight: 20.0, band }
}
fn contact(channel: Channel) -> Fact {
    Fact::ContactConfirmed { claim: ClaimId::from_uuid(Uuid::nil()), channel }
}
fn said(iss: &str, acr: &str) -> Fact {
    Fact::FederatedAssurance {
        iss: Iss::parse(iss).unwrap(),
        acr: Some(acr.to_owned()),
        amr: vec!["pwd".to_owned()],
        trust_framework: Some("eidas".to_owned()),
        assurance_level: Some("substantial".to_owned()),
    }
}

fn strict() -> ProofingPolicy {
    ProofingPolicy::default()
}

/// Counts `high` of one provider as IAL2 and everything else of it as IAL1.
fn federating() -> ProofingPolicy {
    let rule = |acr: Option<&str>, counts_as| FederatedRule {
        iss: Iss::parse("https://eid.example").unwrap(),
        acr: acr.map(ToOwned::to_owned),
        trust_framework: None,
        assurance_level: None,
        counts_as,
        valid_days: None,
    };
    ProofingPolicy { federated: vec![rule(Some("high"), Ial2), rule(None, Ial1)], ..strict() }
}

fn policies() -> Vec<(&'static str, ProofingPolicy)> {
    let open = ProofingPolicy {
        code_to_record_and_birth_date_is_ial2: true,
        match_and_code_is_ial2: true,
        federated_and_match_is_ial2: true,
        documents: DocumentRule::Any,
        ..federating()
    };
    let closed = ProofingPolicy { document_and_code_is_ial2: false, ..strict() };
    let nist = ProofingPolicy { documents: DocumentRule::Nist, ..federating() };
    vec![
        ("strict", strict()),
        ("federating", federating()),
        ("open", open),
        ("closed", closed),
        ("nist", nist),
    ]
}

fn policy(name: &str) -> ProofingPolicy {
    policies().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn the_table_holds() {
    use Document::{DrivingLicence, InsuranceCardWithPhoto, Passport};
    let eid = || said("https://eid.example", "high");
    let low = || said("https://eid.example", "low");
    let stranger = || said("https://other.example", "high");
    for (facts, name, ial, level) in [
        // Nothing that came back from the account.
        (vec![], "open", Ial1, Level1),
        (vec![seen(Passport)], "open", Ial1, Level1),
        (vec![BIRTH_DATE], "open", Ial1, Level1),
        (vec![matching(Band::Certain)], "open", Ial1, Level1),
        (vec![matching(Band::Certain), BIRTH_DATE, seen(Passport)], "open", Ial1, Level1),
        (vec![eid()], "open", Ial1, Level1),
        // A code alone: what it is worth depends on where it went.
        (vec![desk()], "strict", Ial1, Level1),
        (vec![code(Channel::InPerson, OnRecord)], "strict", Ial1, Level1),
        (vec![code(Channel::Email, ByStaff)], "strict", Ial1, Level2),
        (vec![post()], "strict", Ial1, Level2),
        (vec![contact(Channel::Email)], "strict", Ial1, Level2),
        // With something that the patient knows.
        (vec![desk(), BIRTH_DATE], "strict", Ial1, Level2),
        (vec![desk(), matching(Band::Review)], "strict", Ial1, Level2),
        (vec![desk(), matching(Band::None)], "strict", Ial1, Level1),
        (vec![code(Channel::Email, ByStaff), BIRTH_DATE], "open", Ial1, Level2),
        (vec![post(), BIRTH_DATE], "strict", Ial1, Level3),
        (vec![post(), BIRTH_DATE], "open", Ial2, Level3),
        // A demographic match and a code to a contact on record: the policy's choice.
        (vec![matching(Band::Certain), contact(Channel::Email)], "strict", Ial1, Level3),
        (vec![matching(Band::Certain), contact(Channel::Email)], "open", Ial2, Level3),
        (vec![matching(Band::Review), contact(Channel::Email)], "open", Ial1, Level3),
        // A document seen by staff, and a code.
        (vec![desk(), seen(Passport)], "strict", Ial2, Level3),
        (vec![desk(), seen(Passport)], "closed", Ial1, Level3),
        (vec![desk(), seen(DrivingLicence)], "strict", Ial2, Level3),
        (vec![desk(), seen(InsuranceCardWithPhoto)], "strict", Ial1, Level2),
        (vec![desk(), seen(InsuranceCardWithPhoto)], "open", Ial2, Level3),
        (vec![post(), seen(Passport)], "strict", Ial2, Level4),
        (vec![post(), seen(Passport), BIRTH_DATE], "strict", Ial2, Level4),
        (vec![contact(Channel::Post), matching(Band::Review), seen(Passport)], "strict", Ial2, Level4),
        // SP 800-63A-4, 5.4.2.1: one superior, or one strong and one fair.
        (vec![desk(), seen(Passport)], "nist", Ial2, Level3),
        (vec![desk(), seen(DrivingLicence)], "nist", Ial1, Level2),
        (vec![desk(), seen(DrivingLicence), seen(DrivingLicence)], "nist", Ial1, Level2),
        (vec![desk(), seen(DrivingLicence), seen(InsuranceCardWithPhoto)], "nist", Ial2, Level3),
        (vec![desk(), seen(InsuranceCardWithPhoto), seen(Document::OtherPhotoId)], "nist", Ial1, Level2),
        // What a provider says.
        (vec![post(), eid()], "strict", Ial1, Level2),
        (vec![post(), eid()], "federating", Ial2, Level3),
        (vec![post(), stranger()], "federating", Ial1, Level2),
        (vec![desk(), eid()], "federating", Ial1, Level2),
        (vec![desk(), eid(), BIRTH_DATE], "federating", Ial2, Level3),
        (vec![desk(), low()], "federating", Ial1, Level2),
        (vec![desk(), low(), BIRTH_DATE], "federating", Ial1, Level2),
        (vec![matching(Band::Certain), eid()], "federating", Ial1, Level1),
        (vec![matching(Band::Certain), eid()], "open", Ial2, Level3),
        (vec![matching(Band::Certain), low()], "open", Ial1, Level1),
    ] {
        let worth = assess(&facts, &policy(name));
        assert_eq!(worth, Assurance { ial, level }, "{facts:?} under {name}");
    }
}

#[test]
fn only_what_came_back_from_the_account_carries_a_link() {
    for (facts, enough) in [
        (vec![], false),
        (vec![matching(Band::Certain)], false),
        (vec![matching(Band::Certain), BIRTH_DATE, seen(Document::Passport)], false),
        (vec![matching(Band::Certain), said("https://eid.example", "high")], false),
        (vec![matching(Band::Certain), contact(Channel::Email)], true),
        (vec![desk()], true),
    ] {
        assert_eq!(sufficient_for_link(&facts), enough, "{facts:?}");
    }
}

fn all_facts() -> Vec<Fact> {
    let mut facts = vec![
        BIRTH_DATE,
        matching(Band::Certain),
        matching(Band::Review),
        matching(Band::None),
        said("https://eid.example", "high"),
        said("https://eid.example", "low"),
        said("https://other.example", "high"),
    ];
    facts.extend(Document::ALL.map(seen));
    for channel in Channel::ALL {
        facts.push(contact(channel));
        facts.extend([Nowhere, OnRecord, ByStaff].map(|address| code(channel, address)));
    }
    facts
}

fn evidence(fact: Fact, hours: Option<u8>) -> Evidence {
    Evidence {
        id: EvidenceId::from_uuid(Uuid::nil()),
        link: LinkId::from_uuid(Uuid::nil()),
        organization: OrganizationId::from_uuid(Uuid::nil()),
        fact,
        established_at: NOW,
        by: Actor::System,
        valid_until: hours.map(|hours| NOW + TimeDelta::hours(hours.into())),
        state: EvidenceState::Valid,
    }
}

proptest! {
    #[test]
    fn more_evidence_never_lowers(
        facts in subsequence(all_facts(), 0..8),
        more in subsequence(all_facts(), 0..4),
    ) {
        for (name, policy) in policies() {
            let both = facts.iter().chain(&more);
            prop_assert!(assess(both, &policy).covers(assess(&facts, &policy)), "{name}");
        }
    }

    #[test]
    fn the_order_of_evidence_does_not_count(facts in Just(all_facts()).prop_shuffle(), n in 0..8_usize) {
        let chosen = &facts[..n];
        for (_, policy) in policies() {
            prop_assert_eq!(assess(chosen, &policy), assess(chosen.iter().rev(), &policy));
        }
    }

    #[test]
    fn withdrawing_never_raises_at_any_time(
        facts in subsequence(all_facts(), 1..8),
        ends in vec(proptest::option::of(0..6_u8), 8),
        which in any::<prop::sample::Index>(),
    ) {
        let all: Vec<_> = facts.into_iter().zip(ends).map(|(fact, end)| evidence(fact, end)).collect();
        let mut fewer = all.clone();
        let chosen = which.index(fewer.len());
        let withdrawn = fewer[chosen].clone().withdraw(Actor::System, Withdrawal::FoundForged, NOW);
        fewer[chosen] = withdrawn.unwrap();
        for (name, policy) in policies() {
            let before = assess_over_time(&all, &policy, NOW);
            let after = assess_over_time(&fewer, &policy, NOW);
            for hour in 0..8 {
                let at = NOW + TimeDelta::hours(hour);
                prop_assert!(before.at(at).covers(after.at(at)), "{name} at {hour}");
            }
        }
    }

    /// What is foreseen is what assessing anew at that time would give.
    #[test]
    fn the_future_is_foreseen(
        facts in subsequence(all_facts(), 0..8),
        ends in vec(proptest::option::of(0..6_u8), 8),
    ) {
        let all: Vec<_> = facts.into_iter().zip(ends).map(|(fact, end)| evidence(fact, end)).collect();
        for (name, policy) in policies() {
            let foreseen = assess_over_time(&all, &policy, NOW);
            prop_assert_eq!(&AssuranceOverTime::new(foreseen.first(), foreseen.later().to_vec()), &Ok(foreseen.clone()));
            for hour in 0..8 {
                let at = NOW + TimeDelta::hours(hour);
                let anew = assess_over_time(&all, &policy, at);
                prop_assert_eq!(&foreseen.seen_at(at), &anew, "{} at {}", name, hour);
                prop_assert_eq!(foreseen.at(at), anew.first());
                prop_assert!(foreseen.first().covers(foreseen.at(at)), "it never rises by itself");
            }
        }
    }

    /// Whatever is said to raise assurance does, and what is said to have given it is enough.
    #[test]
    fn explanations_are_true(facts in subsequence(all_facts(), 0..6)) {
        for (name, policy) in policies() {
            let explained = explain(&facts, &policy);
            prop_assert_eq!(explained.assurance, assess(&facts, &policy));
            let given = explained.because.iter().fold(Assurance::LEAST, |best, rule| best.or(rule.gives));
            prop_assert_eq!(given, explained.assurance, "{}", name);
            for raise in &explained.raises {
                prop_assert!(raise.to != explained.assurance && raise.to.covers(explained.assurance));
                prop_assert!(!raise.missing.is_empty());
            }
        }
    }
}

#[test]
fn what_would_raise_it_is_told_nearest_first() {
    let explained = explain(&[desk()], &strict());
    assert_eq!(explained.assurance, Assurance::LEAST);
    assert_eq!(explained.because, Vec::<&rules::Rule>::new());
    let first = &explained.raises[0];
    assert_eq!((first.missing.len(), first.to.level), (1, Level2));
    let document = vec![rules::Need::Documents];
    let ial2 = explained.raises.iter().find(|raise| raise.missing == document).unwrap();
    assert_eq!(ial2.to, Assurance { ial: Ial2, level: Level3 });
}

#[test]
fn steps_that_rise_or_go_back_in_time_are_no_future() {
    let better = Assurance { ial: Ial2, level: Level3 };
    let step = |hours, assurance| AssuranceStep { from: NOW + TimeDelta::hours(hours), assurance };
    for (first, later) in [
        (Assurance::LEAST, vec![step(1, better)]),
        (better, vec![step(2, better), step(1, Assurance::LEAST)]),
        (better, vec![step(1, Assurance::LEAST), step(2, better)]),
    ] {
        assert_eq!(AssuranceOverTime::new(first, later), Err(UnorderedSteps));
    }
}
