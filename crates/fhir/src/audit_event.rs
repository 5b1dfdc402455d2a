//! `AuditEvent` (FHIR R4): an entry of the audit chain. Ids only.

use std::collections::BTreeMap;

use kinlink_domain::{
    actor::Actor,
    audit::{Action, ChainedEntry, Subject},
    id::PatientId,
    patient::FhirId,
};
use serde_json::{Value, json};

use crate::place::{Place, TERMS};

/// An entry. `records` holds the FHIR ids of the records that it may be about.
pub fn audit_event(
    place: &Place<'_>,
    chained: &ChainedEntry,
    records: &BTreeMap<PatientId, FhirId>,
) -> Value {
    let entry = &chained.entry;
    let action = entry.action.as_str();
    let refused = action.ends_with(".refuse");
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": entry.id.uuid(),
        "meta": {"versionId": "1", "lastUpdated": entry.at},
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "subtype": [{"system": format!("{TERMS}/CodeSystem/audit-action"), "code": action}],
        "action": letter(entry.action),
        "recorded": entry.at,
        "outcome": if refused { "4" } else { "0" },
        "agent": [agent(&entry.actor)],
        "source": {"observer": {"identifier": {"system": "urn:ietf:rfc:3986", "value": place.base},
            "display": "Kinlink"}},
    });
    let entities = entities(place, &entry.subject, records);
    if !entities.is_empty() {
        resource["entity"] = json!(entities);
    }
    resource
}

/// Value set `audit-event-action`, by the last part of our own word.
fn letter(action: Action) -> &'static str {
    match action.as_str().rsplit('.').next().unwrap_or_default() {
        "issue" | "create" | "submit" | "open" | "add" | "enrol" => "C",
        "read" | "list" | "lookup" | "match" | "export" => "R",
        "redeem" | "process" | "confirm" | "verify" | "refuse" | "notify" => "E",
        _ => "U",
    }
}

/// Who: a program or person by Kinlink's id, or what else acts.
fn agent(actor: &Actor) -> Value {
    let (kind, id) = match actor {
        Actor::Staff(id) => ("staff", Some(id.to_string())),
        Actor::Account(id) => ("account", Some(id.to_string())),
        Actor::Client(id) => ("client", Some(id.to_string())),
        Actor::Contact(id) => ("contact", Some(id.to_string())),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    };
    let mut agent = json!({
        "type": {"coding": [{"system": format!("{TERMS}/CodeSystem/actor"), "code": kind}]},
        "requestor": !matches!(actor, Actor::System),
    });
    if let Some(id) = id {
        agent["who"] = json!({"identifier": identifier(&id)});
    }
    agent
}

fn identifier(id: &str) -> Value {
    json!({"system": format!("{TERMS}/id"), "value": id})
}

fn entities(place: &Place<'_>, subject: &Subject, records: &BTreeMap<PatientId, FhirId>) -> Vec<Value> {
    let record = subject.patient.map(|id| match records.get(&id) {
        Some(fhir_id) => json!({"what": place.patient(fhir_id)}),
        None => json!({"what": {"type": "Patient", "identifier": identifier(&id.to_string())}}),
    });
    let others = [
        subject.account.map(|id| ("Person", id.to_string())),
        subject.link.map(|id| ("Consent", id.to_string())),
        subject.invitation.map(|id| ("Task", id.to_string())),
        subject.client.map(|id| ("Device", id.to_string())),
    ];
    let others = others.into_iter().flatten();
    let others = others.map(|(kind, id)| json!({"what": {"type": kind, "identifier": identifier(&id)}}));
    record.into_iter().chain(others).collect()
}
