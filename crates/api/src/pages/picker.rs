//! The picker: a person who may open several records says which one an app gets. Not part of the pages that one
//! logs in to; see `kinlink_domain::picker` for what its URL proves.

pub(super) mod answer;
pub(super) mod ask;

use actix_web::{HttpRequest, HttpResponse, ResponseError, web::Query};
use askama::Template;
use kinlink_domain::{
    picker::{Picker, PickerToken},
    service::pick::PickError,
    store::UnitOfWork,
};
use serde::Deserialize;

use super::{
    frame::{Frame, show_to_nobody},
    refusal::Refusal,
};
use crate::{problem::Problem, state::State};

/// What a browser keeps, so that a picker is known to be its own.
type Secret = [u8; 32];

#[derive(Template)]
#[template(path = "picker/closed.html")]
struct ClosedPage {
    frame: Frame,
}

/// What stands behind the picker's address.
#[derive(Deserialize)]
struct Brought {
    state: Option<String>,
}

/// What goes back with the answer; without it the answer would not find its way.
fn returning(request: &HttpRequest, picker: &Picker) -> Result<String, PickError> {
    let brought = Query::<Brought>::from_query(request.query_string()).ok();
    let brought = brought.as_ref().and_then(|brought| brought.state.as_deref());
    picker.session.state_for(brought).map(ToOwned::to_owned).ok_or(PickError::NotAccepted)
}

/// Around a picker there is nothing to go astray by.
fn frame() -> Frame {
    Frame { here: "/login", ..Frame::for_nobody() }
}

/// The token in the path, if Kinlink made it.
fn token(request: &HttpRequest, state: &State) -> Option<PickerToken> {
    let text = request.match_info().get("token").unwrap_or_default();
    PickerToken::read(text, &*state.ports.vault)
}

async fn find(unit: &mut dyn UnitOfWork, token: PickerToken) -> Result<Picker, PickError> {
    unit.picker_for_update(token).await?.ok_or(PickError::NotAccepted)
}

/// Why there is nothing to pick, or not any more.
fn closed(error: PickError) -> Result<HttpResponse, Refusal> {
    if let PickError::Store(error) = error {
        return Err(error.into());
    }
    let status = Problem::from(error).status_code();
    Ok(show_to_nobody(status, &ClosedPage { frame: frame() }))
}
