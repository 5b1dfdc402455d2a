//! Auth0: a post-login Action posts what it knows, in the words of its `event`, and applies the answer. The
//! Action runs at a refresh too. Its code is in docs/connect/auth0.md.
//!
//! Source: auth0/docs-v2, `main/docs/actions/reference/post-login` (the event and API objects) and "Redirect with
//! Actions"; for a refresh, Auth0's support article "Find Requested Scopes in Actions for Refresh token". An Action can cut the access token's scopes (`api.accessToken.removeScope`), send the browser to the picker at
//! a login, but not at a refresh, and keep the link with the refresh token from one to the other.

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use kinlink_domain::{connection::Several, id::LinkId};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Claims, Question, Scopes},
    call::{Call, within},
};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Body {
    user: User,
    client: App,
    #[serde(default)]
    transaction: Option<Transaction>,
    /// The link that the person picked, or that the refresh token was issued for.
    link: Option<LinkId>,
}

#[derive(Deserialize)]
struct User {
    user_id: String,
}

#[derive(Deserialize)]
struct App {
    client_id: String,
}

#[derive(Deserialize)]
struct Transaction {
    /// Absent if the Action does not know them either.
    requested_scopes: Option<Vec<String>>,
    protocol: Option<String>,
}

/// What `event.transaction.protocol` is at a refresh.
const REFRESH: &str = "oauth2-refresh-token";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acts<'c> {
    claims: &'c Claims<'c>,
    remove_scopes: &'c [String],
    add_scopes: Vec<&'c str>,
    deny: Option<&'static str>,
    link: Option<LinkId>,
    several: bool,
}

/// What the Action is to do with tokens that Auth0 is about to issue.
#[utoipa::path(post, path = "/hooks/auth0/{id}", tag = "hooks", security(("client" = [])), request_body = Object,
    params(("id" = String, Path, description = "The connection", example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")),
    responses(
        (status = 200, description = "`claims`, `addScopes`, `removeScopes`, the `link` to keep with the refresh token, \
            `several` if the person may be sent to the picker, and `deny` with a reason if no token may be issued", body = Object),
        (status = "4XX", description = "Refused: the Action denies access", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: the Action denies access", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hook(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    within(answer(&request, payload)).await
}

async fn answer(request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let call = Call::of_client(request, payload, "auth0").await?;
    let body: Body = call.read()?;
    if !call.connection.settings.answers_app(&body.client.client_id) {
        return Ok(act(&Answer::default()));
    }
    let subject = call.subject(Some(&body.user.user_id))?;
    let scopes = body.scopes();
    let question = Question {
        subject: subject.as_deref(),
        scopes: scopes.as_deref(),
        picked: body.link,
        server_lets_scopes: Scopes::Cut,
    };
    if body.has_forgotten(call.connection.settings.several) {
        return Ok(act(&Answer::no_record(&call, question)));
    }
    Ok(act(&Answer::to(&call, question).await?))
}

impl Body {
    /// The scopes that the token may have. At a refresh Auth0's own `requested_scopes` does not tell them: that there
    /// are none is not to be read from it.
    fn scopes(&self) -> Option<Vec<&str>> {
        let told = self.transaction.as_ref()?.requested_scopes.as_ref();
        let told = told.filter(|scopes| !scopes.is_empty() || !self.is_refresh())?;
        Some(told.iter().map(String::as_str).collect())
    }

    fn is_refresh(&self) -> bool {
        let transaction = self.transaction.as_ref();
        transaction.and_then(|transaction| transaction.protocol.as_deref()) == Some(REFRESH)
    }

    /// A refresh for a record that was picked, and nobody knows any more which: the only one that is left may be
    /// another.
    fn has_forgotten(&self, several: Several) -> bool {
        several == Several::Picker && self.is_refresh() && self.link.is_none()
    }
}

fn act(answer: &Answer<'_>) -> HttpResponse {
    HttpResponse::Ok().json(Acts {
        claims: &answer.claims,
        remove_scopes: &answer.cut,
        add_scopes: answer.added_scopes().collect(),
        deny: answer.refused,
        link: answer.link,
        several: answer.several,
    })
}
