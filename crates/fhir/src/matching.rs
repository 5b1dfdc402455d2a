//! `Patient/$match` (FHIR R4, operation-patient-match): Parameters in, a searchset Bundle out.

use kinlink_domain::{
    comparison::{Band, Thresholds},
    demographics::Demographics,
    organization::FhirBase,
    patient::PatientRecord,
};
use serde_json::{Value, json};

use crate::{
    MAX_RESOURCE_BYTES, PatientParseError,
    patient::{demographics, malformed, member},
    patient_resource, resource,
};

const MATCH_GRADE: &str = "http://hl7.org/fhir/StructureDefinition/match-grade";

/// What is asked.
#[derive(Debug)]
pub struct MatchRequest {
    /// The person who is sought.
    pub person: Demographics,
    /// Only a single match that is beyond doubt is wanted (`onlyCertainMatches`).
    pub only_certain: bool,
    /// At most so many (`count`).
    pub count: Option<usize>,
}

/// Reads the Parameters of `Patient/$match`. Parameters that the operation does not have are passed over.
pub fn parse_match(json: &[u8]) -> Result<MatchRequest, PatientParseError> {
    if json.len() > MAX_RESOURCE_BYTES {
        return Err(PatientParseError::TooLong);
    }
    let parameters: resource::Parameters = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if parameters.resource_type != "Parameters" {
        return Err(member("Parameters.resourceType", "Parameters"));
    }
    let (mut person, mut only_certain, mut count) = (None, false, None);
    for parameter in parameters.parameter {
        match parameter.name.as_str() {
            "resource" => person = parameter.resource,
            "onlyCertainMatches" => only_certain = parameter.value_boolean.unwrap_or(false),
            "count" => count = parameter.value_integer.and_then(|count| usize::try_from(count).ok()),
            _ => {}
        }
    }
    let person = person.ok_or(member("Parameters.parameter:resource", "a Patient"))?;
    if person.resource_type != "Patient" {
        return Err(PatientParseError::OtherResource);
    }
    Ok(MatchRequest { person: demographics(person.person)?, only_certain, count })
}

/// How sure a match is (value set `match-grade`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchGrade {
    /// One record, beyond doubt.
    Certain,
    /// More likely the person than not.
    Probable,
    /// May be the person.
    Possible,
}

impl MatchGrade {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Probable => "probable",
            Self::Possible => "possible",
        }
    }

    /// The grade of a candidate with this probability; only the best of a ranking that is beyond doubt is certain.
    pub fn of(probability: f64, band: Band, thresholds: Thresholds) -> Self {
        if band == Band::Certain && probability >= thresholds.upper {
            Self::Certain
        } else if probability >= 0.5 {
            Self::Probable
        } else {
            Self::Possible
        }
    }
}

/// One match.
#[derive(Debug)]
pub struct MatchEntry<'a> {
    /// The record.
    pub record: &'a PatientRecord,
    /// The probability that it is the person's, 0 to 1.
    pub score: f64,
    /// How sure that is.
    pub grade: MatchGrade,
}

/// The answer: best first, each with its score and grade.
pub fn match_bundle(id: &str, base: &FhirBase, entries: &[MatchEntry<'_>]) -> Value {
    let entry: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let record = &entry.record.record;
            json!({
                "fullUrl": base.patient(&record.fhir_id),
                "resource": patient_resource(record),
                "search": {
                    "extension": [{"url": MATCH_GRADE, "valueCode": entry.grade.code()}],
                    "mode": "match",
                    // FHIR decimals; six digits tell 0.9998 from certainty.
                    "score": (entry.score * 1e6).floor() / 1e6,
                },
            })
        })
        .collect();
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "type": "searchset", "total": entries.len()});
    // An empty array is no valid FHIR JSON.
    if !entry.is_empty() {
        bundle["entry"] = Value::Array(entry);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use kinlink_domain::comparison::MatchCosts;

    use super::*;

    #[test]
    fn parameters_are_read_and_wrong_ones_named() {
        let asked = parse_match(
            br#"{"resourceType": "Parameters", "parameter": [
                {"name": "resource", "resource": {"resourceType": "Patient", "birthDate": "1984-02-29",
                 "name": [{"family": "Doe", "given": ["Jo"]}]}},
                {"name": "count", "valueInteger": 3}, {"name": "onlyCertainMatches", "valueBoolean": true}]}"#,
        )
        .unwrap();
        assert_eq!(asked.person.names[0].family.as_deref(), Some("Doe"));
        assert_eq!((asked.only_certain, asked.count), (true, Some(3)));
        for (json, expected) in [
            ("{", "not JSON (column 1)"),
            (r#"{"resourceType": "Patient"}"#, "Parameters.resourceType: Parameters"),
            (r#"{"resourceType": "Parameters"}"#, "Parameters.parameter:resource: a Patient"),
        ] {
            assert_eq!(parse_match(json.as_bytes()).unwrap_err().to_string(), expected, "{json}");
        }
    }

    #[test]
    fn only_the_one_beyond_doubt_is_certain() {
        let thresholds = MatchCosts::default().thresholds().unwrap();
        for (probability, band, grade) in [
            (0.99999, Band::Certain, MatchGrade::Certain),
            (0.99999, Band::Review, MatchGrade::Probable),
            (0.5, Band::Review, MatchGrade::Probable),
            (0.3, Band::Review, MatchGrade::Possible),
        ] {
            assert_eq!(MatchGrade::of(probability, band, thresholds), grade, "{probability} {band:?}");
        }
    }
}
