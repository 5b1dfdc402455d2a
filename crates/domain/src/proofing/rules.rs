//! The table of what gives what.

use std::collections::BTreeSet;

use super::{Assurance, AssuranceLevel, Ial, ProofingPolicy, Strength};
use crate::{
    comparison::Band,
    evidence::{AddressValidation, Document, Fact},
    invitation::Channel,
};

/// Something that a rule asks for. Each is met by having more, never by having less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// A code came back from the account.
    Code,
    /// It went to an address that is on record, or that staff validated.
    ValidatedAddress,
    /// It went to a contact on record.
    ContactOnRecord,
    /// The birth date on record was given.
    BirthDate,
    /// The birth date on record was given, or the demographics match.
    Knowledge,
    /// The demographics match beyond doubt.
    CertainMatch,
    /// Staff saw a document, however weak.
    AnyDocument,
    /// Staff saw documents that the policy finds enough.
    Documents,
    /// A provider's word counts as this at least.
    Federated(Ial),
    /// The policy allows it.
    Allowed(Switch),
}

/// A choice that the policy makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// [`ProofingPolicy::document_and_code_is_ial2`].
    DocumentAndCode,
    /// [`ProofingPolicy::code_to_record_and_birth_date_is_ial2`].
    CodeToRecordAndBirthDate,
    /// [`ProofingPolicy::match_and_code_is_ial2`].
    MatchAndCode,
    /// [`ProofingPolicy::federated_and_match_is_ial2`].
    FederatedAndMatch,
}

impl Switch {
    /// The member of the policy.
    pub const fn member(self) -> &'static str {
        match self {
            Self::DocumentAndCode => "proofing.document_and_code_is_ial2",
            Self::CodeToRecordAndBirthDate => "proofing.code_to_record_and_birth_date_is_ial2",
            Self::MatchAndCode => "proofing.match_and_code_is_ial2",
            Self::FederatedAndMatch => "proofing.federated_and_match_is_ial2",
        }
    }

    const fn is_on(self, policy: &ProofingPolicy) -> bool {
        match self {
            Self::DocumentAndCode => policy.document_and_code_is_ial2,
            Self::CodeToRecordAndBirthDate => policy.code_to_record_and_birth_date_is_ial2,
            Self::MatchAndCode => policy.match_and_code_is_ial2,
            Self::FederatedAndMatch => policy.federated_and_match_is_ial2,
        }
    }
}

/// If all of `needs` are met, the evidence is worth what this `gives`.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it asks for.
    pub needs: &'static [Need],
    /// What it gives.
    pub gives: Assurance,
}

const fn rule(needs: &'static [Need], ial: Ial, level: AssuranceLevel) -> Rule {
    Rule { needs, gives: Assurance { ial, level } }
}

use AssuranceLevel::{Level2, Level3, Level4};
use Ial::{Ial1, Ial2};
use Need::{
    Allowed, AnyDocument, BirthDate, CertainMatch, Code, ContactOnRecord, Documents, Federated, Knowledge,
    ValidatedAddress,
};

/// The rules. What no rule gives is IAL1, level1: among it a demographic match alone, a document alone, a
/// provider's word alone, and a code that went to nobody knows where.
///
/// IAL2 asks that the person was compared with evidence (NIST SP 800-63A-4, 5.4.4): by staff with a document,
/// or by a provider whose process the organization knows. A code shows that the account is that person's.
pub const RULES: &[Rule] = &[
    rule(&[Code, Knowledge], Ial1, Level2),
    rule(&[ValidatedAddress], Ial1, Level2),
    rule(&[Code, AnyDocument], Ial1, Level2),
    rule(&[Code, Federated(Ial1)], Ial1, Level2),
    rule(&[ContactOnRecord, Knowledge], Ial1, Level3),
    rule(&[ContactOnRecord, BirthDate, Allowed(Switch::CodeToRecordAndBirthDate)], Ial2, Level3),
    rule(&[ContactOnRecord, CertainMatch, Allowed(Switch::MatchAndCode)], Ial2, Level3),
    rule(&[Code, Documents], Ial1, Level3),
    rule(&[Code, Documents, Allowed(Switch::DocumentAndCode)], Ial2, Level3),
    rule(&[ContactOnRecord, Documents], Ial1, Level4),
    rule(&[ValidatedAddress, Federated(Ial2)], Ial2, Level3),
    rule(&[Code, Knowledge, Federated(Ial2)], Ial2, Level3),
    rule(&[CertainMatch, Federated(Ial2), Allowed(Switch::FederatedAndMatch)], Ial2, Level3),
];

impl Rule {
    /// Whether its needs are met.
    pub fn is_met(&self, proven: &Proven, policy: &ProofingPolicy) -> bool {
        self.needs.iter().all(|need| need.is_met(proven, policy))
    }
}

impl Need {
    /// Whether it is met.
    pub fn is_met(self, proven: &Proven, policy: &ProofingPolicy) -> bool {
        match self {
            Self::Code => proven.code,
            Self::ValidatedAddress => proven.validated_address,
            Self::ContactOnRecord => proven.contact_on_record,
            Self::BirthDate => proven.birth_date,
            Self::Knowledge => proven.birth_date || proven.best_match.is_some(),
            Self::CertainMatch => proven.best_match == Some(Match::Certain),
            Self::AnyDocument => !proven.documents.is_empty(),
            Self::Documents => policy.documents.is_met(&proven.strengths(policy)),
            Self::Federated(least) => proven.federated >= Some(least),
            Self::Allowed(switch) => switch.is_on(policy),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Doubtful,
    Certain,
}

/// What facts show, taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that is there or is not")]
pub struct Proven {
    code: bool,
    validated_address: bool,
    contact_on_record: bool,
    birth_date: bool,
    best_match: Option<Match>,
    /// Kinds of documents: the same kind seen twice is one piece of evidence.
    documents: BTreeSet<Document>,
    federated: Option<Ial>,
}

impl Proven {
    /// What these facts show.
    pub fn by<'a>(facts: impl IntoIterator<Item = &'a Fact>, policy: &ProofingPolicy) -> Self {
        let mut proven = Self::default();
        for fact in facts {
            proven.add(fact, policy);
        }
        proven
    }

    fn add(&mut self, fact: &Fact, policy: &ProofingPolicy) {
        match fact {
            Fact::CodeRedeemed { channel, address, .. } => self.code(*channel, *address),
            Fact::ContactConfirmed { channel, .. } => self.code(*channel, AddressValidation::OnRecord),
            Fact::BirthDateConfirmed => self.birth_date = true,
            // Whoever holds a grant's code was meant by the patient; nothing says who they are.
            Fact::Granted { channel, .. } => self.code |= channel.is_some(),
            // It shows a relationship, not who somebody is.
            Fact::RelationshipSeen { .. } => {}
            Fact::DocumentSeen { document, .. } => {
                self.documents.insert(*document);
            }
            Fact::DemographicMatch { band, .. } => {
                let this = match band {
                    Band::Certain => Some(Match::Certain),
                    Band::Review => Some(Match::Doubtful),
                    Band::None => None,
                };
                self.best_match = self.best_match.max(this);
            }
            Fact::FederatedAssurance { .. } => {
                let counts_as = policy.federated_rule(fact).map(|rule| rule.counts_as);
                self.federated = self.federated.max(counts_as);
            }
        }
    }

    /// A code handed over in person proves no address, so it stands on what else there is.
    fn code(&mut self, channel: Channel, address: AddressValidation) {
        self.code = true;
        let addressed = channel != Channel::InPerson;
        self.contact_on_record |= addressed && address == AddressValidation::OnRecord;
        self.validated_address |= addressed && address != AddressValidation::None;
    }

    fn strengths(&self, policy: &ProofingPolicy) -> Vec<Strength> {
        self.documents.iter().map(|document| policy.document_strength.of(*document)).collect()
    }
}
