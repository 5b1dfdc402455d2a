use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::StaffAct,
    ending::{EndedItem, EndingState},
    id::EndingId,
    store::UnitOfWork,
};
use serde::Deserialize;

use super::Shown;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::endings::read::see,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/ending.html")]
struct EndingPage {
    frame: Frame,
    slug: String,
    organization: String,
    ending: Shown,
    links: Vec<String>,
    invitations: Vec<String>,
    /// What else was closed.
    others: usize,
    undo: Undo,
    complaints: Complaints,
}

/// Whether the visitor can undo it.
#[derive(PartialEq, Eq)]
enum Undo {
    Offered,
    /// They ended it themselves.
    ByAnother,
    No,
}

/// `/staff/endings/{id}`: what was ended, and can it be undone?
pub(in crate::pages) async fn show_ending(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let said = match query.said.as_deref() {
        Some("ended") => {
            Some("Ended, at once and in every app. Nobody whom it touched is told who did it, or why.")
        }
        Some("undone") => Some("Undone. What was closed opens again, but for what somebody changed since."),
        _ => None,
    };
    show_again(&state, &staff, path_id(&request)?, said, StatusCode::OK, Complaints::default()).await
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: EndingId,
    said: Option<&'static str>,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (by, ending) = see(state, &mut *unit, &staff.caller, id).await?;
    let organization = unit.organization(ending.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let slug = organization.slug.to_string();
    let shown = Shown::new(&mut *unit, &slug, &ending).await?;
    let (links, invitations, others) = closed(&mut *unit, &ending).await?;
    unit.save().await?;
    let may = staff.caller.at(ending.organization, StaffAct::ReviewLinks).is_ok();
    let undo = match ending.state {
        EndingState::Done if may && now < ending.undo_until && by.actor() != ending.by => Undo::Offered,
        EndingState::Done if now < ending.undo_until => Undo::ByAnother,
        _ => Undo::No,
    };
    let page = EndingPage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        slug,
        organization: organization.name,
        ending: shown,
        links,
        invitations,
        others,
        undo,
        complaints,
    };
    Ok(show(state, &staff.visitor, status, &page))
}

async fn closed(
    unit: &mut dyn UnitOfWork,
    ending: &kinlink_domain::ending::Ending,
) -> Result<(Vec<String>, Vec<String>, usize), Refusal> {
    let (mut links, mut invitations, mut others) = (Vec::new(), Vec::new(), 0);
    for item in unit.ended_items(ending.organization, ending.id).await? {
        match item {
            EndedItem::Link { link, .. } => links.push(link.to_string()),
            EndedItem::Invitation(invitation) => invitations.push(invitation.to_string()),
            EndedItem::Claim(_) | EndedItem::Offer(_) | EndedItem::Request(_) => others += 1,
        }
    }
    Ok((links, invitations, others))
}
