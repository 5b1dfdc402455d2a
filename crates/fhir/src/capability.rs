//! `CapabilityStatement` (FHIR R4): what is there, and nothing more.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::place::Place;

/// A resource type: its interactions, and its search parameters with their types and what they mean.
type Offered = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str, &'static str)]);

const ID: (&str, &str, &str) = ("_id", "token", "The resource's id");
const PATIENT: (&str, &str, &str) =
    ("patient", "reference", "The record: its id, Patient/<id>, or its address on the organization's server");
const IDENTIFIER: (&str, &str, &str) = ("identifier", "token", "The login, as <iss>|<sub>");

const RESOURCES: &[Offered] = &[
    (
        "AuditEvent",
        &["search-type"],
        &[
            ("date", "date", "When it was recorded"),
            PATIENT,
            (
                "agent",
                "reference",
                "Who acted; `agent:identifier`, by Kinlink's id of an account or a client",
            ),
        ],
    ),
    (
        "Consent",
        &["read", "search-type"],
        &[
            ID,
            PATIENT,
            ("actor", "reference", "Who may act, as RelatedPerson/<id>"),
            (
                "consentor",
                "reference",
                "Who decided: Patient/<id> or RelatedPerson/<id>; `performer` is understood too",
            ),
        ],
    ),
    ("Patient", &["create", "update", "delete"], &[]),
    ("Person", &["read", "search-type"], &[ID, IDENTIFIER]),
    ("RelatedPerson", &["read", "search-type"], &[ID, PATIENT, IDENTIFIER]),
];

/// What Kinlink offers for an organization. `token_url` is where clients get access tokens.
pub fn capability_statement(
    place: &Place<'_>,
    token_url: &str,
    software: &str,
    date: DateTime<Utc>,
) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Kinlink", "version": software},
        "implementation": {"description": format!("Links between logins and records: {}", place.name), "url": place.base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "documentation": "Patients are taken from the organization's own FHIR server, which shows the token of its \
                Subscription; they are not given out.",
            "security": security(token_url),
            "resource": RESOURCES.iter().map(resource).collect::<Vec<_>>(),
        }],
    })
}

/// SMART App Launch 2.2, "Conformance": registered clients get their tokens here; the tokens of people are those of the
/// identity provider that they log in at.
fn security(token_url: &str) -> Value {
    json!({
        "extension": [{
            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            "extension": [{"url": "token", "valueUri": token_url}],
        }],
        "service": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
        }]}],
        "description": "Bearer tokens: of a registered client (client_credentials), of staff, or of the account itself",
    })
}

fn resource((kind, interactions, parameters): &Offered) -> Value {
    let mut resource = json!({
        "type": kind,
        "interaction": interactions.iter().map(|code| json!({"code": code})).collect::<Vec<_>>(),
    });
    if interactions.contains(&"read") {
        resource["versioning"] = json!("versioned");
        resource["conditionalRead"] = json!("not-match");
    }
    if !parameters.is_empty() {
        let parameter = |(name, kind, documentation): &(&str, &str, &str)| json!({"name": name, "type": kind, "documentation": documentation});
        resource["searchParam"] = parameters.iter().map(parameter).collect();
    }
    if *kind == "Patient" {
        let definition = "http://hl7.org/fhir/OperationDefinition/Patient-match";
        resource["operation"] = json!([{"name": "match", "definition": definition}]);
        resource["updateCreate"] = json!(true);
    }
    resource
}
