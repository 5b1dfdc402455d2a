use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    frame::{Frame, show, show_to_nobody},
    visitor::Anybody,
};
use crate::state::State;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
}

/// `/`: what this is, and where to go.
pub(super) async fn home(state: Data<State>, Anybody(visitor): Anybody) -> HttpResponse {
    match visitor {
        Some(visitor) => {
            show(&state, &visitor, StatusCode::OK, &HomePage { frame: Frame::new(&visitor, "/") })
        }
        None => show_to_nobody(StatusCode::OK, &HomePage { frame: Frame::for_nobody() }),
    }
}
