//! More proof that it is still the person who logged in: a code of the authenticator app, or a fresh login.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::service::totp::verify::verify;
use serde::Deserialize;

use super::{
    authenticator::{explain, login, typed},
    complaint::Complaints,
    form::{Filters, Form},
    frame::{Frame, see_other, show},
    login::local_path,
    refusal::Refusal,
    visitor::{Person, Visitor},
};
use crate::state::State;

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    frame: Frame,
    return_to: String,
    has_app: bool,
    logins: Vec<(String, String)>,
    complaints: Complaints,
}

#[derive(Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    return_to: String,
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    code: String,
}

/// `/step-up`: show once more that it is you.
pub(super) async fn ask(
    state: Data<State>,
    Person(visitor): Person,
    Filters(onward): Filters<Onward>,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &visitor, &onward.return_to, StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    return_to: &str,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let return_to = onward(visitor, return_to);
    let mut unit = state.store.begin_read().await?;
    let authenticator = unit.authenticator(visitor.account()).await?;
    let logins =
        state.logins.providers().iter().enumerate().filter(|(_, it)| it.iss == *visitor.session.iss());
    let start = |index: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("provider", &index.to_string()).append_pair("anew", "1");
        format!("/login/start?{}", query.append_pair("return_to", return_to).finish())
    };
    let page = StepUpPage {
        frame: Frame::new(visitor, ""),
        return_to: return_to.to_owned(),
        has_app: authenticator.is_some_and(|it| it.active().is_some()),
        logins: logins.map(|(index, it)| (start(index), it.label.clone())).collect(),
        complaints,
    };
    Ok(show(state, visitor, status, &page))
}

/// A code of the app is given; it counts for this session and for no other.
pub(super) async fn give_code(
    state: Data<State>,
    Person(visitor): Person,
    Form(form): Form<CodeForm>,
) -> Result<HttpResponse, Refusal> {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let typed = typed(&form.code).and_then(|code| code.ok_or_else(|| "Enter a code".to_owned()));
    let code = match typed {
        Ok(code) => code,
        Err(why) => {
            let complaints = Complaints::one("code", why);
            return ask_again(&state, &visitor, &form.return_to, unprocessable, complaints).await;
        }
    };
    let mut unit = state.store.begin().await?;
    let (staff_at, token) = (visitor.staff_at(), visitor.stepping_up().token);
    let decided = verify(&mut *unit, &state.ports, login(&visitor, &staff_at), token, &code).await?;
    // A refusal is saved too: it is counted.
    unit.save().await?;
    match decided {
        Ok(_) => Ok(see_other(onward(&visitor, &form.return_to))),
        Err(refusal) => {
            let (status, why) = explain(refusal);
            ask_again(&state, &visitor, &form.return_to, status, Complaints::one("code", why)).await
        }
    }
}

/// Where the visitor goes on to.
fn onward<'a>(visitor: &Visitor, return_to: &'a str) -> &'a str {
    local_path(return_to).unwrap_or(if visitor.is_staff() { "/staff" } else { "/me" })
}
