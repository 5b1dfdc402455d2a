//! More proof that it is still the person who logged in: a code of the authenticator app, or a fresh login.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::service::totp::{Login, TotpRefusal, verify::verify};
use serde::Deserialize;

use super::{
    complaint::Complaints,
    form::{Filters, Form, filled},
    frame::{Frame, see_other, show},
    login::local_path,
    refusal::Refusal,
    visitor::{Staff, Visitor},
    words,
};
use crate::{extract::StaffCaller, problem::Problem, state::State, v1::totp::given};

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
    staff: Staff,
    Filters(onward): Filters<Onward>,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &staff.visitor, &onward.return_to, StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    return_to: &str,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let return_to = local_path(return_to).unwrap_or("/staff");
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
        frame: Frame::new(visitor, "/staff"),
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
    staff: Staff,
    Form(form): Form<CodeForm>,
) -> Result<HttpResponse, Refusal> {
    let (visitor, unprocessable) = (&staff.visitor, StatusCode::UNPROCESSABLE_ENTITY);
    let code = match given(filled(&form.code), None) {
        Ok(Some(code)) => code,
        Ok(None) => {
            let complaints = Complaints::one("code", "Enter the six digits that your app shows");
            return ask_again(&state, visitor, &form.return_to, unprocessable, complaints).await;
        }
        Err(problem) => {
            let why = problem.errors.first().map_or(problem.title, |error| &error.message).to_owned();
            let complaints = Complaints::one("code", why);
            return ask_again(&state, visitor, &form.return_to, unprocessable, complaints).await;
        }
    };
    let mut unit = state.store.begin().await?;
    let stepping = visitor.stepping_up();
    let staff_at = StaffCaller::organizations(&staff.caller);
    let login =
        Login { account: visitor.account(), staff_at: &staff_at, logged_in_at: stepping.authentication.time };
    let decided = verify(&mut *unit, &state.ports, login, stepping.token, &code).await?;
    // A refusal is saved too: it is counted.
    unit.save().await?;
    match decided {
        Ok(_) => Ok(see_other(local_path(&form.return_to).unwrap_or("/staff"))),
        Err(TotpRefusal::TooManyAttempts { until }) => {
            let why = format!("Too many wrong tries. Try again after {}", words::moment(until));
            let complaints = Complaints::one("code", why);
            ask_again(&state, visitor, &form.return_to, StatusCode::TOO_MANY_REQUESTS, complaints).await
        }
        Err(refusal) => {
            let problem = Problem::from_totp(refusal, state.ports.clock.now());
            let complaints = Complaints::one("code", problem.title);
            ask_again(&state, visitor, &form.return_to, unprocessable, complaints).await
        }
    }
}
