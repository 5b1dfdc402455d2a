//! The faces of an OpenID Shared Signals transmitter (SSF 1.0): discovery, keys, streams, status, subjects,
//! verification, and polling (RFC 8936). All but discovery and keys are for clients, each of which sees its own
//! streams only.

pub(crate) mod discovery;
pub(crate) mod poll;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod subject;
pub(crate) mod verify;

use kinlink_domain::{
    id::{ClientId, StreamId},
    service::streams::{self, StreamError},
    store::UnitOfWork,
    stream::{EventStream, StreamRefusal},
};

use crate::problem::{Problem, ProblemType};

/// How SETs are delivered.
pub(crate) const PUSH: &str = "urn:ietf:rfc:8935";
pub(crate) const POLL: &str = "urn:ietf:rfc:8936";

/// A stream of the client; a webhook is none. An id of another form names nothing.
pub(crate) async fn own(
    unit: &mut dyn UnitOfWork,
    client: ClientId,
    id: &str,
) -> Result<EventStream, Problem> {
    let id: StreamId = id.parse().map_err(|_| Problem::new(ProblemType::NotFound))?;
    let stream = streams::find(unit, client, id).await?;
    if stream.outlet.is_shared_signals() {
        Ok(stream)
    } else {
        Err(StreamError::from(StreamRefusal::NotFound).into())
    }
}

/// What SSF calls a request that is otherwise invalid is a 400 there.
fn invalid(at: &str, message: impl Into<String>) -> Problem {
    Problem::new(ProblemType::MalformedBody).at(at, message)
}
