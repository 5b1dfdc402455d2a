//! Consent (FHIR R4): that somebody may act for a patient, on what ground, and how far.

use kinlink_domain::{
    link::{Link, LinkState, Revocation},
    permission::Permissions,
    relationship::ProxyBasis,
};
use serde_json::{Value, json};

use crate::{
    place::{Place, TERMS, related_person},
    related_person::period,
    versioned::versioned,
};

const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";

/// The consent behind a proxy's link; none for the patient's own. `gives` is what it gives now, if it does.
pub fn consent(place: &Place<'_>, link: &Link, gives: Option<&Permissions>) -> Option<Value> {
    let basis = link.role.basis()?;
    let coded = |system: &str, code: &str| json!({"system": format!("{TERMINOLOGY}/{system}"), "code": code});
    let resource = json!({
        "resourceType": "Consent",
        "id": link.id.uuid(),
        "status": status(link, gives),
        "scope": {"coding": [coded("consentscope", "patient-privacy")]},
        "category": [{"coding": [coded("v3-ActCode", "INFA")]}],
        "patient": place.patient(&link.fhir_id),
        "dateTime": link.created_at,
        // Whoever decided: of what others decided, Kinlink knows only who acts by it.
        "performer": [match basis {
            ProxyBasis::PatientGrant => place.patient(&link.fhir_id),
            _ => related_person(link.id),
        }],
        "organization": [place.organization()],
        "policyRule": {"coding": [{"system": format!("{TERMS}/CodeSystem/proxy-basis"), "code": basis.as_str()}]},
        "provision": provision(link, gives),
    });
    Some(versioned(resource, link.updated_at))
}

/// Only what opens the record now is `active`: whoever reads no further than this must not go wrong.
fn status(link: &Link, gives: Option<&Permissions>) -> &'static str {
    match (gives, link.state) {
        (Some(_), _) => "active",
        (None, LinkState::Revoked { reason: Revocation::StaffError | Revocation::WrongPerson, .. }) => {
            "entered-in-error"
        }
        (None, _) => "inactive",
    }
}

fn provision(link: &Link, gives: Option<&Permissions>) -> Value {
    let recipient = json!({"system": format!("{TERMINOLOGY}/v3-ParticipationType"), "code": "IRCP"});
    let mut provision = json!({
        "type": "permit",
        "period": period(&link.period),
        "actor": [{"role": {"coding": [recipient]}, "reference": related_person(link.id)}],
    });
    if let Some(gives) = gives {
        let url = format!("{TERMS}/StructureDefinition/smart-scopes");
        provision["extension"] = json!([{"url": url, "valueString": gives.to_string()}]);
    }
    provision
}
