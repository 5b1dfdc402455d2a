//! Ory Hydra: the token hook, called for every grant, a refresh among them.
//!
//! Source: ory/docs, `hydra/guides/oauth2-webhooks.mdx`, and ory/hydra, `oauth2/token_hook.go`. A 200 replaces
//! all extra claims of the session, so those that are not ours are sent back as they came; 204 changes nothing,
//! 403 refuses the token, and anything else ends the exchange with an error. A hook cannot cut scopes.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::{
    connection::{ClaimRule, Member},
    id::LinkId,
};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    answer::{Answer, Claims as Ours, Question, Scopes},
    call::{Call, within},
};
use crate::problem::{Problem, ProblemType};

/// Where the consent app leaves the link that the person picked.
const PICKED: &str = "kinlink_link";

/// Claims of others: sent back as they came.
type Extra<'b> = BTreeMap<String, &'b RawValue>;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    session: Session<'b>,
    request: Request,
}

#[derive(Deserialize)]
struct Session<'b> {
    #[serde(borrow)]
    id_token: Option<IdToken<'b>>,
    #[serde(borrow)]
    extra: Option<Extra<'b>>,
}

#[derive(Deserialize)]
struct IdToken<'b> {
    #[serde(borrow)]
    id_token_claims: Option<Claims<'b>>,
    #[serde(default)]
    subject: String,
}

#[derive(Deserialize)]
struct Claims<'b> {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(borrow)]
    ext: Option<Extra<'b>>,
}

#[derive(Deserialize)]
struct Request {
    client_id: String,
    #[serde(default)]
    granted_scopes: Option<Vec<String>>,
    #[serde(default)]
    grant_types: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Answered<'a> {
    session: Tokens<'a>,
}

#[derive(Serialize)]
struct Tokens<'a> {
    access_token: With<'a>,
    id_token: With<'a>,
}

/// What the session had, without what was ours, and with what is now.
struct With<'a> {
    before: Option<&'a Extra<'a>>,
    ours: &'a Ours<'a>,
    rules: &'a [ClaimRule],
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
    let with = |before| With { before, ours: &answer.claims, rules: &settings.claims };
    let session = Tokens {
        access_token: with(body.session.extra.as_ref()),
        id_token: with(claims.and_then(|claims| claims.ext.as_ref())),
    };
    Ok(HttpResponse::Ok().json(Answered { session }))
}

fn is_about_a_person(request: &Request) -> bool {
    let types: Vec<_> = request.grant_types.iter().flatten().collect();
    types.is_empty() || types.iter().any(|kind| *kind != "client_credentials")
}

/// One that cannot be read would be taken for none, and the token be for another record.
fn picked(session: &Session<'_>) -> Result<Option<LinkId>, Problem> {
    let Some(picked) = session.extra.as_ref().and_then(|extra| extra.get(PICKED)) else { return Ok(None) };
    let at = || format!("/session/extra/{PICKED}");
    let invalid = |_| Problem::new(ProblemType::InvalidMember).at(at(), "no link's id");
    serde_json::from_str(picked.get()).map(Some).map_err(invalid)
}

impl With<'_> {
    fn is_ours(&self, name: &str) -> bool {
        let rule = |rule: &ClaimRule| rule.name.as_str() == name && rule.member != Member::Link;
        self.rules.iter().any(rule) || self.ours.iter().any(|(given, _)| given.as_str() == name)
    }
}

impl Serialize for With<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.before.into_iter().flatten().filter(|(name, _)| !self.is_ours(name)) {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in self.ours.iter() {
            map.serialize_entry(name.as_str(), value)?;
        }
        map.end()
    }
}
