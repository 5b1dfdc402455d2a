//! What the forms of an invitation share, whomever it is for.

use kinlink_domain::{
    actor::Authorized,
    evidence::Fact,
    invitation::{Challenge, Channel},
    organization::Organization,
    patient::{FhirId, PatientRecord},
    service::issue_invitation::{EmailTarget, IssueError, PatientReference, find_patient},
    store::UnitOfWork,
};
use serde::Deserialize;

use super::way::{self, Way};
use crate::{
    pages::{
        complaint::Complaints, form::filled, me::access::give::complain_of_terms, refusal::Refusal,
        staff::record::record_reading,
    },
    problem::{Problem, ProblemType},
    state::State,
};

/// Where the form is opened from.
#[derive(Deserialize)]
pub(in crate::pages) struct Start {
    pub(in crate::pages::staff) organization: Option<String>,
    #[serde(default)]
    pub(in crate::pages::staff) patient: String,
}

/// The record that was named, for staff to see that it is the right one.
pub(in crate::pages::staff) async fn named_record(
    state: &State,
    unit: &mut dyn UnitOfWork,
    at: &Organization,
    by: Authorized,
    named: &str,
) -> Result<Option<PatientRecord>, Refusal> {
    let Ok(id) = FhirId::parse(named.trim()) else { return Ok(None) };
    match find_patient(unit, at, PatientReference::FhirId(id)).await {
        Ok(patient) => {
            record_reading(state, unit, by, &patient, &[]);
            Ok(Some(patient))
        }
        Err(IssueError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// The record's id, as a form says.
pub(in crate::pages::staff) fn patient(named: &str, complaints: &mut Complaints) -> Option<PatientReference> {
    match FhirId::parse(named.trim()) {
        Ok(id) => Some(PatientReference::FhirId(id)),
        Err(wrong) => {
            complaints.add("patient", format!("Name the record: {wrong}"));
            None
        }
    }
}

/// The way of the code, as a form says.
pub(in crate::pages::staff) fn way_of(
    word: &str,
    missing: &'static str,
    complaints: &mut Complaints,
) -> Option<Way> {
    let way = way::chosen(word);
    if way.is_none() {
        complaints.add("channel", missing);
    }
    way
}

/// What is asked for beside the code, as a form says.
pub(in crate::pages::staff) fn challenge(word: &str) -> Option<Challenge> {
    (word == "birth_date").then_some(Challenge::BirthDate)
}

/// The document that staff say they saw, as a form says.
pub(in crate::pages::staff) fn documents_seen(
    document: &str,
    reference: &str,
    complaints: &mut Complaints,
) -> Vec<Fact> {
    let reference = filled(reference).map(ToOwned::to_owned);
    if reference.as_ref().is_some_and(|text| text.chars().count() > 100) {
        complaints.add("reference", "A reference has at most 100 characters");
    }
    let Some(word) = filled(document) else {
        if reference.is_some() {
            complaints.add("document", "Choose the document that the reference is about");
        }
        return Vec::new();
    };
    if let Ok(document) = serde_json::from_value(serde_json::Value::String(word.to_owned())) {
        vec![Fact::DocumentSeen { document, reference }]
    } else {
        complaints.add("document", "Choose a document from the list");
        Vec::new()
    }
}

/// Where an emailed code goes, as a form says.
pub(in crate::pages::staff) fn email(address: &str, validated: &str) -> EmailTarget {
    match filled(address) {
        None => EmailTarget::OnRecord,
        Some(address) => {
            EmailTarget::Address { address: address.to_owned(), validated_by_staff: !validated.is_empty() }
        }
    }
}

/// Which field an error belongs to, the code having been to go by `channel`. What is no field's fault is a refusal.
pub(in crate::pages::staff) fn complain(error: IssueError, channel: Channel) -> Result<Complaints, Refusal> {
    if let IssueError::Terms(error) = error {
        return Ok(complain_of_terms(error));
    }
    let problem = Problem::from(error);
    let field = match problem.kind {
        ProblemType::PatientNotFound | ProblemType::PatientAmbiguous | ProblemType::RecordNotInvitable => {
            "patient"
        }
        ProblemType::RelationshipNotShown => "paper",
        ProblemType::ChallengeImpossible => "challenge",
        ProblemType::NoContact if channel != Channel::Email => "channel",
        ProblemType::NoContact | ProblemType::ContactNotOnRecord => "email",
        ProblemType::ChannelNotSendable => "channel",
        _ => return Err(problem.into()),
    };
    Ok(Complaints::one(field, problem.title))
}
