//! Streams tell of all subjects (`default_subjects` is `ALL`): a receiver removes those that it does not want to hear
//! of, and adds them again. Nothing tells it whether Kinlink knows a subject (SSF 1.0, section 9.1).

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::account::AccountKey;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{invalid, own};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct SubjectBody {
    /// Which stream.
    stream_id: String,
    /// Whom; of the format `iss_sub` (RFC 9493).
    subject: SubjectId,
}

#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"format": "iss_sub", "iss": "https://login.example", "sub": "248289761001"}))]
struct SubjectId {
    format: String,
    iss: Option<String>,
    sub: Option<String>,
}

async fn set(state: &State, client: &ClientCaller, body: &SubjectBody, wanted: bool) -> Result<(), Problem> {
    let subject = &body.subject;
    let (Some(iss), Some(sub), "iss_sub") = (&subject.iss, &subject.sub, subject.format.as_str()) else {
        return Err(invalid("/subject", "only the format iss_sub is known here, with iss and sub"));
    };
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &body.stream_id).await?;
    unit.hear_of(client.0.id, stream.id, AccountKey::derive(iss, sub), wanted).await?;
    Ok(unit.save().await?)
}

/// Hear of a subject again (SSF 1.0, section 8.1.3.2).
#[utoipa::path(post, path = "/ssf/subjects/add", tag = "events", security(("client" = [])),
    request_body = SubjectBody,
    responses(
        (status = 200, description = "It is heard of, if there is such an account"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn add(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<SubjectBody>,
) -> Result<HttpResponse, Problem> {
    set(&state, &client, &body.value, true).await?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).finish())
}

/// Hear no more of a subject (SSF 1.0, section 8.1.3.3).
#[utoipa::path(post, path = "/ssf/subjects/remove", tag = "events", security(("client" = [])),
    request_body = SubjectBody,
    responses(
        (status = 204, description = "It is not heard of any more"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn remove(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<SubjectBody>,
) -> Result<HttpResponse, Problem> {
    set(&state, &client, &body.value, false).await?;
    Ok(HttpResponse::NoContent().insert_header(("cache-control", "no-store")).finish())
}
