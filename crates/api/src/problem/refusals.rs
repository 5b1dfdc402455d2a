use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder, Schema},
};

/// What nearly every operation may answer instead, as the API's document tells it.
pub(crate) enum Refusals {}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals("application/problem+json", &Ref::from_schema_name("Problem").into())
    }
}

/// Both kinds of refusal, in a body of this type.
pub(crate) fn refusals(content_type: &str, body: &RefOr<Schema>) -> BTreeMap<String, RefOr<Response>> {
    let refusal = |description| {
        let content = Content::new(Some(body.clone()));
        ResponseBuilder::new().description(description).content(content_type, content).build().into()
    };
    [("4XX", "Refused"), ("5XX", "Not decided")].map(|(status, it)| (status.to_owned(), refusal(it))).into()
}
