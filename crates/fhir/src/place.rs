use kinlink_domain::{fhir_user, id::LinkId, organization::FhirBase, patient::FhirId};
use serde_json::{Value, json};

/// Where Kinlink's own terms are named; see `docs/fhir.md`.
pub(crate) const TERMS: &str = "https://kinlink.dev/fhir";

/// The role of an item of SMART's `fhirContext`: as this resource, the user acts for the patient in context.
pub const ACTS_AS: &str = "https://kinlink.dev/fhir/role/acts-as";

/// What the resources of an organization refer to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where Kinlink answers for the organization, without a trailing slash.
    pub base: &'a str,
    /// Where its records are.
    pub records: &'a FhirBase,
    /// Its name.
    pub name: &'a str,
}

impl Place<'_> {
    /// A record: on the organization's own server, so the reference is absolute.
    pub(crate) fn patient(&self, id: &FhirId) -> Value {
        json!({"reference": self.records.patient(id), "type": "Patient"})
    }

    pub(crate) fn organization(&self) -> Value {
        json!({"type": "Organization", "display": self.name,
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self.base}})
    }
}

/// A proxy: here.
pub(crate) fn related_person(link: LinkId) -> Value {
    json!({"reference": fhir_user::related_person(link).to_string(), "type": "RelatedPerson"})
}
