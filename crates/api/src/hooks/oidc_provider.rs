//! The npm package `oidc-provider`: functions of its configuration ask, and apply the answer. Their code is in
//! docs/connect/oidc-provider.md.
//!
//! Source: the package's own documentation (`findAccount`, `extraTokenClaims`, post-middleware).

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::id::LinkId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Answer, Claims, Question, Scopes},
    call::{Call, within},
};
use crate::{problem::Problem, v1::smart::record::LaunchContext};

/// Whom a token is for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"accountId": "248289761001", "clientId": "app-1", "scope": "openid fhirUser launch/patient patient/*.rs"}))]
pub(crate) struct OidcProviderBody {
    /// The account.
    account_id: String,
    /// The app.
    client_id: String,
    /// The scopes that the app asks for, separated by spaces. Without them it asks for nothing.
    scope: Option<String>,
    /// The link that the grant is for.
    #[schema(value_type = Option<String>, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: Option<LinkId>,
}

/// What goes into the token, and beside it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OidcProviderAnswer<'c> {
    /// Claims that the app asks for by its scopes, under the names that the connection gives them.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    claims: Claims<'c>,
    /// The scopes that are granted, of those asked for.
    scope: Option<String>,
    /// Why no token may be issued.
    refuse: Option<&'static str>,
    /// What SMART puts beside the tokens in the token response, of what the app asks for. Without a record it is
    /// absent; with one it may be empty.
    token_response: Option<LaunchContext>,
}

/// What goes into tokens, and beside them, that `oidc-provider` is about to issue.
#[utoipa::path(post, path = "/hooks/oidc-provider/{id}", tag = "hooks", security(("client" = [])), request_body = OidcProviderBody,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "What is decided; no record is an answer too", body = OidcProviderAnswer<'static>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "oidc-provider").await?;
    let body: OidcProviderBody = call.read()?;
    if !call.connection.settings.answers_app(&body.client_id) {
        let (claims, scope) = (Claims::default(), body.scope);
        let unchanged = OidcProviderAnswer { claims, scope, refuse: None, token_response: None };
        return Ok(HttpResponse::Ok().json(unchanged));
    }
    let subject = call.subject(Some(&body.account_id))?;
    let scopes: Vec<&str> = body.scope.as_deref().unwrap_or_default().split_ascii_whitespace().collect();
    let question = Question {
        subject: subject.as_deref(),
        scopes: Some(&scopes),
        picked: body.link,
        server_lets_scopes: Scopes::Cut,
    };
    let (answer, token_response) = Answer::with(&call, question, LaunchContext::new).await?;
    Ok(HttpResponse::Ok().json(OidcProviderAnswer {
        claims: answer.claims,
        scope: body.scope.is_some().then(|| answer.scopes.join(" ")),
        refuse: answer.refused,
        token_response,
    }))
}
