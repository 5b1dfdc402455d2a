//! Reads FHIR R4 resources into the domain's types. Pure, and no error of it holds a value of the resource.

mod patient;
mod resource;

pub use patient::{MAX_RESOURCE_BYTES, PatientParseError, parse_patient};
