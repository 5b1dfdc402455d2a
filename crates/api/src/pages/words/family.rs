//! Who acts for whom, and on what ground.

use kinlink_domain::{
    access::AgeExceptionKind,
    access_request::{AskerStatus, RequestDecline, RequestStatus},
    demographics::Demographics,
    evidence::Paper,
    grant::GrantStatus,
    policy::FamilyPolicy,
    relationship::{ProxyBasis, Relationship},
    service::decide_request::relationships::CandidateRelationship,
};

const FAMILY: [(&str, &str); 12] = [
    ("SPS", "Husband, wife or spouse"),
    ("DOMPART", "Partner"),
    ("CHILD", "Son or daughter"),
    ("PRN", "Mother or father"),
    ("SIB", "Brother or sister"),
    ("GRPRN", "Grandparent"),
    ("GRNDCHILD", "Grandchild"),
    ("FAMMEMB", "Somebody else of the family"),
    ("FRND", "Friend"),
    ("NBOR", "Neighbour"),
    ("GUARD", "Guardian"),
    ("RESPRSN", "Carer, or somebody else who looks after them"),
];

/// What people choose from: the word that the form sends, and what they read.
pub(in crate::pages) type Choices = Vec<(String, String)>;

fn choices<W: ToString, L: ToString>(all: impl IntoIterator<Item = (W, L)>) -> Choices {
    all.into_iter().map(|(word, label)| (word.to_string(), label.to_string())).collect()
}

/// What one person is to another, for people to choose from.
pub(in crate::pages) fn family() -> Choices {
    choices(FAMILY)
}

/// Every relationship that staff can choose, with its code.
pub(in crate::pages) fn every_relationship() -> Choices {
    let mut all: Vec<_> =
        Relationship::all().map(|one| (one.code().to_owned(), capital(one.display()))).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// What somebody is to the patient, as they or staff chose it.
pub(in crate::pages) fn relationship(relationship: Relationship) -> String {
    capital(relationship.display())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an organization lets be given, by name.
pub(in crate::pages) fn profiles(policy: &FamilyPolicy) -> Choices {
    choices(policy.profiles.iter().map(|(name, profile)| (name, &profile.title)))
}

/// The names of a person as they were described.
pub(in crate::pages) fn names(person: &Demographics) -> String {
    let name = |name: &kinlink_domain::demographics::HumanName| match &name.text {
        Some(text) if name.family.is_none() => text.clone(),
        _ => name.given.iter().chain(&name.family).map(String::as_str).collect::<Vec<_>>().join(" "),
    };
    person.names.iter().map(name).collect::<Vec<_>>().join(", also ")
}

pub(in crate::pages) const fn basis(basis: ProxyBasis) -> &'static str {
    match basis {
        ProxyBasis::PatientGrant => "The patient wants it",
        ProxyBasis::ParentalResponsibility => "Responsible for a minor: a parent, for example",
        ProxyBasis::Guardianship => "Guardian, by a court’s order",
        ProxyBasis::PowerOfAttorney => "Power of attorney",
        ProxyBasis::Executor => "Settles the estate of a patient who died",
    }
}

/// Papers, with the word that a form sends.
pub(in crate::pages) fn papers() -> Choices {
    choices(Paper::ALL.map(|one| (one.as_str(), capital(super::paper(one)))))
}

/// Grounds on which staff let somebody act, with the word that a form sends.
pub(in crate::pages) fn bases() -> Choices {
    choices(ProxyBasis::ALL.map(|one| (one.as_str(), basis(one))))
}

pub(in crate::pages) const fn grant_status(status: GrantStatus) -> &'static str {
    match status {
        GrantStatus::Offered => "Offered",
        GrantStatus::Accepted => "Accepted",
        GrantStatus::Ended => "Ended",
        GrantStatus::Declined => "Declined",
        GrantStatus::Withdrawn => "Taken back",
        GrantStatus::Expired => "Expired",
    }
}

/// All that whoever asked reads of where a request stands.
pub(in crate::pages) const fn asker_status(status: AskerStatus) -> &'static str {
    match status {
        AskerStatus::Open => "Open",
        AskerStatus::Granted => "Agreed to",
        AskerStatus::Withdrawn => "Taken back",
        AskerStatus::Closed => "Closed",
    }
}

pub(in crate::pages) const fn request_status(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Submitted => "Not looked up yet",
        RequestStatus::Pending => "Waits for a decision",
        RequestStatus::Granted => "Agreed to",
        RequestStatus::Declined => "Declined",
        RequestStatus::Withdrawn => "Taken back",
        RequestStatus::Expired => "Expired",
    }
}

pub(in crate::pages) const fn request_decline(reason: RequestDecline) -> &'static str {
    match reason {
        RequestDecline::NoMatch => "Nobody was found",
        RequestDecline::NotWanted => "The patient does not want it",
        RequestDecline::NoRelationship => "No relationship, or none that gives the right",
        RequestDecline::NotEnoughProof => "What was to be shown never came",
        RequestDecline::Barred => "An order keeps this person out",
        RequestDecline::Fraud => "Fraud, or the suspicion of it",
    }
}

pub(in crate::pages) fn candidate_relationship(found: &CandidateRelationship) -> String {
    match found {
        CandidateRelationship::SameHousehold => {
            "Both are patients here and live at the same address".to_owned()
        }
        CandidateRelationship::SameHouseholdAsTold => {
            "Whoever asks says that they live at the patient’s address".to_owned()
        }
        CandidateRelationship::SharedContact => {
            "The same telephone or email stands on both records".to_owned()
        }
        CandidateRelationship::NamedContact { relationship } => {
            let called =
                relationship.map_or_else(|| "a contact".to_owned(), |found| found.display().to_owned());
            format!(
                "The record names somebody of this name, telephone or email as the patient’s contact: {called}"
            )
        }
        CandidateRelationship::OtherWay { relationship } => {
            format!("The patient acts for whoever asks, as {}", relationship.display())
        }
        CandidateRelationship::Before { relationship } => {
            format!("Whoever asks acts or acted for this patient, as {}", relationship.display())
        }
        CandidateRelationship::PatientHere => {
            "Whoever asks is a patient here, so who they are was proven".to_owned()
        }
    }
}

pub(in crate::pages) fn exception(kind: AgeExceptionKind) -> String {
    match kind {
        AgeExceptionKind::Emancipated => "Decides as an adult does".to_owned(),
        AgeExceptionKind::Incapacity => "Cannot decide, at whatever age".to_owned(),
        AgeExceptionKind::TreatedAs { age } => format!("Is treated as if {age} years old"),
    }
}
