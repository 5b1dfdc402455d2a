use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    id::InvitationId,
    service::issue_invitation::{self, IssueError, Reissue},
};
use serde::Deserialize;

use super::{
    form::{complain, email},
    issued::{show_issued, show_issued_before},
    read::show_again,
    way::{self, Reach},
};
use crate::{
    extract::path_id,
    idempotency::Once,
    pages::{form::Form, refusal::Refusal, visitor::Staff},
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
    let (by, old) = find(&mut *unit, &staff.caller, id).await?;
    let organization = unit.organization(by.organization()).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let once = Once::named(&state, staff.visitor.account(), request.path(), &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(show_issued_before(&state, &staff.visitor, &organization));
    }
    let way = way::chosen(&form.channel);
    let channel = way.map_or(old.channel, |way| way.channel);
    let anew = Reissue {
        channel: Some(channel),
        email: email(&form.email, &form.email_validated),
        send: way.is_some_and(|way| way.send),
    };
    let issued = issue_invitation::reissue(&mut *unit, &state.ports, &organization, by, id, anew).await;
    match issued {
        Ok(issued) => {
            let reach = Reach::of(&mut *unit, &organization, &issued.invitation).await?;
            once.save_answer(unit, StatusCode::CREATED, &issued.invitation.id).await?;
            Ok(show_issued(&state, &staff.visitor, &organization, &issued, reach.as_ref()))
        }
        Err(
            error @ (IssueError::NoContact | IssueError::ContactNotOnRecord | IssueError::ChannelNotSendable),
        ) => {
            drop(unit);
            show_again(&state, &staff, id, None, complain(error, channel)?).await
        }
        Err(error) => Err(error.into()),
    }
}
