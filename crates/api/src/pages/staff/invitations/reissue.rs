use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    id::InvitationId,
    invitation::Channel,
    service::issue_invitation::{self, IssueError, Reissue},
};
use serde::Deserialize;

use super::{
    form::email,
    issued::{show_issued, show_issued_before},
    read::show_again,
};
use crate::{
    extract::path_id,
    idempotency::Once,
    pages::{complaint::Complaints, form::Form, refusal::Refusal, visitor::Staff},
    problem::{Problem, ProblemType},
    state::State,
    v1::invitations::find,
};

#[derive(Deserialize)]
pub(in crate::pages) struct ReissueForm {
    #[serde(default)]
    once: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_validated: String,
}

/// Staff issue an invitation anew: a new code, shown this once, and the end of the old one.
pub(in crate::pages) async fn reissue(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<ReissueForm>,
) -> Result<HttpResponse, Refusal> {
    let id: InvitationId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, id).await?;
    let organization = unit.organization(by.organization()).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let once = Once::named(&state, staff.visitor.account(), request.path(), &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(show_issued_before(&state, &staff.visitor, &organization));
    }
    let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == form.channel);
    let anew = Reissue { channel, email: email(&form.email, &form.email_validated), send: false };
    let issued = issue_invitation::reissue(&mut *unit, &state.ports, &organization, by, id, anew).await;
    match issued {
        Ok(issued) => {
            once.save_answer(unit, StatusCode::CREATED, &issued.invitation.id).await?;
            Ok(show_issued(&state, &staff.visitor, &organization, &issued))
        }
        Err(error @ (IssueError::NoContact | IssueError::ContactNotOnRecord)) => {
            drop(unit);
            show_again(&state, &staff, id, None, Complaints::one("email", error.to_string())).await
        }
        Err(error) => Err(error.into()),
    }
}
