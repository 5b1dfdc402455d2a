//! Ory Hydra: the token hook, called for every grant, a refresh among them.
//!
//! Source: ory/docs, `hydra/guides/oauth2-webhooks.mdx`, and ory/hydra, `oauth2/token_hook.go`. A 200 replaces
//! all extra claims of the session, so those that are not ours are sent back as they came; 204 changes nothing,
//! 403 refuses the token, and anything else ends the exchange with an error. A hook cannot cut scopes.
//!
//! What a hook once said comes back at every refresh. So whatever this connection may ever have said, to this app, is
//! ours, and is said anew or not at all.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::{connection::ConnectionSettings, id::LinkId};
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
    settings: &'a ConnectionSettings,
}

/// The extra claims of tokens that Hydra is about to issue.
#[utoipa::path(post, path = "/hooks/hydra/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "The session's extra claims", body = Object),
        (status = 204, description = "Not about a person, or not of an app that is or was answered: nothing changes"),
        (status = "4XX", description = "Refused; Hydra issues no token", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided; Hydra issues no token", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "hydra").await?;
    let body: Body = call.read()?;
    let settings = &call.connection.settings;
    if !is_about_a_person(&body.request) {
        return Ok(HttpResponse::NoContent().finish());
    }
    if !settings.answers_app(&body.request.client_id) {
        return Ok(leave(&body, settings));
    }
    let (id_token, claims) = (body.session.id_token.as_ref(), body.session.claims());
    call.expect_issuer(claims.is_some_and(|claims| claims.iss == settings.issuer.as_str()))?;
    let named = [id_token.map(|token| token.subject.as_str()), claims.map(|claims| claims.sub.as_str())];
    let subject = call.subject(named.into_iter().flatten().find(|subject| !subject.is_empty()))?;
    let scopes: Vec<&str> = body.request.granted_scopes.iter().flatten().map(String::as_str).collect();
    let question = Question {
        subject: subject.as_deref(),
        scopes: Some(&scopes),
        picked: picked(&body.session)?,
        server_lets_scopes: Scopes::Stay,
    };
    let answer = Answer::to(&call, question).await?;
    if let Some(why) = answer.refused {
        return Err(Problem::new(ProblemType::Forbidden).detail(why));
    }
    Ok(say(&body.session, &answer.claims, settings))
}

/// An app that is not answered keeps its tokens as they are, but for what it was told while it was.
fn leave(body: &Body<'_>, settings: &ConnectionSettings) -> HttpResponse {
    let mut kept = body.session.both().into_iter().flatten().flat_map(BTreeMap::keys);
    let ours =
        settings.may_have_answered(&body.request.client_id) && kept.any(|name| settings.may_have_given(name));
    if ours { say(&body.session, &Ours::default(), settings) } else { HttpResponse::NoContent().finish() }
}

fn say(session: &Session<'_>, ours: &Ours<'_>, settings: &ConnectionSettings) -> HttpResponse {
    let [access_token, id_token] = session.both().map(|before| With { before, ours, settings });
    HttpResponse::Ok().json(Answered { session: Tokens { access_token, id_token } })
}

impl<'b> Session<'b> {
    fn claims(&self) -> Option<&Claims<'b>> {
        self.id_token.as_ref().and_then(|token| token.id_token_claims.as_ref())
    }

    /// The extra claims of the access token and of the ID token.
    fn both(&self) -> [Option<&Extra<'b>>; 2] {
        [self.extra.as_ref(), self.claims().and_then(|claims| claims.ext.as_ref())]
    }
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
    /// What was picked stays picked, and is the consent app's to say.
    fn is_ours(&self, name: &str) -> bool {
        self.ours.has(name) || (name != PICKED && self.settings.may_have_given(name))
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
