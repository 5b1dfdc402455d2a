//! What the API's document says of answers that many operations share.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder, Schema},
};

/// What nearly every operation may answer instead.
pub(crate) enum Refusals {}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals("application/problem+json", &Ref::from_schema_name("Problem").into())
    }
}

/// Both kinds of refusal, with a body of this type.
pub(crate) fn refusals(content_type: &str, body: &RefOr<Schema>) -> BTreeMap<String, RefOr<Response>> {
    [("4XX", "Refused"), ("5XX", "Not decided")]
        .map(|(status, description)| (status.to_owned(), documented(description, content_type, body)))
        .into()
}

/// An answer with a body of this type.
pub(crate) fn documented(description: &str, content_type: &str, body: &RefOr<Schema>) -> RefOr<Response> {
    let content = Content::new(Some(body.clone()));
    ResponseBuilder::new().description(description).content(content_type, content).into()
}
