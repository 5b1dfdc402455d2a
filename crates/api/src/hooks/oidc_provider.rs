//! The npm package `oidc-provider`: functions of its configuration ask, and apply the answer. Their code is in
//! docs/connect/oidc-provider.md.
//!
//! Source: the package's own documentation (`findAccount`, `extraTokenClaims`, post-middleware).

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::id::LinkId;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Claims, Question, Scopes},
    call::{Call, within},
};
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    account_id: String,
    client_id: String,
    /// As OAuth writes it, separated by spaces.
    scope: Option<String>,
    /// The link that the person picked.
    link: Option<LinkId>,
}

#[derive(Serialize)]
struct Applied<'c> {
    claims: Claims<'c>,
    scope: Option<String>,
    refuse: Option<&'static str>,
}

/// What goes into tokens, and beside them, that `oidc-provider` is about to issue.
#[utoipa::path(post, path = "/hooks/oidc-provider/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "`claims`, `scope`, and `refuse` with a reason if no token may be issued", body = Object),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "oidc-provider").await?;
    let body: Body = call.read()?;
    if !call.connection.settings.answers_app(&body.client_id) {
        let nothing = Applied { claims: Claims::default(), scope: body.scope, refuse: None };
        return Ok(HttpResponse::Ok().json(nothing));
    }
    let subject = call.subject(Some(&body.account_id))?.unwrap_or_default();
    let scopes: Option<Vec<&str>> =
        body.scope.as_deref().map(|scope| scope.split_ascii_whitespace().collect());
    let question = Question {
        subject: &subject,
        scopes: scopes.as_deref(),
        picked: body.link,
        server_lets_scopes: Scopes::Cut,
    };
    let answer = Answer::to(&call, question).await?;
    let scope = scopes.is_some().then(|| answer.scopes.join(" "));
    Ok(HttpResponse::Ok().json(Applied { claims: answer.claims, scope, refuse: answer.refused }))
}
