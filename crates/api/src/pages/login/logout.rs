use actix_web::{HttpResponse, web::Data};
use serde::Deserialize;

use crate::{
    pages::{cookie::Jar, form::Form, frame::see_other, refusal::Refusal},
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Logout {}

/// `/logout`.
pub(in crate::pages) async fn logout(state: Data<State>, _: Form<Logout>) -> Result<HttpResponse, Refusal> {
    let mut response = see_other("/login?out=1");
    let emptied = response.add_cookie(&Jar::Session.empty(&state));
    emptied.map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(response)
}
