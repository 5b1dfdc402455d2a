//! Evidence: facts in support of a link. What they are worth together is decided in [`crate::proofing`].
//!
//! ```text
//! valid ──► withdrawn    a decision with a reason code
//!   └─────► expired      by the clock alone: derived when read, never stored
//! ```
//! Evidence is never deleted: a link's whole story can be told from it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    account::Iss,
    actor::Actor,
    comparison::Band,
    id::{ClaimId, EvidenceId, GrantId, InvitationId, LinkId, OrganizationId},
    invitation::Channel,
};

/// One fact in support of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// The link it supports.
    pub link: LinkId,
    /// The custodian of the record.
    pub organization: OrganizationId,
    /// The fact.
    pub fact: Fact,
    /// When it was established.
    pub established_at: DateTime<Utc>,
    /// Who established it.
    pub by: Actor,
    /// The first moment at which it counts no more by the clock alone; open if absent.
    pub valid_until: Option<DateTime<Utc>>,
    /// Where it stands.
    pub state: EvidenceState,
}

/// Where evidence stands, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceState {
    /// Nobody withdrew it.
    Valid,
    /// It was withdrawn.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Withdrawal,
    },
}

/// Why evidence was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// The document, or what was said, turned out to be forged.
    FoundForged,
    /// It was never so: a mistake at the desk.
    EnteredByMistake,
    /// It is about somebody else.
    WrongPerson,
    /// It holds no more, for example because its issuer revoked it.
    NoLongerValid,
}

impl Withdrawal {
    /// Every reason.
    pub const ALL: [Self; 4] =
        [Self::FoundForged, Self::EnteredByMistake, Self::WrongPerson, Self::NoLongerValid];
}

/// Where evidence stands at a given time, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceStatus {
    /// It counts.
    Valid,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// Evidence that was withdrawn before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the evidence was withdrawn before")]
pub struct AlreadyWithdrawn;

impl Evidence {
    /// Where it stands at `now`.
    pub fn status(&self, now: DateTime<Utc>) -> EvidenceStatus {
        match self.state {
            EvidenceState::Withdrawn { .. } => EvidenceStatus::Withdrawn,
            EvidenceState::Valid if self.valid_until.is_some_and(|end| end <= now) => EvidenceStatus::Expired,
            EvidenceState::Valid => EvidenceStatus::Valid,
        }
    }

    /// Where it stood at `at`, which may lie in the past: what was withdrawn later counted then.
    pub fn status_at(&self, at: DateTime<Utc>) -> EvidenceStatus {
        match self.state {
            EvidenceState::Withdrawn { at: withdrawn, .. } if withdrawn <= at => EvidenceStatus::Withdrawn,
            _ if self.valid_until.is_some_and(|end| end <= at) => EvidenceStatus::Expired,
            _ => EvidenceStatus::Valid,
        }
    }

    /// Takes it out of what is counted.
    pub fn withdraw(
        self,
        by: Actor,
        reason: Withdrawal,
        now: DateTime<Utc>,
    ) -> Result<Self, AlreadyWithdrawn> {
        match self.state {
            EvidenceState::Withdrawn { .. } => Err(AlreadyWithdrawn),
            EvidenceState::Valid => {
                Ok(Self { state: EvidenceState::Withdrawn { at: now, by, reason }, ..self })
            }
        }
    }
}

/// A fact, as stored. What a new kind is worth is said in [`crate::proofing::rules`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// The account presented the code of an invitation.
    CodeRedeemed {
        /// The invitation.
        invitation: InvitationId,
        /// The way the code took.
        channel: Channel,
        /// Where it went.
        address: AddressValidation,
    },
    /// The account gave the birth date on record.
    BirthDateConfirmed,
    /// Staff compared the person with a document.
    DocumentSeen {
        /// The kind of document.
        document: Document,
        /// Staff's own reference to it; never its number, never a scan. 1 to 100 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// Staff saw what shows the relationship of a proxy to the patient, or their right to act.
    RelationshipSeen {
        /// The kind of paper.
        paper: Paper,
        /// Staff's own reference to it. 1 to 100 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// When it runs out, and with it what was given for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_until: Option<DateTime<Utc>>,
    },
    /// The patient, or staff, decided that the account may act for the patient.
    Granted {
        /// The decision.
        grant: GrantId,
        /// The way that its code took to the account; absent if there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<Channel>,
    },
    /// What the account claimed of itself agrees with the record.
    DemographicMatch {
        /// The claim.
        claim: ClaimId,
        /// The weight of the agreement, in bits.
        weight: f64,
        /// What was to be done about it.
        band: Band,
    },
    /// A code reached a contact on record and was entered.
    ContactConfirmed {
        /// The claim that the code was sent for.
        claim: ClaimId,
        /// The way the code took.
        channel: Channel,
    },
    /// The account's identity provider said how it identified its user.
    FederatedAssurance {
        /// The provider.
        iss: Iss,
        /// The authentication context (OpenID Connect Core 1.0, section 2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acr: Option<String>,
        /// The authentication methods (RFC 8176).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        amr: Vec<String>,
        /// Under which rules the provider identified (OpenID Identity Assurance Schema Definition 1.0,
        /// `verification.trust_framework`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trust_framework: Option<String>,
        /// How well, in that framework's words (`verification.assurance_level`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assurance_level: Option<String>,
    },
}

impl Fact {
    /// The moment at which it counts no more by itself.
    pub const fn valid_until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::RelationshipSeen { valid_until, .. } => *valid_until,
            _ => None,
        }
    }

    /// The word used in storage and JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CodeRedeemed { .. } => "code_redeemed",
            Self::BirthDateConfirmed => "birth_date_confirmed",
            Self::DocumentSeen { .. } => "document_seen",
            Self::RelationshipSeen { .. } => "relationship_seen",
            Self::Granted { .. } => "granted",
            Self::DemographicMatch { .. } => "demographic_match",
            Self::ContactConfirmed { .. } => "contact_confirmed",
            Self::FederatedAssurance { .. } => "federated_assurance",
        }
    }
}

/// How the place that a code went to was known to be the patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressValidation {
    /// Handed over in person, or left to staff: there was no address.
    None,
    /// A contact on the patient's record.
    OnRecord,
    /// Not on record, but staff said that they validated it.
    ByStaff,
}

/// Papers that show what a proxy is to the patient, or that they may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// A birth certificate.
    BirthCertificate,
    /// A decree of adoption.
    Adoption,
    /// A court's order, such as one of guardianship or custody.
    CourtOrder,
    /// A power of attorney.
    PowerOfAttorney,
    /// A court's letters to an executor or administrator of an estate.
    LettersTestamentary,
    /// Another paper of an authority.
    OtherPaper,
}

impl Paper {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::BirthCertificate,
        Self::Adoption,
        Self::CourtOrder,
        Self::PowerOfAttorney,
        Self::LettersTestamentary,
        Self::OtherPaper,
    ];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BirthCertificate => "birth_certificate",
            Self::Adoption => "adoption",
            Self::CourtOrder => "court_order",
            Self::PowerOfAttorney => "power_of_attorney",
            Self::LettersTestamentary => "letters_testamentary",
            Self::OtherPaper => "other_paper",
        }
    }
}

/// Documents that staff may have compared a person with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// A passport.
    Passport,
    /// A driving licence.
    DrivingLicence,
    /// A national identity card.
    IdentityCard,
    /// A residence permit.
    ResidencePermit,
    /// A health insurance card with photograph.
    InsuranceCardWithPhoto,
    /// Another document with photograph, issued by an authority.
    OtherPhotoId,
}

impl Document {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Passport,
        Self::DrivingLicence,
        Self::IdentityCard,
        Self::ResidencePermit,
        Self::InsuranceCardWithPhoto,
        Self::OtherPhotoId,
    ];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::DrivingLicence => "driving_licence",
            Self::IdentityCard => "identity_card",
            Self::ResidencePermit => "residence_permit",
            Self::InsuranceCardWithPhoto => "insurance_card_with_photo",
            Self::OtherPhotoId => "other_photo_id",
        }
    }
}

#[cfg(test)]
mod tests;
