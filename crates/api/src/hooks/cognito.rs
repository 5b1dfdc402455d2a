//! Amazon Cognito: a pre token generation Lambda (event version 2 or 3) passes its event on, and puts the answer
//! into the event's `response`. It runs at a refresh too. Its code is in docs/connect/cognito.md.
//!
//! Source: the Amazon Cognito developer guide, "Pre token generation Lambda trigger".

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::connection::ClaimName;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Claims, Question, Scopes},
    call::{Call, within},
};
use crate::problem::{Problem, ProblemType};

/// The `triggerSource` when an app asks for itself (version 3): nobody is logged in.
const APP_ITSELF: &str = "TokenGeneration_ClientCredentials";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    version: String,
    #[serde(default)]
    trigger_source: String,
    user_pool_id: String,
    caller_context: CallerContext,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallerContext {
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    user_attributes: UserAttributes,
    /// Of the access token; absent in events of some sources.
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
struct UserAttributes {
    sub: Option<String>,
}

/// The event's `response`; empty changes nothing.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Response<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_and_scope_override_details: Option<Details<'c>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'c> {
    id_token_generation: Overrides<'c>,
    access_token_generation: AccessToken<'c>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct Overrides<'c> {
    claims_to_add_or_override: &'c Claims<'c>,
    /// A claim that comes from a user attribute set by hand must not outlive the link.
    claims_to_suppress: &'c [&'c ClaimName],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessToken<'c> {
    #[serde(flatten)]
    overrides: Overrides<'c>,
    scopes_to_add: Vec<&'c str>,
    scopes_to_suppress: &'c [String],
}

/// What goes into tokens that Cognito is about to issue.
#[utoipa::path(post, path = "/hooks/cognito/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "The event's `response`", body = Object),
        (status = "4XX", description = "Refused: the Lambda fails, and Cognito issues no token", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: likewise", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "cognito").await?;
    let body: Body = call.read()?;
    if !matches!(body.version.as_str(), "2" | "3") {
        return Err(Problem::new(ProblemType::InvalidMember).at("/version", "only event versions 2 and 3"));
    }
    let issuer = call.connection.settings.issuer.as_str();
    call.expect_issuer(issuer.rsplit('/').next() == Some(body.user_pool_id.as_str()))?;
    if !call.connection.settings.answers_app(&body.caller_context.client_id) {
        return Ok(HttpResponse::Ok().json(Response::default()));
    }
    if body.trigger_source == APP_ITSELF {
        return Ok(HttpResponse::Ok().json(Response::default()));
    }
    let subject = call.subject(body.request.user_attributes.sub.as_deref())?;
    let scopes = body.request.scopes.as_ref();
    let scopes: Option<Vec<&str>> = scopes.map(|scopes| scopes.iter().map(String::as_str).collect());
    let question = Question {
        subject: subject.as_deref(),
        scopes: scopes.as_deref(),
        picked: None,
        server_lets_scopes: Scopes::Cut,
    };
    let answer = Answer::to(&call, question).await?;
    match answer.refused {
        Some(why) => Err(Problem::new(ProblemType::Forbidden).detail(why)),
        None => Ok(respond(&call, &answer)),
    }
}

fn respond(call: &Call<'_>, answer: &Answer<'_>) -> HttpResponse {
    let suppressed: Vec<_> = answer.claims.unfounded(&call.connection.settings).collect();
    let overrides = Overrides { claims_to_add_or_override: &answer.claims, claims_to_suppress: &suppressed };
    let access_token_generation = AccessToken {
        overrides,
        scopes_to_add: answer.added_scopes().collect(),
        scopes_to_suppress: &answer.cut,
    };
    let details = Details { id_token_generation: overrides, access_token_generation };
    HttpResponse::Ok().json(Response { claims_and_scope_override_details: Some(details) })
}
