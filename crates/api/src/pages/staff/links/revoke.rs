use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, id::LinkId, link::Revocation, service::end_link::end};

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    state::State,
    v1::links::revoke as operation,
};

/// The reasons that staff may give.
pub(in crate::pages::staff) fn allowed(staff: &Staff) -> impl Iterator<Item = Revocation> {
    let actor = Actor::Staff(staff.visitor.account());
    Revocation::ALL.into_iter().filter(move |reason| reason.allowed_to(actor))
}

pub(in crate::pages::staff) fn reasons(staff: &Staff) -> Reasons {
    words::reasons(allowed(staff), words::revocation)
}

/// Staff end a link.
pub(in crate::pages) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    let Some(reason) = words::chosen(&why.reason, Revocation::ALL) else {
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
