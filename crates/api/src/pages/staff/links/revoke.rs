use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, id::LinkId, link::Revocation, service::end_link::end};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::Form,
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    state::State,
    v1::links::revoke as operation,
};

#[derive(Deserialize)]
pub(in crate::pages) struct RevokeForm {
    #[serde(default)]
    reason: String,
}

/// The reasons that staff may give.
pub(in crate::pages::staff) fn reasons(staff: &Staff) -> Reasons {
    let actor = Actor::Staff(staff.visitor.account());
    let allowed = Revocation::ALL.into_iter().filter(|reason| reason.allowed_to(actor));
    allowed.map(|reason| (words::word(reason), words::revocation(reason))).collect()
}

/// Staff end a link.
pub(in crate::pages) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<RevokeForm>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    let Some(reason) = Revocation::ALL.into_iter().find(|reason| words::word(*reason) == form.reason) else {
        let complaints = Complaints::one("reason", "Choose why the link is ended");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let visitor = &staff.visitor;
    let by = operation::ender_of(&mut *unit, id, visitor.account_if_patient(), visitor.staff()).await?;
    let login = visitor.stepping_up();
    let checked = operation::check_step_up(&state, &mut *unit, &login, by).await;
    checked.map_err(|problem| Refusal::stepping_up(problem, &format!("/staff/links/{id}")))?;
    end(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    operation::count_ended();
    Ok(see_other(&format!("/staff/links/{id}?said=ended")))
}
