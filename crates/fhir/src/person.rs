//! Person (FHIR R4): an account, and whom it is or acts for.

use chrono::{DateTime, Utc};
use kinlink_domain::{account::Account, link::Link};
use serde_json::{Value, json};

use crate::{
    place::{Place, related_person},
    versioned::versioned,
};

/// An account at an organization, with its links that open something now: the Patient that it is, and the
/// `RelatedPerson`s that it is to others.
pub fn person(place: &Place<'_>, account: &Account, live: &[Link], now: DateTime<Utc>) -> Value {
    let updated_at = live.iter().map(|link| link.updated_at).max().unwrap_or(account.created_at);
    let mut resource = json!({
        "resourceType": "Person",
        "id": account.id.uuid(),
        "identifier": [identifier(account)],
        "active": true,
    });
    // FHIR JSON has no empty array.
    if !live.is_empty() {
        resource["link"] = live.iter().map(|link| target(place, link, now)).collect();
    }
    versioned(resource, updated_at)
}

/// A login, as its provider names it.
pub(crate) fn identifier(account: &Account) -> Value {
    json!({"system": account.key.iss.as_str(), "value": account.key.sub.as_str()})
}

fn target(place: &Place<'_>, link: &Link, now: DateTime<Utc>) -> Value {
    let target = match link.role.relationship() {
        None => place.patient(&link.fhir_id),
        Some(_) => related_person(link.id),
    };
    json!({"target": target, "assurance": link.assurance.at(now).level})
}
