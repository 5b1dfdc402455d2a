//! The configuration endpoint (SSF 1.0, section 8.1.1), in one URL with five methods.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod read;
pub(crate) mod replace;
pub(crate) mod update;

use kinlink_delivery::ReceiverRules;
use kinlink_domain::{
    service::streams::VERIFICATION_INTERVAL,
    stream::{EventStream, EventType, Outlet},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

use super::{POLL, PUSH, invalid};
use crate::{problem::Problem, state::State};

/// What a receiver says of a stream. What the transmitter supplies may stand there too, if it is right.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(example = json!({
    "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://receiver.example/events"},
    "events_requested": ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
}))]
pub(crate) struct StreamBody {
    /// Which stream; not when it is created.
    stream_id: Option<String>,
    /// How and where to deliver; to be polled unless said.
    #[validate(nested)]
    delivery: Option<DeliveryBody>,
    /// URIs of event types; all that are supported unless said. Unknown ones are ignored.
    events_requested: Option<Vec<String>>,
    /// For people.
    #[validate(length(max = 500, message = "at most 500 characters"))]
    description: Option<String>,
    /// Must be right if it is sent.
    iss: Option<serde_json::Value>,
    /// Must be right if it is sent.
    aud: Option<serde_json::Value>,
    /// Must be right if it is sent.
    events_supported: Option<serde_json::Value>,
    /// Must be right if it is sent.
    events_delivered: Option<serde_json::Value>,
}

/// How and where to deliver.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct DeliveryBody {
    /// `urn:ietf:rfc:8935` (push) or `urn:ietf:rfc:8936` (poll).
    method: String,
    /// Where SETs are pushed to: https. To be polled, the answer says where.
    endpoint_url: Option<String>,
    /// What `Authorization` says there. Never shown again.
    #[validate(length(max = 4_000, message = "at most 4,000 characters"))]
    authorization_header: Option<String>,
}

/// A stream's configuration.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamAnswer {
    #[schema(value_type = String, example = "str_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    stream_id: kinlink_domain::id::StreamId,
    #[schema(example = "https://kinlink.example")]
    iss: String,
    /// The client.
    #[schema(value_type = String, example = "cli_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
    aud: kinlink_domain::id::ClientId,
    delivery: DeliveryAnswer,
    events_supported: Vec<&'static str>,
    events_requested: Vec<&'static str>,
    events_delivered: Vec<&'static str>,
    /// Seconds.
    min_verification_interval: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DeliveryAnswer {
    #[schema(example = "urn:ietf:rfc:8935")]
    method: &'static str,
    #[schema(example = "https://receiver.example/events")]
    endpoint_url: String,
}

fn uris(events: &[EventType]) -> Vec<&'static str> {
    events.iter().map(|event| event.uri()).collect()
}

impl StreamAnswer {
    fn new(stream: EventStream, state: &State) -> Self {
        let public_url = &state.settings.public_url;
        let (method, endpoint_url) = match stream.outlet {
            Outlet::Push { url, .. } | Outlet::Webhook { url, .. } => (PUSH, url.to_string()),
            Outlet::Poll => (POLL, format!("{public_url}/ssf/poll/{}", stream.id)),
        };
        Self {
            stream_id: stream.id,
            iss: public_url.clone(),
            aud: stream.client,
            delivery: DeliveryAnswer { method, endpoint_url },
            events_supported: uris(&EventType::SUPPORTED),
            events_requested: uris(&stream.events),
            events_delivered: uris(&stream.events),
            min_verification_interval: VERIFICATION_INTERVAL.num_seconds(),
            description: stream.description,
        }
    }
}

impl StreamBody {
    /// The event types that are asked for.
    fn events(&self) -> Option<Vec<EventType>> {
        let asked = self.events_requested.as_ref()?;
        let wanted = |event: &EventType| asked.iter().any(|uri| uri == event.uri());
        Some(EventType::SUPPORTED.into_iter().filter(wanted).collect())
    }

    /// Refuses a transmitter-supplied property that is not what it is.
    fn check_supplied(&self, before: &EventStream, state: &State) -> Result<(), Problem> {
        let is = StreamAnswer::new(before.clone(), state);
        let wrong = [
            ("/iss", &self.iss, serde_json::to_value(&is.iss)),
            ("/aud", &self.aud, serde_json::to_value(is.aud)),
            ("/events_supported", &self.events_supported, serde_json::to_value(&is.events_supported)),
            ("/events_delivered", &self.events_delivered, serde_json::to_value(&is.events_delivered)),
        ]
        .into_iter()
        .find(|(_, said, is)| said.as_ref().is_some_and(|said| is.as_ref().ok() != Some(said)));
        match wrong {
            Some((at, _, _)) => Err(invalid(at, "it is the transmitter's, and another")),
            None => Ok(()),
        }
    }
}

impl DeliveryBody {
    fn outlet(&self, rules: ReceiverRules) -> Result<Outlet, Problem> {
        match (self.method.as_str(), &self.endpoint_url) {
            (POLL, _) => Ok(Outlet::Poll),
            (PUSH, Some(url)) => {
                let url =
                    rules.parse(url).map_err(|error| invalid("/delivery/endpoint_url", error.to_string()))?;
                Ok(Outlet::Push { url, authorization: self.authorization()? })
            }
            (PUSH, None) => Err(invalid("/delivery/endpoint_url", "where to push is not said")),
            _ => Err(invalid("/delivery/method", format!("{PUSH} or {POLL}"))),
        }
    }

    fn authorization(&self) -> Result<Option<Zeroizing<String>>, Problem> {
        let Some(text) = &self.authorization_header else { return Ok(None) };
        if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            Ok(Some(Zeroizing::new(text.clone())))
        } else {
            Err(invalid("/delivery/authorization_header", "it cannot be the value of a header"))
        }
    }
}
