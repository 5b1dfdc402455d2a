use chrono::{DateTime, Utc};
use kinlink_domain::{
    service::event_claims::EventClaims,
    store::DueEvent,
    stream::{About, EndpointSecret},
};
use serde_json::{Value, json};

use super::set::claim;
use crate::webhook::WebhookSecrets;

/// The body of a webhook, in the form that Standard Webhooks recommends.
pub(super) fn body(due: &DueEvent, claims: &EventClaims) -> Option<Vec<u8>> {
    let delivery = &due.delivery;
    let mut data = json!({"webhook": delivery.stream, "cause": delivery.cause});
    if let (About::Account { organization, .. }, Value::Object(data)) = (&delivery.about, &mut data) {
        let subject = due.subject.as_ref()?;
        data.insert("organization".into(), json!(organization));
        data.insert("iss".into(), json!(subject.iss));
        data.insert("sub".into(), json!(subject.sub));
        data.insert(
            "claims".into(),
            json!({"fhirUser": claim(&claims.fhir_user), "patient": claim(&claims.patient)}),
        );
    }
    let body = json!({
        "type": delivery.event.webhook_name(),
        "timestamp": delivery.happened_at,
        "data": data,
    });
    serde_json::to_vec(&body).ok()
}

/// The secrets that count at `now`.
pub(super) fn secrets(secrets: &[EndpointSecret], now: DateTime<Utc>) -> Option<WebhookSecrets> {
    let live = secrets.iter().filter(|secret| secret.until.is_none_or(|until| now < until));
    let text: Vec<&str> = live.map(|secret| secret.text.as_str()).collect();
    WebhookSecrets::parse(&zeroize::Zeroizing::new(text.join(" "))).ok()
}
