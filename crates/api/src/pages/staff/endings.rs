//! Every access to a record, or of an account, ended in one act: seen first, then confirmed, and undone by a second
//! person.

pub(super) mod list;
pub(super) mod preview;
pub(super) mod read;
pub(super) mod undo;

use kinlink_domain::{
    ending::{Ending, EndingScope, EndingState},
    patient::FhirId,
    store::UnitOfWork,
};

use super::link_to;
use crate::pages::{refusal::Refusal, words};

/// An ending, for reading.
struct Shown {
    id: String,
    whose: String,
    /// Where the record is, if it is of one.
    record: Option<String>,
    keep_self: bool,
    reason: &'static str,
    by: String,
    at: String,
    undo_until: String,
    undone: Option<String>,
}

impl Shown {
    async fn new(unit: &mut dyn UnitOfWork, slug: &str, ending: &Ending) -> Result<Self, Refusal> {
        let (whose, record) = match ending.scope {
            EndingScope::Record(id) => {
                let patient = unit.patient_by_id(ending.organization, id).await?;
                let fhir_id = patient.map(|patient| patient.record.fhir_id.to_string()).unwrap_or_default();
                let place = [("organization", slug), ("patient", fhir_id.as_str())];
                (format!("Everybody’s access to record {fhir_id}"), Some(link_to("/staff/record", &place)))
            }
            EndingScope::Account(id) => (format!("All access of account {id}"), None),
        };
        let undone = match ending.state {
            EndingState::Done => None,
            EndingState::Undone { at, by } => Some(format!("{}, {}", words::moment(at), words::actor(by))),
        };
        Ok(Self {
            id: ending.id.to_string(),
            whose,
            record,
            keep_self: ending.keep_self,
            reason: words::revocation(ending.reason),
            by: words::actor(ending.by),
            at: words::moment(ending.at),
            undo_until: words::moment(ending.undo_until),
            undone,
        })
    }
}

/// What is to be ended, as the page says it.
fn whose(scope: EndingScope, fhir_id: Option<&FhirId>) -> String {
    match (scope, fhir_id) {
        (EndingScope::Record(_), Some(id)) => format!("everybody’s access to record {id}"),
        (EndingScope::Record(_), None) => "everybody’s access to this record".to_owned(),
        (EndingScope::Account(id), _) => format!("all access of account {id}"),
    }
}
