use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::service::totp::{Given, confirm::confirm as confirm_authenticator};
use serde::Deserialize;

use super::show_again;
use crate::{
    pages::{
        authenticator::{explain, login, typed},
        complaint::Complaints,
        form::Form,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Person,
    },
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct ConfirmForm {
    #[serde(default)]
    first_code: String,
}

/// The recovery codes, this once.
#[derive(Template)]
#[template(path = "me/recovery_codes.html")]
struct RecoveryCodesPage {
    frame: Frame,
    codes: Vec<String>,
}

/// The first code of a new app is given: from now on it counts.
pub(in crate::pages) async fn confirm(
    state: Data<State>,
    Person(visitor): Person,
    Form(form): Form<ConfirmForm>,
) -> Result<HttpResponse, Refusal> {
    let code = match typed(&form.first_code) {
        Ok(Some(Given::Code(code))) => code,
        Ok(_) => return again(&state, &Person(visitor), "Enter the six digits that your app shows").await,
        Err(why) => return again(&state, &Person(visitor), &why).await,
    };
    let staff_at = visitor.staff_at();
    let mut unit = state.store.begin().await?;
    let decided = confirm_authenticator(&mut *unit, &state.ports, login(&visitor, &staff_at), &code).await?;
    // A refusal is saved too: it is counted.
    unit.save().await?;
    match decided {
        Ok(codes) => {
            metrics::counter!("kinlink_authenticators_confirmed_total").increment(1);
            let codes = codes.iter().map(ToString::to_string).collect();
            let page = RecoveryCodesPage { frame: Frame::new(&visitor, "/me/security"), codes };
            Ok(show(&state, &visitor, StatusCode::OK, &page))
        }
        Err(refusal) => {
            let (status, why) = explain(refusal);
            show_again(&state, &visitor, status, Complaints::one("first_code", why)).await
        }
    }
}

async fn again(state: &State, Person(visitor): &Person, why: &str) -> Result<HttpResponse, Refusal> {
    show_again(state, visitor, StatusCode::UNPROCESSABLE_ENTITY, Complaints::one("first_code", why)).await
}
