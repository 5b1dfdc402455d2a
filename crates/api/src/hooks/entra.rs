//! Microsoft Entra: a custom claims provider for the event *token issuance start*.
//!
//! Source: MicrosoftDocs/entra-docs, `custom-claims-provider-reference.md` (request, answer, 3 KB of claims,
//! strings and arrays of strings only) and `custom-extension-overview.md` (the bearer token). An answer other
//! than 200 ends the login without a token, so a refusal is one. Entra does not say which scopes are asked for.

use actix_web::{HttpRequest, HttpResponse, http::header, web::Payload};
use kinlink_auth::ServerTokenRule;
use kinlink_domain::{
    connection::{Connection, Server},
    service::token_context::ClaimValue,
};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Claims, Question, Scopes},
    call::{Call, connection, within},
};
use crate::{
    extract,
    problem::{Problem, ProblemType},
    state::State,
};

/// The program by which Entra calls.
const AUTHENTICATION_EVENTS: &str = "99045fe1-7639-4a75-9d4a-577b6ca3810f";
const EVENT: &str = "microsoft.graph.authenticationEvent.tokenIssuanceStart";
/// The sum of all names and values.
const MOST: usize = 3 * 1024;

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    event: String,
    data: Callout,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Callout {
    tenant_id: String,
    authentication_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    client_service_principal: ServicePrincipal,
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServicePrincipal {
    app_id: String,
}

/// The `oid`. Entra's `sub` differs from app to app.
#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Serialize)]
struct Provided<'c> {
    data: Response<'c>,
}

#[derive(Serialize)]
struct Response<'c> {
    #[serde(rename = "@odata.type")]
    kind: &'static str,
    actions: [Action<'c>; 1],
}

#[derive(Serialize)]
struct Action<'c> {
    #[serde(rename = "@odata.type")]
    kind: &'static str,
    claims: Claims<'c>,
}

/// The claims of a token that Entra is about to issue.
#[utoipa::path(post, path = "/hooks/entra/{id}", tag = "hooks", request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "The claims to provide; none if the login opens no record", body = Object),
        (status = "4XX", description = "Refused; Entra issues no token", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided; Entra issues no token", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let state = extract::state(request)?;
    // Whoever is not Entra does not learn which connections there are.
    let stranger = || Problem::new(ProblemType::Unauthenticated).detail("server_token");
    let connection = connection(request, state, "entra").await?.ok_or_else(stranger)?;
    authenticate(request, state, &connection).await?;
    let call = Call::new(state, connection, payload).await?;
    let body: Body = call.read()?;
    if body.event != EVENT {
        return Err(Problem::new(ProblemType::InvalidMember).at("/type", "only tokenIssuanceStart"));
    }
    call.expect_issuer(names_tenant(call.connection.settings.issuer.as_str(), &body.data.tenant_id))?;
    let context = &body.data.authentication_context;
    if !call.connection.settings.answers_app(&context.client_service_principal.app_id) {
        return Ok(provide(Claims::default()));
    }
    let subject = call.subject(Some(&context.user.id))?;
    let question = Question {
        subject: subject.as_deref(),
        scopes: None,
        picked: None,
        server_lets_scopes: Scopes::Stay,
    };
    let answer = Answer::to(&call, question).await?;
    match answer.refused {
        Some(why) => Err(Problem::new(ProblemType::Forbidden).detail(why)),
        None => Ok(provide(texts(answer.claims)?)),
    }
}

async fn authenticate(request: &HttpRequest, state: &State, connection: &Connection) -> Result<(), Problem> {
    let settings = &connection.settings;
    let Server::Entra { audience, token_issuer } = &settings.server else {
        return Err(Problem::new(ProblemType::Unauthenticated));
    };
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) =
        token.ok_or_else(|| Problem::new(ProblemType::Unauthenticated).detail("server_token"))?;
    let issuer = token_issuer.as_ref().unwrap_or(&settings.issuer);
    let rule = ServerTokenRule { issuer, audience, caller: AUTHENTICATION_EVENTS };
    Ok(state.server_tokens.verify(token.trim(), rule).await?)
}

/// `https://login.microsoftonline.com/<tenant>/v2.0` names its tenant in its path.
fn names_tenant(issuer: &str, tenant: &str) -> bool {
    !tenant.is_empty() && issuer.split('/').any(|part| part.eq_ignore_ascii_case(tenant))
}

fn texts(claims: Claims<'_>) -> Result<Claims<'_>, Problem> {
    let texts = claims.into_texts();
    let length = |value: &ClaimValue| if let ClaimValue::Text(text) = value { text.len() } else { 0 };
    if texts.iter().map(|(name, value)| name.as_str().len() + length(value)).sum::<usize>() > MOST {
        tracing::error!("the claims are longer than Entra takes; leave out permitted_scope");
        return Err(Problem::new(ProblemType::Internal));
    }
    Ok(texts)
}

fn provide(claims: Claims<'_>) -> HttpResponse {
    let kind = "microsoft.graph.tokenIssuanceStart.provideClaimsForToken";
    let data = Response {
        kind: "microsoft.graph.onTokenIssuanceStartResponseData",
        actions: [Action { kind, claims }],
    };
    HttpResponse::Ok().json(Provided { data })
}
