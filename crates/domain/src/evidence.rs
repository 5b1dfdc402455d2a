//! Evidence: facts in support of a link. What they are worth together is decided in [`crate::proofing`].

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    comparison::Band,
    id::{ClaimId, EvidenceId, InvitationId, LinkId, OrganizationId},
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
}

/// A fact, as stored. New kinds are added at the end of this enum and of the table in
/// [`crate::proofing::assess`].
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
    /// The person as claimed was compared with the record.
    DemographicMatch {
        /// The claim.
        claim: ClaimId,
        /// How well they agree, in bits ([`crate::comparison::Comparison::weight`]).
        weight: f64,
        /// What followed from it.
        band: Band,
    },
    /// The account entered a claim's code.
    ContactConfirmed {
        /// The claim.
        claim: ClaimId,
        /// The way the code took: to a contact on record, or, for [`Channel::InPerson`], by a reviewer's hand.
        channel: Channel,
    },
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

/// Documents that staff may have compared a person with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
