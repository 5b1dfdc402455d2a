use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload, Query},
};
use chrono::TimeDelta;
use kinlink_domain::{
    id::LinkId,
    picker::Picker,
    service::pick::{self, PickError},
};
use serde::Deserialize;
use serde_json::json;

use super::{Secret, closed, find, returning, token};
use crate::{
    extract::read_body,
    pages::{cookie::Jar, form::is_from_here, frame::see_other, refusal::Refusal},
    problem::{Problem, ProblemType},
    state::State,
};

/// How long the answer may be on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(2);
/// Its type: it can be taken for nothing else (RFC 8725, 3.11).
const TYPE: &str = "kinlink-pick+jwt";

/// Which button was pressed.
#[derive(Deserialize)]
struct Pressed {
    /// Empty for "none of these".
    link: String,
}

/// A button was pressed: the answer goes back to the authorization server.
pub(in crate::pages) async fn answer(
    request: HttpRequest,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    if !is_from_here(&request, &state) {
        return Err(Refusal::NotFromHere { public_url: state.settings.public_url.clone() });
    }
    let choice = pressed(&state, payload).await?;
    let secret = Jar::Picker.open::<Secret>(&request, &state).unwrap_or_default();
    let Some(token) = token(&request, &state) else { return closed(PickError::NotAccepted) };
    let links = state.links.of(token.account).await?;
    let mut unit = state.store.begin().await?;
    let picker = match find(&mut *unit, token).await {
        Ok(picker) => picker,
        Err(error) => return closed(error),
    };
    let returning = match returning(&request, &picker) {
        Ok(returning) => returning,
        Err(error) => return closed(error),
    };
    let answered = pick::answer(&mut *unit, &state.ports, picker, &secret, &links, choice).await;
    let picker = match answered {
        Ok(picker) => picker,
        Err(error) => return closed(error),
    };
    unit.save().await?;
    let claims = claims(&state, &picker, &returning, choice);
    let signed = state.answers.sign(TYPE, &claims).await.map_err(Problem::from)?;
    let parameters = [("state", returning.as_str()), ("answer", signed.as_str())];
    Ok(see_other(&picker.session.return_url.with(&parameters)))
}

async fn pressed(state: &State, payload: Payload) -> Result<Option<LinkId>, Problem> {
    let body = read_body(&mut payload.into_inner(), state.settings.body_limit).await?;
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let malformed = || Problem::new(ProblemType::MalformedBody);
    let link = Query::<Pressed>::from_query(text).map_err(|_| malformed())?.into_inner().link;
    if link.is_empty() { Ok(None) } else { link.parse().map(Some).map_err(|_| malformed()) }
}

/// It names the link and no patient: addresses end in logs. What the link opens, the authorization server asks
/// for, and gets as it stands then.
fn claims(state: &State, picker: &Picker, returning: &str, choice: Option<LinkId>) -> serde_json::Value {
    let now = state.ports.clock.now();
    let mut claims = json!({
        "iss": state.settings.public_url,
        "aud": picker.client,
        "iat": now.timestamp(),
        "exp": (now + ON_ITS_WAY).timestamp(),
        "jti": picker.id,
        "connection": picker.connection,
        "session": picker.session.id,
        "state": returning,
    });
    match choice {
        Some(link) => claims["link"] = json!(link),
        None => claims["error"] = json!("access_denied"),
    }
    claims
}
