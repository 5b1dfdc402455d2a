//! Patients whom the age rules do not fit: emancipated minors, adults who cannot decide, and minors who are treated
//! as older or younger. Staff with the role `registrar`, `reviewer` or `admin`.

pub(crate) mod end;
pub(crate) mod read;
pub(crate) mod record;

use chrono::{DateTime, Utc};
use kinlink_domain::{access::AgeExceptionKind, patient::PatientRecord};
use serde::Serialize;
use utoipa::ToSchema;

/// What staff recorded against the age rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgeExceptionView {
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// Absent where the age rules fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<RecordedView>,
}

#[derive(Serialize, ToSchema)]
struct RecordedView {
    /// `emancipated`, `incapacity` or `treated_as`, with the `age`.
    #[serde(flatten)]
    #[schema(value_type = Object, example = json!({"kind": "treated_as", "age": 16}))]
    kind: AgeExceptionKind,
    from: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    reason: String,
    reference: String,
    #[schema(value_type = Object)]
    by: kinlink_domain::actor::Actor,
    at: DateTime<Utc>,
}

impl AgeExceptionView {
    fn new(patient: &PatientRecord) -> Self {
        let exception = patient.exception.clone().map(|recorded| RecordedView {
            kind: recorded.exception.kind,
            from: recorded.exception.from,
            until: recorded.exception.until,
            reason: recorded.reason,
            reference: recorded.reference,
            by: recorded.by,
            at: recorded.at,
        });
        Self { patient: patient.record.fhir_id.to_string(), exception }
    }
}
