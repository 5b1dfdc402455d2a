use chrono::{DateTime, Utc};
use kinlink_domain::{
    service::event_claims::EventClaims,
    store::DueEvent,
    stream::{About, EventType},
};
use kinlink_signing::{Signer, SigningError};
use serde_json::{Value, json};

/// The one word about why (the interoperability profile wants one): the same for every cause, because a proxy whose
/// access ended must not learn from it who ended it.
const REASON: &str = "The account's access to patient records has changed";

/// One value as such, none as null, several as a list: what the claim in a token should be.
pub(super) fn claim(values: &[String]) -> Value {
    match values {
        [] => Value::Null,
        [one] => json!(one),
        several => json!(several),
    }
}

/// The type of a SET (RFC 8417, section 2.3).
pub(super) const TYPE: &str = "secevent+jwt";

/// The claims of the SET (RFC 8417; SSF 1.0, section 4): no `exp`, no `sub`, one event. Nothing if the event is
/// about somebody who is gone.
pub(super) fn set_claims(
    due: &DueEvent,
    claims: &EventClaims,
    iss: &str,
    now: DateTime<Utc>,
) -> Option<Value> {
    let delivery = &due.delivery;
    let (sub_id, event) = match &delivery.about {
        About::Account { .. } => {
            let subject = due.subject.as_ref()?;
            let sub_id = json!({"format": "iss_sub", "iss": subject.iss, "sub": subject.sub});
            (sub_id, account_event(delivery.event, delivery.happened_at, claims))
        }
        About::Stream { state } => {
            let event = state.as_ref().map_or_else(|| json!({}), |state| json!({"state": state}));
            (json!({"format": "opaque", "id": delivery.stream}), event)
        }
    };
    Some(json!({
        "iss": iss,
        "aud": delivery.client,
        "jti": delivery.id,
        "iat": now.timestamp(),
        "txn": delivery.cause,
        "sub_id": sub_id,
        "events": {delivery.event.uri(): event},
    }))
}

fn account_event(event: EventType, at: DateTime<Utc>, claims: &EventClaims) -> Value {
    match event {
        EventType::TokenClaimsChange => json!({
            "event_timestamp": at.timestamp(),
            "claims": {"fhirUser": claim(&claims.fhir_user), "patient": claim(&claims.patient)},
        }),
        EventType::SessionRevoked => {
            json!({"event_timestamp": at.timestamp(), "reason_admin": {"en": REASON}})
        }
        EventType::Verification => json!({}),
    }
}

/// The SET for a client that fetches it.
pub async fn polled_set(
    signer: &Signer,
    due: &DueEvent,
    claims: &EventClaims,
    iss: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>, SigningError> {
    match set_claims(due, claims, iss, now) {
        Some(claims) => signer.sign(TYPE, &claims).await.map(Some),
        None => Ok(None),
    }
}
