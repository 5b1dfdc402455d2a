//! `RelatedPerson` (FHIR R4): what somebody who acts for a patient is to them.

use kinlink_domain::{
    account::Account,
    link::{Link, Period},
    relationship::{ROLE_CODE_SYSTEM, Relationship},
};
use serde_json::{Value, json};

use crate::{person::identifier, place::Place, versioned::versioned};

/// The proxy of a link; none for the patient's own. `active` says whether it opens the record now. Kinlink knows no
/// names of proxies, so there is none.
pub fn related_person(place: &Place<'_>, account: &Account, link: &Link, active: bool) -> Option<Value> {
    let relationship = link.role.relationship()?;
    let resource = json!({
        "resourceType": "RelatedPerson",
        "id": link.id.uuid(),
        "identifier": [identifier(account)],
        "active": active,
        "patient": place.patient(&link.fhir_id),
        "relationship": [coded(relationship)],
        "period": period(&link.period),
    });
    Some(versioned(resource, link.updated_at))
}

fn coded(relationship: Relationship) -> Value {
    json!({"coding": [{
        "system": ROLE_CODE_SYSTEM,
        "code": relationship.code(),
        "display": relationship.display(),
    }]})
}

pub(crate) fn period(period: &Period) -> Value {
    let mut value = json!({"start": period.start});
    if let Some(end) = period.end {
        value["end"] = json!(end);
    }
    value
}
