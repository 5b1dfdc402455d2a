//! Okta: the token inline hook of a custom authorization server.
//!
//! Source: okta/okta-developer-docs, `reference/token-hook`. The account is `data.context.user.id`; the access
//! token's `sub` is a login name, which may change. Any answer other than 200 makes Okta go on without us, and
//! so does a command for a token that was not asked for; so whatever goes wrong for a caller that we know is
//! told in an `error` object, which makes Okta issue no token. A hook cannot cut scopes.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::{
    connection::{ClaimName, ConnectionSettings},
    service::token_context::ClaimValue,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{
    answer::{Answer, Claims, Question, Scopes},
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
    request: Option<Authorization>,
    issuer: Issuer,
    client: App,
}

/// What the app asked for at the authorization endpoint.
#[derive(Deserialize)]
struct Authorization {
    scope: Option<String>,
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
#[expect(clippy::zero_sized_map_values, reason = "only the names count, and no set reads an object")]
struct Token {
    #[serde(default)]
    claims: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    scopes: BTreeMap<String, IgnoredAny>,
}

#[derive(Serialize)]
struct Commands<'a> {
    commands: Vec<Command<'a>>,
}

#[derive(Serialize)]
struct Command<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: Vec<Patch<'a>>,
}

/// Of RFC 6902, the two that are needed.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Patch<'a> {
    Add { path: String, value: &'a ClaimValue },
    Remove { path: String },
}

#[derive(Serialize)]
struct Refusal {
    error: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    error_summary: &'static str,
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
        return Ok(commands(Vec::new()));
    }
    let Some(user) = &context.user else { return Ok(commands(Vec::new())) };
    let subject = call.subject(Some(&user.id))?;
    let scopes = data.scopes();
    let question = Question {
        subject: subject.as_deref(),
        scopes: scopes.as_deref(),
        picked: None,
        server_lets_scopes: Scopes::Stay,
    };
    let answer = Answer::to(&call, question).await?;
    if let Some(why) = answer.refused {
        return Ok(refuse(why));
    }
    let ours = &call.connection.settings;
    let tokens = [("com.okta.identity.patch", &data.identity), ("com.okta.access.patch", &data.access)];
    let patched = tokens.into_iter().filter_map(|(kind, token)| {
        Some(Command { kind, value: patch(token.as_ref()?, &answer.claims, ours) })
    });
    Ok(commands(patched.filter(|command| !command.value.is_empty()).collect()))
}

impl Transform {
    /// The scopes of the access token. Where only an ID token is issued, those that were asked for.
    fn scopes(&self) -> Option<Vec<&str>> {
        let granted = self.access.as_ref().map(|access| access.scopes.keys().map(String::as_str).collect());
        let asked = || self.context.protocol.request.as_ref()?.scope.as_deref();
        granted.or_else(|| asked().map(|scope| scope.split_ascii_whitespace().collect()))
    }
}

/// Adds what the answer says, and takes out what the token says without it: a claim that was set in Okta by
/// hand must not outlive the link.
fn patch<'a>(token: &Token, claims: &'a Claims<'a>, ours: &ConnectionSettings) -> Vec<Patch<'a>> {
    let added = claims.iter().map(|(name, value)| Patch::Add { path: path(name), value });
    let unfounded = claims.unfounded(ours).filter(|name| token.claims.contains_key(name.as_str()));
    added.chain(unfounded.map(|name| Patch::Remove { path: path(name) })).collect()
}

/// RFC 6901, section 3.
fn path(claim: &ClaimName) -> String {
    format!("/claims/{}", claim.as_str().replace('~', "~0").replace('/', "~1"))
}

fn commands(commands: Vec<Command<'_>>) -> HttpResponse {
    HttpResponse::Ok().json(Commands { commands })
}

fn refuse(why: &'static str) -> HttpResponse {
    HttpResponse::Ok().json(Refusal { error: Summary { error_summary: why } })
}
