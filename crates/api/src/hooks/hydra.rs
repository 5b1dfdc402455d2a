//! Ory Hydra: the token hook, called for every grant, a refresh among them.
//!
//! Source: ory/docs, `hydra/guides/oauth2-webhooks.mdx`, and ory/hydra, `oauth2/token_hook.go`. A 200 replaces
//! all extra claims of the session, so those that are not ours are sent back as they came; 204 changes nothing,
//! 403 refuses the token, and anything else ends the exchange with an error. A hook cannot cut scopes.

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::{connection::Member, id::LinkId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    answer::{Answer, Question, Scopes},
    call::{Call, within},
};
use crate::problem::{Problem, ProblemType};

/// Where the consent app leaves the link that the person picked.
const PICKED: &str = "kinlink_link";

#[derive(Deserialize)]
struct Body {
    session: Session,
    request: Request,
}

#[derive(Deserialize)]
struct Session {
    id_token: Option<IdToken>,
    extra: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct IdToken {
    id_token_claims: Option<Claims>,
    #[serde(default)]
    subject: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    ext: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Request {
    client_id: String,
    #[serde(default)]
    granted_scopes: Option<Vec<String>>,
    #[serde(default)]
    grant_types: Option<Vec<String>>,
}

/// The extra claims of tokens that Hydra is about to issue.
#[utoipa::path(post, path = "/hooks/hydra/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "The session's extra claims", body = Object),
        (status = 204, description = "Not about a person, or not of an app that is answered: nothing changes"),
        (status = "4XX", description = "Refused; Hydra issues no token", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided; Hydra issues no token", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "hydra").await?;
    let body: Body = call.read()?;
    let id_token = body.session.id_token.as_ref();
    let claims = id_token.and_then(|token| token.id_token_claims.as_ref());
    let settings = &call.connection.settings;
    if !is_about_a_person(&body.request) || !settings.answers_app(&body.request.client_id) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let named = [id_token.map(|token| token.subject.as_str()), claims.map(|claims| claims.sub.as_str())];
    let usual = named.into_iter().flatten().find(|subject| !subject.is_empty());
    let Some(subject) = call.subject(usual)? else { return Ok(HttpResponse::NoContent().finish()) };
    call.expect_issuer(claims.is_some_and(|claims| claims.iss == settings.issuer.as_str()))?;
    let scopes: Vec<&str> = body.request.granted_scopes.iter().flatten().map(String::as_str).collect();
    let question = Question {
        subject: &subject,
        scopes: Some(&scopes),
        picked: picked(&body.session)?,
        server_lets_scopes: Scopes::Stay,
    };
    let answer = Answer::to(&call, question).await?;
    if let Some(why) = answer.refused {
        return Err(Problem::new(ProblemType::Forbidden).detail(why));
    }
    let access = with(body.session.extra.as_ref(), &answer, &call);
    let id = with(claims.and_then(|claims| claims.ext.as_ref()), &answer, &call);
    Ok(HttpResponse::Ok().json(json!({"session": {"access_token": access, "id_token": id}})))
}

fn is_about_a_person(request: &Request) -> bool {
    let types: Vec<_> = request.grant_types.iter().flatten().collect();
    types.is_empty() || types.iter().any(|kind| *kind != "client_credentials")
}

/// One that cannot be read would be taken for none, and the token be for another record.
fn picked(session: &Session) -> Result<Option<LinkId>, Problem> {
    let Some(picked) = session.extra.as_ref().and_then(|extra| extra.get(PICKED)) else { return Ok(None) };
    let link = picked.as_str().and_then(|text| text.parse().ok());
    let invalid =
        || Problem::new(ProblemType::InvalidMember).at(format!("/session/extra/{PICKED}"), "no link's id");
    link.map(Some).ok_or_else(invalid)
}

/// What the session had, without what was ours, and with what is now.
fn with(before: Option<&Map<String, Value>>, answer: &Answer, call: &Call<'_>) -> Map<String, Value> {
    let ours = |name: &str| {
        call.connection
            .settings
            .claims
            .iter()
            .any(|rule| rule.name.as_str() == name && rule.member != Member::Link)
            || answer.claims.iter().any(|(added, _)| added.as_str() == name)
    };
    let kept = before.into_iter().flatten().filter(|(name, _)| !ours(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).chain(answer.object()).collect()
}
