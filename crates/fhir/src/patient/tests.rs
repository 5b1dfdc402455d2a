use std::io::Read;

use proptest::prelude::*;

use super::*;

fn synthea() -> String {
    let packed = include_bytes!("../../../demo/assets/patients-100.ndjson.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    text
}

fn parse(json: &serde_json::Value) -> Result<ImportedPatient, PatientParseError> {
    parse_patient(json.to_string().as_bytes())
}

#[test]
fn every_synthea_patient_is_read_with_its_names_identifiers_and_birth_date() {
    let lines = synthea();
    let patients: Vec<_> = lines.lines().map(|line| parse_patient(line.as_bytes()).unwrap()).collect();
    assert_eq!(patients.len(), 120);
    for patient in &patients {
        let demographics = &patient.demographics;
        assert!(demographics.birth_date.is_some_and(|date| date.day().is_some()));
        assert!(demographics.names.iter().any(|name| name.family.is_some() && !name.given.is_empty()));
        assert!(demographics.identifiers.iter().any(|identifier| identifier.kind.as_deref() == Some("MR")));
        assert!(patient.is_usable());
    }
    assert!(patients.iter().any(|patient| patient.deceased));
}

#[test]
fn each_member_is_read_as_fhir_means_it() {
    let patient = parse(&serde_json::json!({
        "resourceType": "Patient", "id": "a.1", "active": false, "deceasedDateTime": "2020",
        "meta": {"versionId": "7", "lastUpdated": "2026-01-02T03:04:05+02:00"},
        "name": [{"use": "official", "family": "Ó Briain", "given": ["Seán", null]},
                 {"family": "Former", "period": {"end": "2001"}}],
        "birthDate": "1984-02", "gender": "other",
        "telecom": [{"system": "email", "value": " a@b.example ", "rank": 1},
                    {"system": "email", "value": "gone@b.example", "period": {"end": "2001"}},
                    {"system": "pager", "value": "1"}, {"system": "email"}],
        "identifier": [{"value": "no system"}, {"system": "urn:x", "value": "1"},
                       {"value": "9", "type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "SS"}]}}],
        "link": [{"type": "replaced-by", "other": {"reference": "https://f.example/r4/Patient/b/_history/2"}},
                 {"type": "seealso", "other": {"reference": "RelatedPerson/c"}}],
    }))
    .unwrap();
    assert!(!patient.active && patient.deceased && !patient.is_usable());
    assert_eq!(patient.version.last_updated.unwrap().to_rfc3339(), "2026-01-02T01:04:05+00:00");
    assert_eq!(patient.replaced_by().map(FhirId::as_str), Some("b"));
    assert_eq!(patient.links.len(), 1);
    let demographics = &patient.demographics;
    assert_eq!(demographics.emails(), ["a@b.example"]);
    assert_eq!(demographics.names[0].given, ["Seán"]);
    assert_eq!(demographics.names[1].usage.as_deref(), Some("old"));
    let systems: Vec<_> =
        demographics.identifiers.iter().map(|identifier| identifier.system.as_str()).collect();
    assert_eq!(systems, ["urn:x", "http://terminology.hl7.org/CodeSystem/v2-0203#SS"]);
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_place() {
    for (json, expected) in [
        (serde_json::json!({"resourceType": "Observation", "id": "x"}), "resourceType is not Patient"),
        (serde_json::json!({"resourceType": "Patient"}), "Patient.id: required"),
        (serde_json::json!({"resourceType": "Patient", "id": "a b"}), "Patient.id: 1 to 64"),
        (
            serde_json::json!({"resourceType": "Patient", "id": "x", "birthDate": "12/3/1984"}),
            "Patient.birthDate",
        ),
        (serde_json::json!({"resourceType": "Patient", "id": "x", "gender": "m"}), "Patient.gender"),
        (serde_json::json!({"resourceType": "Patient", "id": "x", "name": "Joe"}), "not of the form"),
        (
            serde_json::json!({"resourceType": "Patient", "id": "x", "link": [{"type": "replaced-by"}]}),
            "Patient.link.other",
        ),
    ] {
        let error = parse(&json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{json} gave: {error}");
    }
    assert!(matches!(parse_patient(b"{"), Err(PatientParseError::NotJson { .. })));
    assert_eq!(parse_patient(&vec![b' '; MAX_RESOURCE_BYTES + 1]), Err(PatientParseError::TooLong));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_patient(&bytes);
    }

    #[test]
    fn no_error_shows_a_value(value in "[a-z]{12}") {
        let templates = [
            serde_json::json!({"resourceType": value, "id": "x"}),
            serde_json::json!({"resourceType": "Patient", "id": format!("{value} {value}")}),
            serde_json::json!({"resourceType": "Patient", "id": "x", "birthDate": value}),
            serde_json::json!({"resourceType": "Patient", "id": "x", "gender": value}),
            serde_json::json!({"resourceType": "Patient", "id": "x", "name": value}),
            serde_json::json!({"resourceType": "Patient", "id": "x", "link": [{"type": value}]}),
        ];
        for json in templates {
            prop_assert!(!parse(&json).unwrap_err().to_string().contains(&value));
        }
    }
}
