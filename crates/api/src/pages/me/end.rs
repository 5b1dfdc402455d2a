use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    id::LinkId,
    link::{LinkState, Revocation},
    service::end_link::end,
};

use super::records::Record;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::links::{read, revoke},
};

#[derive(Template)]
#[template(path = "me/end.html")]
struct EndPage {
    frame: Frame,
    record: Record,
    complaints: Complaints,
}

/// `/me/links/{id}/end`: do I really want to end this?
pub(in crate::pages) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &visitor, path_id(&request)?, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    id: LinkId,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (link, _) = read::see(state, &mut *unit, &visitor.caller(), id).await?;
    let organization = unit.organization(link.organization).await?;
    unit.save().await?;
    if link.account != visitor.account() {
        return Err(Problem::new(ProblemType::NotFound).into());
    }
    if link.state != LinkState::Active {
        return Err(Problem::new(ProblemType::LinkEnded).into());
    }
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let record = Record::new(&link, &organization, state.ports.clock.now());
    let status = complaints.status();
    Ok(show(state, visitor, status, &EndPage { frame: Frame::new(visitor, "/me"), record, complaints }))
}

/// The patient ends one of their links.
pub(in crate::pages) async fn end_link(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    let reason = match why.reason.as_str() {
        "not_me" => Revocation::NotMe,
        "no_longer_wanted" => Revocation::NoLongerWanted,
        _ => {
            return ask_again(&state, &visitor, id, Complaints::one("reason", "Choose why you end it")).await;
        }
    };
    let mut unit = state.store.begin().await?;
    let by = revoke::ender_of(&mut *unit, id, visitor.account_if_patient(), visitor.staff()).await?;
    end(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    revoke::count_ended();
    Ok(see_other("/me?said=ended"))
}
