//! What a handler takes from a request: who calls, from where, and a body that is of the documented form.

mod body;
mod caller;
mod cursor;
mod login;
mod organization;

use std::str::FromStr;

use actix_web::HttpRequest;

pub(crate) use body::{JsonBody, Parameters, invalid, is_json, malformed, read as read_body};
pub(crate) use caller::{
    AccountUser, AnyCaller, Claimant, ClientCaller, PersonCaller, StaffCaller, address, client, organizations,
};
pub(crate) use cursor::{Cursor, limit};
pub(crate) use login::Login;
pub(crate) use organization::{NamedOrganization, organization_reference};

use crate::{
    problem::{Problem, ProblemType},
    state::State,
};

/// The state of this application.
pub(crate) fn state(request: &HttpRequest) -> Result<&State, Problem> {
    request.app_data::<actix_web::web::Data<State>>().map(|state| &***state).ok_or_else(|| {
        tracing::error!("a handler was mounted without the application's state");
        Problem::new(ProblemType::Internal)
    })
}

/// An id for something that is not kept.
pub(crate) fn random_id(state: &State) -> String {
    let mut bytes = [0; 16];
    state.ports.random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// An id in a path. One of another form names nothing, so it is not found.
pub(crate) fn path_id<T: FromStr>(request: &HttpRequest) -> Result<T, Problem> {
    path_part(request, "id")
}

/// The part of a path with this name, likewise.
pub(crate) fn path_part<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let id = request.match_info().get(name).unwrap_or_default();
    id.parse().map_err(|_| Problem::new(ProblemType::NotFound))
}

/// A text of a query parameter or a body's member, as a domain type.
pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(
    kind: ProblemType,
    at: &str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::new(kind).at(at, error.to_string()))
}

/// One that may be absent.
pub(crate) fn parse_given<T: FromStr<Err: std::fmt::Display>>(
    kind: ProblemType,
    at: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(kind, at, text)).transpose()
}
