//! Okta: the token inline hook of a custom authorization server.
//!
//! Source: okta/okta-developer-docs, `reference/token-hook`. The account is `data.context.user.id`; the access
//! token's `sub` is a login name, which may change. Any answer other than 200 makes Okta go on without us, and
//! so does a command for a token that was not asked for; so whatever goes wrong for a caller that we know is
//! told in an `error` object, which makes Okta issue no token. A hook cannot cut scopes.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::connection::ClaimName;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    answer::{Answer, Question, Scopes, json},
    call::{Call, within},
};
use crate::problem::{Problem, ProblemType};

const EVENT: &str = "com.okta.oauth2.tokens.transform";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event_type: String,
    data: Transform,
}

#[derive(Deserialize)]
struct Transform {
    context: Context,
    /// Of the ID token, if one was asked for.
    identity: Option<Token>,
    access: Option<Token>,
}

#[derive(Deserialize)]
struct Context {
    protocol: Protocol,
    /// Absent when an app asks for itself.
    user: Option<User>,
}

#[derive(Deserialize)]
struct Protocol {
    issuer: Issuer,
    client: App,
}

#[derive(Deserialize)]
struct Issuer {
    uri: String,
}

#[derive(Deserialize)]
struct App {
    id: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    scopes: BTreeMap<String, Value>,
}

/// The commands for tokens that Okta is about to issue.
#[utoipa::path(post, path = "/hooks/okta/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "Commands, or an error that makes Okta issue no token", body = Object),
        (status = "4XX", description = "The caller is not known; Okta goes on without a record", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Never for a caller that is known", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    match within(answer(&request, payload)).await {
        Ok(answer) => Ok(answer),
        Err(problem) if problem.status == 401 || problem.status == 403 || problem.status == 404 => {
            Err(problem)
        }
        Err(problem) => Ok(refuse(problem.title)),
    }
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "okta").await?;
    let body: Body = call.read()?;
    let (context, data) = (&body.data.context, &body.data);
    if body.event_type != EVENT {
        return Err(Problem::new(ProblemType::InvalidMember).at("/eventType", "only tokens.transform"));
    }
    call.expect_issuer(context.protocol.issuer.uri == call.connection.settings.issuer.as_str())?;
    if !call.connection.settings.answers_app(&context.protocol.client.id) {
        return Ok(commands(&[]));
    }
    let usual = context.user.as_ref().map(|user| user.id.as_str());
    let Some(subject) = call.subject(usual)? else { return Ok(commands(&[])) };
    let scopes: Option<Vec<&str>> =
        data.access.as_ref().map(|access| access.scopes.keys().map(String::as_str).collect());
    let question = Question {
        subject: &subject,
        scopes: scopes.as_deref(),
        picked: None,
        server_lets_scopes: Scopes::Stay,
    };
    let answer = Answer::to(&call, question).await?;
    if let Some(why) = answer.refused {
        return Ok(refuse(why));
    }
    let ours = || call.connection.settings.claims.iter().map(|rule| &rule.name);
    let patches = [("com.okta.identity.patch", &data.identity), ("com.okta.access.patch", &data.access)];
    let patches =
        patches.into_iter().filter_map(|(kind, token)| Some((kind, patch(token.as_ref()?, &answer, ours()))));
    Ok(commands(&patches.filter(|(_, patch)| !patch.is_empty()).collect::<Vec<_>>()))
}

/// Adds what the answer says, and takes out what the token says without it: a claim that was set in Okta by
/// hand must not outlive the link.
fn patch<'a>(token: &Token, answer: &Answer, ours: impl Iterator<Item = &'a ClaimName>) -> Vec<Value> {
    let path = |name: &ClaimName| format!("/claims/{}", escaped(name.as_str()));
    let added = answer
        .claims
        .iter()
        .map(|(name, value)| json!({"op": "add", "path": path(name), "value": json(value)}));
    let unfounded = ours.filter(|name| {
        token.claims.contains_key(name.as_str()) && answer.claims.iter().all(|(added, _)| added != *name)
    });
    added.chain(unfounded.map(|name| json!({"op": "remove", "path": path(name)}))).collect()
}

/// RFC 6901, section 3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn commands(patches: &[(&str, Vec<Value>)]) -> HttpResponse {
    let commands: Vec<_> =
        patches.iter().map(|(kind, value)| json!({"type": kind, "value": value})).collect();
    HttpResponse::Ok().json(json!({"commands": commands}))
}

fn refuse(why: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({"error": {"errorSummary": why}}))
}
