use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{claim::Decline, id::ReviewId, service::decide_review::decline as decline_review};

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    state::State,
    v1::reviews::{approve::count_decided, find},
};

/// Reasons that a reviewer may give.
pub(super) const REASONS: [Decline; 4] =
    [Decline::NotTheSamePerson, Decline::NotEnoughProof, Decline::LinkedOtherwise, Decline::Fraud];

/// A reviewer declines; the claimant sees no difference.
pub(in crate::pages) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: ReviewId = path_id(&request)?;
    let Some(reason) = words::chosen(&why.reason, REASONS) else {
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
