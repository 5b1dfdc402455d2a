//! FHIR R4 resources to and from the domain's types. Pure, and no error of it holds a value of the resource.

mod audit_event;
mod bundle;
mod capability;
mod consent;
mod matching;
mod outcome;
mod patient;
mod person;
mod place;
mod related_person;
mod resource;
mod versioned;
mod write;

pub use audit_event::audit_event;
pub use bundle::searchset;
pub use capability::capability_statement;
pub use consent::consent;
pub use matching::{MatchEntry, MatchGrade, MatchRequest, match_bundle, parse_match};
pub use outcome::operation_outcome;
pub use patient::{MAX_RESOURCE_BYTES, PatientParseError, parse_patient};
pub use person::person;
pub use place::{ACTS_AS, Place};
pub use related_person::related_person;
pub use versioned::version_of;
pub use write::patient_resource;
