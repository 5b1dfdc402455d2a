//! A record as a FHIR R4 Patient: what Kinlink keeps of it, which is not all that the hospital has.

use kinlink_domain::{
    demographics::{ContactSystem, Identifier},
    patient::{ImportedPatient, NamedContact, RecordLink},
    relationship::ROLE_CODE_SYSTEM,
};
use serde_json::{Map, Value, json};

use crate::patient::IDENTIFIER_TYPE;

/// The Patient resource.
pub fn patient_resource(patient: &ImportedPatient) -> Value {
    let person = &patient.demographics;
    let mut resource = Map::new();
    let mut put = |name: &str, value: Value| {
        // FHIR JSON has no null and no empty array.
        if !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()) {
            resource.insert(name.to_owned(), value);
        }
    };
    put("resourceType", json!("Patient"));
    put("id", json!(patient.fhir_id));
    let version = &patient.version;
    let mut meta = Map::new();
    if let Some(id) = &version.version_id {
        meta.insert("versionId".into(), json!(id));
    }
    if let Some(at) = version.last_updated {
        meta.insert("lastUpdated".into(), json!(at));
    }
    put("meta", if meta.is_empty() { Value::Null } else { Value::Object(meta) });
    put("active", json!(patient.active));
    put("identifier", person.identifiers.iter().map(identifier).collect());
    // The domain keeps names, addresses and contacts in FHIR's own form.
    put("name", json!(person.names));
    put(
        "telecom",
        person
            .telecom
            .iter()
            .map(|point| {
                let mut value = json!(point);
                if point.system == ContactSystem::Other {
                    value["system"] = json!("other");
                }
                value
            })
            .collect(),
    );
    put("gender", json!(person.gender));
    put("birthDate", json!(person.birth_date));
    match patient.deceased_at {
        Some(at) => put("deceasedDateTime", json!(at)),
        None => put("deceasedBoolean", if patient.deceased { json!(true) } else { Value::Null }),
    }
    put("address", json!(person.addresses));
    put("contact", patient.contacts.iter().map(named_contact).collect());
    put("link", patient.links.iter().map(link).collect());
    Value::Object(resource)
}

fn identifier(identifier: &Identifier) -> Value {
    let mut value = json!({"value": identifier.value});
    // Reading makes a system out of a type where a record gives none.
    if !identifier.system.starts_with(IDENTIFIER_TYPE) {
        value["system"] = json!(identifier.system);
    }
    if let Some(code) = &identifier.kind {
        value["type"] = json!({"coding": [{"system": IDENTIFIER_TYPE, "code": code}]});
    }
    value
}

fn named_contact(named: &NamedContact) -> Value {
    let mut value = json!(named);
    if let Some(relationship) = named.relationship {
        let coding = json!({"system": ROLE_CODE_SYSTEM, "code": relationship});
        value["relationship"] = json!([{"coding": [coding]}]);
    }
    value
}

fn link(link: &RecordLink) -> Value {
    json!({"other": {"reference": format!("Patient/{}", link.other)}, "type": link.kind})
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::parse_patient;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let packed = include_bytes!("../../demo/assets/patients-100.ndjson.gz");
        let mut lines = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut lines).unwrap();
        let odd = json!({
            "resourceType": "Patient", "id": "x", "active": false, "deceasedBoolean": true,
            "identifier": [{"value": "9", "type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "SS"}]}}],
            "telecom": [{"system": "pager", "value": "1"}],
            "contact": [{"name": {"family": "Kin"}, "telecom": [{"system": "phone", "value": "2"}], "relationship": [
                {"coding": [{"system": ROLE_CODE_SYSTEM, "code": "MTH"}]}]}],
            "link": [{"type": "replaced-by", "other": {"reference": "Patient/y"}}],
        });
        for line in lines.lines().map(ToOwned::to_owned).chain([odd.to_string()]) {
            let patient = parse_patient(line.as_bytes()).unwrap();
            let written = patient_resource(&patient);
            assert!(
                !written.to_string().contains("null") && !written.to_string().contains("[]"),
                "{written}"
            );
            assert_eq!(parse_patient(written.to_string().as_bytes()).unwrap(), patient);
        }
    }
}
