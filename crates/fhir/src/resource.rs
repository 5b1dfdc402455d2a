//! The parts of FHIR R4 JSON that Kinlink reads. Whatever else a resource holds is passed over.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patient {
    pub(crate) resource_type: String,
    pub(crate) id: Option<String>,
    pub(crate) meta: Option<Meta>,
    pub(crate) active: Option<bool>,
    #[serde(flatten)]
    pub(crate) person: PersonalData,
    pub(crate) deceased_boolean: Option<bool>,
    pub(crate) deceased_date_time: Option<String>,
    #[serde(default)]
    pub(crate) contact: Vec<NamedContact>,
    #[serde(default)]
    pub(crate) link: Vec<Link>,
}

/// The members of a Patient that say who it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalData {
    #[serde(default)]
    pub(crate) name: Vec<HumanName>,
    pub(crate) birth_date: Option<String>,
    pub(crate) gender: Option<String>,
    #[serde(default)]
    pub(crate) address: Vec<Address>,
    #[serde(default)]
    pub(crate) telecom: Vec<ContactPoint>,
    #[serde(default)]
    pub(crate) identifier: Vec<Identifier>,
}

/// `Patient.contact`.
#[derive(Deserialize)]
pub(crate) struct NamedContact {
    #[serde(default)]
    pub(crate) relationship: Vec<CodeableConcept>,
    pub(crate) name: Option<HumanName>,
    #[serde(default)]
    pub(crate) telecom: Vec<ContactPoint>,
    pub(crate) period: Option<Period>,
}

/// `Parameters` of `Patient/$match`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    pub(crate) resource_type: String,
    #[serde(default)]
    pub(crate) parameter: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) resource: Option<PatientInput>,
    pub(crate) value_boolean: Option<bool>,
    pub(crate) value_integer: Option<u32>,
}

/// A Patient that need not exist: without an id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatientInput {
    pub(crate) resource_type: String,
    #[serde(flatten)]
    pub(crate) person: PersonalData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    pub(crate) version_id: Option<String>,
    pub(crate) last_updated: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Period {
    pub(crate) end: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct HumanName {
    #[serde(rename = "use")]
    pub(crate) usage: Option<String>,
    pub(crate) family: Option<String>,
    /// A missing given name beside an extension is `null` in FHIR's JSON.
    #[serde(default)]
    pub(crate) given: Vec<Option<String>>,
    #[serde(default)]
    pub(crate) prefix: Vec<Option<String>>,
    #[serde(default)]
    pub(crate) suffix: Vec<Option<String>>,
    pub(crate) text: Option<String>,
    pub(crate) period: Option<Period>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    #[serde(rename = "use")]
    pub(crate) usage: Option<String>,
    #[serde(default)]
    pub(crate) line: Vec<Option<String>>,
    pub(crate) city: Option<String>,
    pub(crate) district: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) period: Option<Period>,
}

#[derive(Deserialize)]
pub(crate) struct ContactPoint {
    pub(crate) system: Option<String>,
    pub(crate) value: Option<String>,
    #[serde(rename = "use")]
    pub(crate) usage: Option<String>,
    pub(crate) rank: Option<u32>,
    pub(crate) period: Option<Period>,
}

#[derive(Deserialize)]
pub(crate) struct Identifier {
    pub(crate) system: Option<String>,
    pub(crate) value: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<CodeableConcept>,
}

#[derive(Deserialize)]
pub(crate) struct CodeableConcept {
    #[serde(default)]
    pub(crate) coding: Vec<Coding>,
}

#[derive(Deserialize)]
pub(crate) struct Coding {
    pub(crate) system: Option<String>,
    pub(crate) code: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Link {
    pub(crate) other: Option<Reference>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) reference: Option<String>,
}
