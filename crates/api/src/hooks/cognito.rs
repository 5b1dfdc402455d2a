//! Amazon Cognito: a pre token generation Lambda (event version 2 or 3) passes its event on, and puts the answer
//! into the event's `response`. It runs at a refresh too. Its code is in docs/connect/cognito.md.
//!
//! Source: the Amazon Cognito developer guide, "Pre token generation Lambda trigger".

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, Question, Scopes},
    call::{Call, within},
};
use crate::problem::{Problem, ProblemType};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    version: String,
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
    /// Absent when an app asks for itself (version 3).
    sub: Option<String>,
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
        return Ok(HttpResponse::Ok().json(json!({})));
    }
    let Some(subject) = call.subject(body.request.user_attributes.sub.as_deref())? else {
        return Ok(HttpResponse::Ok().json(json!({})));
    };
    let scopes = body.request.scopes.as_ref();
    let scopes: Option<Vec<&str>> = scopes.map(|scopes| scopes.iter().map(String::as_str).collect());
    let question = Question {
        subject: &subject,
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

fn respond(call: &Call<'_>, answer: &Answer) -> HttpResponse {
    // A claim that comes from a user attribute set by hand must not outlive the link.
    let unfounded: Vec<&str> = call
        .connection
        .settings
        .claims
        .iter()
        .map(|rule| rule.name.as_str())
        .filter(|name| answer.claims.iter().all(|(added, _)| added.as_str() != *name))
        .collect();
    let claims = answer.object();
    let cut_to: Vec<_> = answer.scopes.iter().filter(|scope| scope.starts_with("patient/")).collect();
    HttpResponse::Ok().json(json!({"claimsAndScopeOverrideDetails": {
        "idTokenGeneration": {"claimsToAddOrOverride": claims, "claimsToSuppress": unfounded},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": claims,
            "claimsToSuppress": unfounded,
            "scopesToAdd": cut_to,
            "scopesToSuppress": answer.cut,
        },
    }}))
}
