//! What the domain's words are called on pages.

mod acts;
mod family;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    actor::Actor,
    age::TimeZone,
    claim::Decline,
    comparison::{Band, Field},
    evidence::{AddressValidation, Document, Fact, Paper},
    invitation::{Challenge, Channel, InvitationRevocation, InvitationStatus},
    link::{LinkRole, LinkStatus, Revocation},
    patient::PatientRecord,
    proofing::{Assurance, AssuranceLevel, Ial},
    review::{Missing, ReviewReason, ReviewStatus},
};

pub(super) use acts::{chosen, dispute_status, reasons, reinstatement, suspension, withdrawal, word};
pub(super) use family::{
    Choices, asker_status, bases, basis, candidate_relationship, every_relationship, exception, family,
    grant_status, names, papers, profiles, relationship, request_decline, request_status,
};

/// Reasons to choose from: the word that the form sends, and what people read.
pub(super) type Reasons = Vec<(String, &'static str)>;

/// A day, for reading.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

/// A day, as the organization's people count them.
pub(super) fn day_in(zone: TimeZone, at: DateTime<Utc>) -> String {
    zone.day(at).format("%-d %B %Y").to_string()
}

/// The last day of what is over from `until` on.
pub(super) fn last_day(zone: TimeZone, until: DateTime<Utc>) -> String {
    day_in(zone, until - TimeDelta::seconds(1))
}

/// A moment, for reading.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// How well a link is proven: a word, and what it means.
pub(super) fn assurance(assurance: Assurance) -> (&'static str, &'static str) {
    match (assurance.ial, assurance.level) {
        (Ial::Ial2, _) => ("Well proven", "Who you are was checked with strong evidence (IAL2)."),
        (Ial::Ial1, AssuranceLevel::Level3 | AssuranceLevel::Level4) => {
            ("Checked", "Several things that only you should have or know were confirmed (IAL1).")
        }
        (Ial::Ial1, AssuranceLevel::Level2) => {
            ("Partly checked", "One thing that only you should have or know was confirmed (IAL1).")
        }
        (Ial::Ial1, AssuranceLevel::Level1) => {
            ("Not checked", "Somebody had the code; nothing more was confirmed (IAL1).")
        }
    }
}

pub(super) fn role(role: &LinkRole) -> String {
    match role {
        LinkRole::SelfRole => "the patient".to_owned(),
        LinkRole::Proxy { relationship, .. } => {
            format!("acting for the patient ({})", relationship.display())
        }
    }
}

pub(super) const fn link_status(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Active => "Open",
        LinkStatus::Pending => "Not yet",
        LinkStatus::Expired => "Expired",
        LinkStatus::Suspended => "Suspended",
        LinkStatus::Revoked => "Ended",
        LinkStatus::RecordInactive => "Record not in use",
        LinkStatus::AgedOut => "Over, by the patient’s age",
        LinkStatus::AgeUnknown => "Closed: the patient’s age is not on record",
        LinkStatus::TooYoung => "Not yet: too young",
        LinkStatus::PatientDeceased => "Over: the patient died",
        LinkStatus::PatientLiving => "Not yet: it is for after the patient’s death",
    }
}

pub(super) const fn revocation(reason: Revocation) -> &'static str {
    match reason {
        Revocation::NotMe => "The record is somebody else’s",
        Revocation::NoLongerWanted => "Not wanted any more",
        Revocation::WrongPerson => "The account is another person’s",
        Revocation::PatientRequest => "The patient asked for it",
        Revocation::Fraud => "Fraud, or the suspicion of it",
        Revocation::CourtOrder => "A court ordered it",
        Revocation::Safety => "Somebody’s safety",
        Revocation::StaffError => "A mistake of staff",
        Revocation::Merged => "The record was merged into another",
        Revocation::PatientEnded => "The patient ended it",
        Revocation::Superseded => "A newer one took its place",
        Revocation::GrantorEnded => "Who passed it on does not have it any more",
    }
}

pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::InPerson => "Handed over",
        Channel::Post => "By post",
        Channel::Phone => "By telephone",
        Channel::Email => "By email",
    }
}

pub(super) const fn invitation_status(status: InvitationStatus) -> &'static str {
    match status {
        InvitationStatus::Issued => "Open",
        InvitationStatus::Redeemed => "Redeemed",
        InvitationStatus::Revoked => "Revoked",
        InvitationStatus::Locked => "Locked",
        InvitationStatus::Expired => "Expired",
    }
}

pub(super) const fn invitation_revocation(reason: InvitationRevocation) -> &'static str {
    match reason {
        InvitationRevocation::Reissued => "A new one took its place",
        InvitationRevocation::WrongPerson => "For the wrong record or person",
        InvitationRevocation::Lost => "It went astray",
        InvitationRevocation::PatientRequest => "The patient does not want it",
        InvitationRevocation::NotNeeded => "Not needed any more",
        InvitationRevocation::AccessEnded => "Every access to the record was ended",
    }
}

pub(super) const fn challenge(challenge: Option<Challenge>) -> &'static str {
    match challenge {
        None => "Nothing beside the code",
        Some(Challenge::BirthDate) => "The date of birth",
    }
}

pub(super) const fn address(address: AddressValidation) -> &'static str {
    match address {
        AddressValidation::None => "no address",
        AddressValidation::OnRecord => "a contact on record",
        AddressValidation::ByStaff => "an address that staff validated",
    }
}

/// Documents, with the word that a form sends.
pub(super) const DOCUMENTS: [(&str, &str); 6] = [
    ("passport", "Passport"),
    ("identity_card", "Identity card"),
    ("driving_licence", "Driving licence"),
    ("residence_permit", "Residence permit"),
    ("insurance_card_with_photo", "Insurance card with photograph"),
    ("other_photo_id", "Another official document with photograph"),
];

const fn document(document: Document) -> &'static str {
    match document {
        Document::Passport => "passport",
        Document::DrivingLicence => "driving licence",
        Document::IdentityCard => "identity card",
        Document::ResidencePermit => "residence permit",
        Document::InsuranceCardWithPhoto => "insurance card with photograph",
        Document::OtherPhotoId => "official document with photograph",
    }
}

/// One fact of the evidence, as a sentence.
pub(super) fn fact(fact: &Fact) -> String {
    match fact {
        Fact::CodeRedeemed { channel: way, address: to, .. } => {
            format!("Had the code of an invitation ({}, {})", channel(*way).to_lowercase(), address(*to))
        }
        Fact::BirthDateConfirmed => "Gave the date of birth on record".to_owned(),
        Fact::DocumentSeen { document: seen, reference } => {
            let reference =
                reference.as_ref().map(|text| format!(", reference “{text}”")).unwrap_or_default();
            format!("Was compared with a document: {}{reference}", document(*seen))
        }
        Fact::RelationshipSeen { paper: seen, reference, .. } => {
            let reference =
                reference.as_ref().map(|text| format!(", reference “{text}”")).unwrap_or_default();
            format!("The relationship was shown by a paper: {}{reference}", paper(*seen))
        }
        Fact::Granted { channel: None, .. } => "Was allowed to act for the patient".to_owned(),
        Fact::Granted { channel: Some(way), .. } => {
            format!("Accepted to act for the patient ({})", channel(*way).to_lowercase())
        }
        Fact::DemographicMatch { weight, band, .. } => {
            let band = match band {
                Band::Certain => "beyond doubt",
                Band::Review => "decided by a reviewer",
                Band::None => "below what is looked at",
            };
            format!("Was found by name, birth date and more: {weight:.1} bits, {band}")
        }
        Fact::ContactConfirmed { channel: way, .. } => {
            format!("Entered the code of a claim ({})", channel(*way).to_lowercase())
        }
        Fact::FederatedAssurance { iss, .. } => {
            format!("Was identified by the identity provider {iss}")
        }
    }
}

const fn paper(paper: Paper) -> &'static str {
    match paper {
        Paper::BirthCertificate => "birth certificate",
        Paper::Adoption => "decree of adoption",
        Paper::CourtOrder => "court order",
        Paper::PowerOfAttorney => "power of attorney",
        Paper::LettersTestamentary => "letters testamentary",
        Paper::OtherPaper => "another paper",
    }
}

/// Who did something.
pub(super) fn actor(actor: Actor) -> String {
    match actor {
        Actor::Staff(id) => format!("Staff {id}"),
        Actor::Account(id) => format!("Account holder {id}"),
        Actor::Client(id) => format!("Authorization server {id}"),
        Actor::Operator => "An operator at the command line".to_owned(),
        Actor::System => "Kinlink itself".to_owned(),
        Actor::Contact(_) => "A contact on the record".to_owned(),
    }
}

/// The name that a record is known by, and whether there is one.
pub(super) fn name(patient: &PatientRecord) -> String {
    let names = &patient.record.demographics.names;
    let current = names.iter().find(|name| !matches!(name.usage.as_deref(), Some("old" | "maiden")));
    let Some(name) = current.or(names.first()) else { return "no name on record".to_owned() };
    let parts = name.given.iter().chain(&name.family).map(String::as_str).collect::<Vec<_>>().join(" ");
    match &name.text {
        Some(text) if parts.is_empty() => text.clone(),
        _ => parts,
    }
}

pub(super) const fn review_status(status: ReviewStatus) -> &'static str {
    match status {
        ReviewStatus::Open => "Open",
        ReviewStatus::Seconding => "Needs a second reviewer",
        ReviewStatus::Approved => "Approved",
        ReviewStatus::Declined => "Declined",
        ReviewStatus::Moot => "Nothing left to decide",
    }
}

/// Why somebody has to look.
pub(super) const fn review_reason(reason: ReviewReason) -> &'static str {
    match reason {
        ReviewReason::Ambiguous => "No record, or not only one, is beyond doubt",
        ReviewReason::Crowded => "So many records are alike that not all were compared",
        ReviewReason::NoContact => "The record has no contact that a code could go to",
        ReviewReason::ContactChanged => "A contact on record was changed lately",
        ReviewReason::Deceased => "The patient is deceased",
        ReviewReason::Inactive => "The record is not in use",
        ReviewReason::Merged => "The record was merged into another",
        ReviewReason::LinkedToAnother => "Another account opens this record as the patient",
        ReviewReason::Disputed => "A link to this record is disputed",
        ReviewReason::Minor => "The patient is a minor, or may be",
        ReviewReason::EndedBefore => "This account had a link to this record that was ended for cause",
        ReviewReason::ActsForPatient => "This account acts for the patient, or did",
        ReviewReason::TooManyCodes => "Many codes went to this record lately",
    }
}

pub(super) const fn decline(reason: Decline) -> &'static str {
    match reason {
        Decline::NoMatch => "Nobody was found",
        Decline::NotTheSamePerson => "None of these is the person",
        Decline::NotEnoughProof => "What was missing never came",
        Decline::Fraud => "Fraud, or the suspicion of it",
        Decline::LinkedOtherwise => "The person was linked by another way",
        Decline::AccessEnded => "Every access was ended",
    }
}

pub(super) const fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::PhotoId => "to come by with a photo id",
        Missing::NameChange => "proof of a changed name",
        Missing::Address => "proof of the present address",
        Missing::Contact => "a contact to be put on record",
    }
}

pub(super) const fn field(field: Field) -> &'static str {
    match field {
        Field::Given => "Given names",
        Field::Family => "Family name",
        Field::BirthDate => "Date of birth",
        Field::Sex => "Sex",
        Field::Street => "Street",
        Field::City => "City",
        Field::PostalCode => "Postal code",
        Field::Region => "State",
        Field::Phone => "Telephone",
        Field::Email => "Email",
        Field::Identifier => "Identifier",
    }
}
