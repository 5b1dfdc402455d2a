use kinlink_domain::{
    id::Id,
    port::Vault,
    store::StoreError,
    stream::{About, EndpointSecret, EventDelivery, EventStream, Failing, Outlet},
};
use sea_orm::{NotSet, Set};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word, unseal},
    entity::{event_delivery, event_stream},
};

const STREAM: &str = "event stream";
const EVENT: &str = "event";

/// What of an outlet is sealed at rest.
#[derive(Default, Serialize, Deserialize)]
struct Secrets {
    authorization: Option<Zeroizing<String>>,
    #[serde(default)]
    webhook: Vec<EndpointSecret>,
}

/// A stream as its client changes it; how it fares is written by those who send.
pub(super) fn stream_row(stream: &EventStream, vault: &dyn Vault) -> event_stream::ActiveModel {
    let (url, secrets) = match &stream.outlet {
        Outlet::Push { url, authorization } => {
            (Some(url), Secrets { authorization: authorization.clone(), webhook: Vec::new() })
        }
        Outlet::Poll => (None, Secrets::default()),
        Outlet::Webhook { url, secrets } => {
            (Some(url), Secrets { authorization: None, webhook: secrets.clone() })
        }
    };
    let plain = Zeroizing::new(to_json(&secrets));
    let sealed = vault.seal(stream.id.uuid().as_bytes(), plain.as_bytes());
    event_stream::ActiveModel {
        client_id: Set(stream.client.uuid()),
        id: Set(stream.id.uuid()),
        kind: Set(stream.outlet.as_str().to_owned()),
        url: Set(url.map(ToString::to_string)),
        key_id: Set(Some(sealed.key.0.into())),
        sealed: Set(Some(sealed.bytes)),
        events: Set(to_json(&stream.events)),
        description: Set(stream.description.clone()),
        status: Set(to_word(&stream.status)),
        reason: Set(stream.reason.clone()),
        created_at: Set(stream.created_at),
        updated_at: Set(stream.updated_at),
        verified_at: Set(stream.verified_at),
        failing_since: NotSet,
        last_error: NotSet,
        failures: NotSet,
        retry_at: NotSet,
    }
}

pub(crate) fn stream(row: event_stream::Model, vault: &dyn Vault) -> Result<EventStream, StoreError> {
    Ok(EventStream {
        outlet: outlet(&row, vault)?,
        id: Id::from_uuid(row.id),
        client: Id::from_uuid(row.client_id),
        events: from_json(STREAM, &row.events)?,
        description: row.description,
        status: from_word(STREAM, &row.status)?,
        reason: row.reason,
        created_at: row.created_at,
        updated_at: row.updated_at,
        verified_at: row.verified_at,
        failing: row.failing_since.map(|since| Failing { since, error: row.last_error.unwrap_or_default() }),
    })
}

fn outlet(row: &event_stream::Model, vault: &dyn Vault) -> Result<Outlet, StoreError> {
    let (Some(key), Some(bytes)) = (row.key_id, row.sealed.clone()) else {
        return Err(corrupt(STREAM, "its secrets are gone"));
    };
    let secrets: Secrets = unseal(vault, STREAM, row.id.as_bytes(), key, bytes)?;
    let url = row.url.as_deref().map(str::parse).transpose().map_err(|error| corrupt(STREAM, error))?;
    match (row.kind.as_str(), url) {
        ("push", Some(url)) => Ok(Outlet::Push { url, authorization: secrets.authorization }),
        ("poll", None) => Ok(Outlet::Poll),
        ("webhook", Some(url)) => Ok(Outlet::Webhook { url, secrets: secrets.webhook }),
        _ => Err(corrupt(STREAM, "its kind does not fit together")),
    }
}

/// A delivery in its place: `seq` is that of the account's partition of the change feed, so the order is that
/// of the commits; `place` is its place within one commit.
pub(crate) fn delivery_row(event: &EventDelivery, seq: i64, place: i32) -> event_delivery::ActiveModel {
    let (subject, organization, detail) = match &event.about {
        About::Account { account, organization } => (account.uuid(), Some(organization.uuid()), None),
        About::Stream { state } => (event.stream.uuid(), None, state.clone()),
    };
    event_delivery::ActiveModel {
        subject_id: Set(subject),
        id: Set(event.id.uuid()),
        client_id: Set(event.client.uuid()),
        stream_id: Set(event.stream.uuid()),
        organization_id: Set(organization),
        event: Set(to_word(&event.event)),
        detail: Set(detail),
        cause_id: Set(event.cause.uuid()),
        happened_at: Set(event.happened_at),
        seq: Set(seq),
        place: Set(place),
        status: Set("pending".to_owned()),
        due_at: Set(event.happened_at),
        attempts: Set(event.attempts.into()),
        error: Set(None),
        settled_at: Set(None),
    }
}

impl TryFrom<event_delivery::Model> for EventDelivery {
    type Error = StoreError;
    fn try_from(row: event_delivery::Model) -> Result<Self, StoreError> {
        let about = match row.organization_id {
            Some(organization) => About::Account {
                account: Id::from_uuid(row.subject_id),
                organization: Id::from_uuid(organization),
            },
            None => About::Stream { state: row.detail },
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            client: Id::from_uuid(row.client_id),
            stream: Id::from_uuid(row.stream_id),
            event: from_word(EVENT, &row.event)?,
            about,
            cause: Id::from_uuid(row.cause_id),
            happened_at: row.happened_at,
            attempts: u16::try_from(row.attempts).map_err(|error| corrupt(EVENT, error))?,
            error: row.error,
        })
    }
}
