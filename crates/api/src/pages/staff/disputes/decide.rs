use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    id::DisputeId,
    service::dispute::{self, Verdict},
};

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::see_other,
        refusal::Refusal,
        staff::links::{reinstate::REASONS, revoke::allowed},
        visitor::Staff,
        words,
    },
    state::State,
    v1::disputes::find,
};

/// Staff find the dispute right: the link ends.
pub(in crate::pages) async fn uphold(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let verdict = words::chosen(&why.reason, allowed(&staff)).map(Verdict::Right);
    let missing = Complaints::one("uphold", "Choose why the link is ended");
    decide(&request, &state, &staff, verdict.ok_or(missing), "upheld").await
}

/// Staff find the dispute wrong: it closes the link no more.
pub(in crate::pages) async fn dismiss(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let verdict = words::chosen(&why.reason, REASONS).map(Verdict::Wrong);
    let missing = Complaints::one("dismiss", "Choose why the link opens again");
    decide(&request, &state, &staff, verdict.ok_or(missing), "dismissed").await
}

async fn decide(
    request: &HttpRequest,
    state: &State,
    staff: &Staff,
    verdict: Result<Verdict, Complaints>,
    said: &str,
) -> Result<HttpResponse, Refusal> {
    let id: DisputeId = path_id(request)?;
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(complaints) => return show_again(state, staff, id, None, complaints).await,
    };
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, id).await?;
    dispute::decide(&mut *unit, &state.ports, by, id, verdict).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/disputes/{id}?said={said}")))
}
