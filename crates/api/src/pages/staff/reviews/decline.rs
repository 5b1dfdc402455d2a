use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{claim::Decline, id::ReviewId, service::decide_review::decline as decline_review};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{complaint::Complaints, form::Form, frame::see_other, refusal::Refusal, visitor::Staff},
    state::State,
    v1::reviews::{approve::count_decided, find},
};

/// Reasons that a reviewer may give, with the words that the form sends.
pub(super) const REASONS: [(&str, Decline); 4] = [
    ("not_the_same_person", Decline::NotTheSamePerson),
    ("not_enough_proof", Decline::NotEnoughProof),
    ("linked_otherwise", Decline::LinkedOtherwise),
    ("fraud", Decline::Fraud),
];

#[derive(Deserialize)]
pub(in crate::pages) struct DeclineForm {
    #[serde(default)]
    reason: String,
}

/// A reviewer declines; the claimant sees no difference.
pub(in crate::pages) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<DeclineForm>,
) -> Result<HttpResponse, Refusal> {
    let id: ReviewId = path_id(&request)?;
    let Some((_, reason)) = REASONS.into_iter().find(|(word, _)| *word == form.reason) else {
        let complaints = Complaints::one("reason", "Choose why you decline");
        return show_again(&state, &staff, id, None, StatusCode::UNPROCESSABLE_ENTITY, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff.caller, id).await?;
    decline_review(&mut *unit, &state.ports, &organization, by, id, reason).await?;
    unit.save().await?;
    count_decided("decline");
    Ok(see_other(&format!("/staff/reviews/{id}?said=declined")))
}
