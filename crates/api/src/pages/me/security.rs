//! The authenticator app of a login: a patient's or staff's.

pub(in crate::pages) mod confirm;
pub(in crate::pages) mod enrol;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    service::totp::status::{TotpStatus, status},
    totp::RECOVERY_CODES,
};

use crate::{
    pages::{
        complaint::Complaints,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::{Person, Visitor},
        words,
    },
    state::State,
};

#[derive(Template)]
#[template(path = "me/security.html")]
struct SecurityPage {
    frame: Frame,
    account: String,
    /// Since when there is one that counts.
    since: Option<String>,
    /// Until when a new one waits for its first code.
    pending: Option<String>,
    disabled: bool,
    locked: Option<String>,
    recovery_codes_left: usize,
    recovery_codes: u16,
    complaints: Complaints,
}

/// `/me/security`: is there an authenticator app?
pub(in crate::pages) async fn show_security(
    state: Data<State>,
    Person(visitor): Person,
) -> Result<HttpResponse, Refusal> {
    show_again(&state, &visitor, StatusCode::OK, Complaints::default()).await
}

async fn show_again(
    state: &State,
    visitor: &Visitor,
    status_code: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let known = status(&mut *unit, &state.ports, visitor.account()).await?;
    drop(unit);
    let TotpStatus { confirmed_at, pending_until, disabled, locked_until, recovery_codes_left } = known;
    let page = SecurityPage {
        frame: Frame::new(visitor, "/me/security"),
        account: visitor.account().to_string(),
        since: confirmed_at.map(words::day),
        pending: pending_until.map(words::moment),
        disabled,
        locked: locked_until.map(words::moment),
        recovery_codes_left,
        recovery_codes: RECOVERY_CODES,
        complaints,
    };
    Ok(show(state, visitor, status_code, &page))
}
