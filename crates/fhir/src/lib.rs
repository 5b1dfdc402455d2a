//! FHIR R4 resources to and from the domain's types. Pure, and no error of it holds a value of the resource.

mod matching;
mod outcome;
mod patient;
mod resource;
mod write;

pub use matching::{MatchEntry, MatchGrade, MatchRequest, match_bundle, parse_match};
pub use outcome::operation_outcome;
pub use patient::{MAX_RESOURCE_BYTES, PatientParseError, parse_patient};
pub use write::patient_resource;
