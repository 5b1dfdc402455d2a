use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    id::ReviewId,
    review::Missing,
    service::decide_review::{ReviewError, ask as ask_for_more},
};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, filled},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
    },
    state::State,
    v1::reviews::{approve::candidate, find},
};

/// What a reviewer may ask for, with the names of the form's boxes.
pub(super) const MISSING: [(&str, Missing); 4] = [
    ("photo_id", Missing::PhotoId),
    ("name_change", Missing::NameChange),
    ("address", Missing::Address),
    ("contact", Missing::Contact),
];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct AskForm {
    photo_id: Option<String>,
    name_change: Option<String>,
    address: Option<String>,
    contact: Option<String>,
    tell: String,
}

impl AskForm {
    fn missing(&self) -> Vec<Missing> {
        let ticked = [&self.photo_id, &self.name_change, &self.address, &self.contact];
        let both = MISSING.into_iter().zip(ticked);
        both.filter(|(_, ticked)| ticked.is_some()).map(|((_, missing), _)| missing).collect()
    }
}

/// A reviewer asks for more before deciding.
pub(in crate::pages) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<AskForm>,
) -> Result<HttpResponse, Refusal> {
    let id: ReviewId = path_id(&request)?;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let missing = form.missing();
    if missing.is_empty() {
        let complaints = Complaints::one("missing", "Tick what is missing");
        return show_again(&state, &staff, id, None, unprocessable, complaints).await;
    }
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff.caller, id).await?;
    let tell = match filled(&form.tell) {
        Some(patient) => Some(candidate(&mut *unit, by.organization(), patient).await?),
        None => None,
    };
    match ask_for_more(&mut *unit, &state.ports, &organization, by, id, missing, tell).await {
        Ok(_) => {
            unit.save().await?;
            Ok(see_other(&format!("/staff/reviews/{id}?said=asked")))
        }
        Err(error @ ReviewError::NoContact) => {
            drop(unit);
            let complaints = Complaints::one("tell", error.to_string());
            show_again(&state, &staff, id, None, unprocessable, complaints).await
        }
        Err(error) => Err(error.into()),
    }
}
