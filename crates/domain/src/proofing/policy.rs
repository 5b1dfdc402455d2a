use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Ial;
use crate::{
    account::Iss,
    evidence::{Document, Fact},
    policy::{Findings, Violation},
};

/// What an organization accepts as proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and a line of the policy file"
)]
pub struct ProofingPolicy {
    /// Documents seen by staff count as IAL2 together with a redeemed code.
    pub document_and_code_is_ial2: bool,
    /// A code that reached a contact on record counts as IAL2 if the birth date was confirmed too. Off by
    /// default: neither compares the person with anything.
    pub code_to_record_and_birth_date_is_ial2: bool,
    /// A code that reached a contact on record counts as IAL2 if the demographics match beyond doubt too. Off
    /// by default, for the same reason.
    pub match_and_code_is_ial2: bool,
    /// A provider's IAL2 counts as such with nothing but a demographic match beyond doubt. Off by default: it
    /// is right only where whoever makes the claim sends attributes that the provider verified, and not what
    /// the patient typed.
    pub federated_and_match_is_ial2: bool,
    /// Which documents are enough.
    pub documents: DocumentRule,
    /// How strong each kind of document is.
    pub document_strength: DocumentStrengths,
    /// Which identity providers' word counts, and as what. Nobody's unless listed.
    pub federated: Vec<FederatedRule>,
}

impl Default for ProofingPolicy {
    fn default() -> Self {
        Self {
            document_and_code_is_ial2: true,
            code_to_record_and_birth_date_is_ial2: false,
            match_and_code_is_ial2: false,
            federated_and_match_is_ial2: false,
            documents: DocumentRule::Strong,
            document_strength: DocumentStrengths::default(),
            federated: Vec::new(),
        }
    }
}

/// Which documents are enough to know a person by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentRule {
    /// Any document with a photograph.
    Any,
    /// One that is strong or superior: the only ones whose photograph a face may be compared with
    /// (NIST SP 800-63A-4, 5.4.4.2).
    Strong,
    /// One superior, or one strong and another that is fair at least (NIST SP 800-63A-4, 5.4.2.1).
    Nist,
}

impl DocumentRule {
    /// Whether documents of these strengths, each of another kind, are enough.
    pub fn is_met(self, strengths: &[Strength]) -> bool {
        let strongest = strengths.iter().max();
        match self {
            Self::Any => strongest.is_some(),
            Self::Strong => strongest >= Some(&Strength::Strong),
            Self::Nist => {
                strongest == Some(&Strength::Superior)
                    || (strongest == Some(&Strength::Strong) && strengths.len() > 1)
            }
        }
    }
}

/// How strong a document is (NIST SP 800-63A-4, 4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Its issuer identified the person.
    Fair,
    /// Its issuer did so under recurring oversight; it has a portrait, security features and an end.
    Strong,
    /// Its issuer did so in person or under supervision, and it is signed digitally.
    Superior,
}

/// How strong each kind of document is taken to be.
///
/// NIST names criteria, not documents; the defaults are how its criteria are met as a rule. An organization
/// whose country issues others may say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentStrengths {
    /// A passport: superior, since it carries a signed chip (ICAO Doc 9303).
    pub passport: Strength,
    /// A driving licence: strong.
    pub driving_licence: Strength,
    /// A national identity card: strong.
    pub identity_card: Strength,
    /// A residence permit: strong.
    pub residence_permit: Strength,
    /// A health insurance card with photograph: fair.
    pub insurance_card_with_photo: Strength,
    /// Another document with photograph: fair.
    pub other_photo_id: Strength,
}

impl Default for DocumentStrengths {
    fn default() -> Self {
        Self {
            passport: Strength::Superior,
            driving_licence: Strength::Strong,
            identity_card: Strength::Strong,
            residence_permit: Strength::Strong,
            insurance_card_with_photo: Strength::Fair,
            other_photo_id: Strength::Fair,
        }
    }
}

impl DocumentStrengths {
    /// How strong this kind is.
    pub const fn of(&self, document: Document) -> Strength {
        match document {
            Document::Passport => self.passport,
            Document::DrivingLicence => self.driving_licence,
            Document::IdentityCard => self.identity_card,
            Document::ResidencePermit => self.residence_permit,
            Document::InsuranceCardWithPhoto => self.insurance_card_with_photo,
            Document::OtherPhotoId => self.other_photo_id,
        }
    }
}

/// What an identity provider says, and what it counts as. A member that is absent is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederatedRule {
    /// The provider.
    pub iss: Iss,
    /// Its `acr` must be this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// `verified_claims.verification.trust_framework` must be this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_framework: Option<String>,
    /// `verified_claims.verification.assurance_level` must be this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance_level: Option<String>,
    /// What it counts as.
    pub counts_as: Ial,
    /// For how many days; without an end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u16>,
}

impl FederatedRule {
    fn is_about(&self, said: &Fact) -> bool {
        let Fact::FederatedAssurance { iss, acr, trust_framework, assurance_level, .. } = said else {
            return false;
        };
        let agrees = |asked: &Option<String>, given: &Option<String>| asked.is_none() || asked == given;
        self.iss == *iss
            && agrees(&self.acr, acr)
            && agrees(&self.trust_framework, trust_framework)
            && agrees(&self.assurance_level, assurance_level)
    }

    /// What it counts as and for how long, no end being longest.
    fn makes(&self) -> (Ial, bool, Option<u16>) {
        (self.counts_as, self.valid_days.is_none(), self.valid_days)
    }

    fn what_it_asks(&self) -> (&Iss, [Option<&str>; 3]) {
        let asked = [&self.acr, &self.trust_framework, &self.assurance_level];
        (&self.iss, asked.map(Option::as_deref))
    }
}

impl ProofingPolicy {
    /// The rule that makes most of what a provider said.
    pub fn federated_rule(&self, said: &Fact) -> Option<&FederatedRule> {
        self.federated.iter().filter(|rule| rule.is_about(said)).max_by_key(|rule| rule.makes())
    }

    /// What is wrong with it.
    pub(crate) fn check(&self, findings: &mut Findings) {
        let doubtful = [
            ("code_to_record_and_birth_date_is_ial2", self.code_to_record_and_birth_date_is_ial2),
            ("match_and_code_is_ial2", self.match_and_code_is_ial2),
        ];
        for (member, _) in doubtful.into_iter().filter(|(_, on)| *on) {
            findings.add(member, Violation::Ial2WithoutComparison);
        }
        if self.federated_and_match_is_ial2 {
            findings.add("federated_and_match_is_ial2", Violation::Ial2WithoutCode);
        }
        if self.documents == DocumentRule::Any && self.document_and_code_is_ial2 {
            findings.add("documents", Violation::WeakDocuments);
        }
        let usual = DocumentStrengths::default();
        for document in Document::ALL {
            if self.document_strength.of(document) > usual.of(document) {
                let member = format!("document_strength.{}", document.as_str());
                findings.add(&member, Violation::StrengthAboveUsual);
            }
        }
        let mut seen = BTreeSet::new();
        for (index, rule) in self.federated.iter().enumerate() {
            let at = |member: &str| format!("federated[{index}].{member}");
            if !seen.insert(rule.what_it_asks()) {
                findings.add(&at("iss"), Violation::SameRuleTwice);
            }
            for (member, text) in [
                ("acr", &rule.acr),
                ("trust_framework", &rule.trust_framework),
                ("assurance_level", &rule.assurance_level),
            ] {
                if text.as_deref() == Some("") {
                    findings.add(&at(member), Violation::Empty);
                }
            }
            if rule.assurance_level.is_some() && rule.trust_framework.is_none() {
                findings.add(&at("assurance_level"), Violation::LevelWithoutFramework);
            }
            if rule.acr.is_none() && rule.trust_framework.is_none() && rule.assurance_level.is_none() {
                findings.add(&at("iss"), Violation::EveryLoginOfIssuer);
            }
            if let Some(days) = rule.valid_days {
                findings.range(&at("valid_days"), days.into(), 1, 3_650);
            }
        }
    }
}
