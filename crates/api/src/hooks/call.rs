//! What every hook does before it translates: who calls, by which connection, with what.

use std::{borrow::Cow, future::Future, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::HeaderName,
    web::{Bytes, Payload},
};
use kinlink_domain::{connection::Connection, id::ConnectionId};
use serde::Deserialize;

use crate::{
    extract,
    problem::{Problem, ProblemType},
    state::State,
};

/// The shortest time that a server waits by default (Entra: 1 second), with some left for the way.
const LIMIT: Duration = Duration::from_millis(800);
/// Where servers put an API key that cannot write an `Authorization` header.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A hook that was called by somebody who may.
pub(super) struct Call<'r> {
    pub(super) state: &'r State,
    pub(super) connection: Arc<Connection>,
    body: Bytes,
}

/// Answers in time or not at all: a server that has given up would take no answer for one.
pub(super) async fn within<T>(answering: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let answered = tokio::time::timeout(LIMIT, answering).await;
    answered.unwrap_or_else(|_| Err(Problem::new(ProblemType::Unavailable).retry_after(1)))
}

/// The connection that the path names, if it is of this kind of server.
pub(super) async fn connection(
    request: &HttpRequest,
    state: &State,
    server: &str,
) -> Result<Option<Arc<Connection>>, Problem> {
    let id: ConnectionId = extract::path_id(request)?;
    let known = state.connections.of(id).await?;
    Ok(known.filter(|connection| connection.settings.server.as_str() == server))
}

impl<'r> Call<'r> {
    /// A call by a client with its API key or access token, for one of its own connections.
    pub(super) async fn of_client(
        request: &'r HttpRequest,
        payload: Payload,
        server: &str,
    ) -> Result<Self, Problem> {
        let state = extract::state(request)?;
        let client = match request.headers().get(API_KEY).and_then(|key| key.to_str().ok()) {
            Some(key) => state.clients.authenticate(key, state.ports.clock.now()).await?,
            None => extract::client(request).await?,
        };
        let connection = connection(request, state, server).await?;
        // The neighbour's is as good as none.
        let connection = connection.filter(|connection| connection.client == client.id);
        let connection = connection.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
        Self::new(state, connection, payload).await
    }

    pub(super) async fn new(
        state: &'r State,
        connection: Arc<Connection>,
        payload: Payload,
    ) -> Result<Self, Problem> {
        let body = extract::read_body(&mut payload.into_inner(), state.settings.body_limit).await?;
        Ok(Self { state, connection, body })
    }

    /// The body, as the server documents it. What more it holds is passed over: servers add members.
    pub(super) fn read<'b, T: Deserialize<'b>>(&'b self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| extract::malformed(&error))
    }

    /// The account's `sub`: where the operator said, or where this kind of server puts it. Absent if there is no
    /// text, which is not to say that nobody is logged in.
    pub(super) fn subject<'b>(&self, usual: Option<&'b str>) -> Result<Option<Cow<'b, str>>, Problem> {
        let found = match &self.connection.settings.subject {
            None => usual.map(Cow::Borrowed),
            Some(path) => {
                let document: serde_json::Value = self.read()?;
                let found = path.find(&document).and_then(serde_json::Value::as_str);
                found.map(|subject| Cow::Owned(subject.to_owned()))
            }
        };
        let found = found.filter(|subject| !subject.is_empty());
        if found.is_none() {
            tracing::warn!(connection = %self.connection.id, "a hook was called about a login without a subject");
        }
        Ok(found)
    }

    /// Refuses a request about logins of another issuer than the connection's.
    pub(super) fn expect_issuer(&self, is_it: bool) -> Result<(), Problem> {
        if is_it {
            return Ok(());
        }
        tracing::warn!(connection = %self.connection.id, "a hook was called about another issuer's login");
        Err(Problem::new(ProblemType::InvalidMember).detail("the connection is for another issuer"))
    }
}
