use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    dispute::{Dispute, DisputeState, DisputeStatus},
    id::DisputeId,
    link::LinkStatus,
};
use serde::Deserialize;

use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::links::{reinstate, revoke},
        visitor::Staff,
        words::{self, Reasons},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::disputes::read::see,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/dispute.html")]
struct DisputePage {
    frame: Frame,
    id: String,
    slug: String,
    organization: String,
    status: &'static str,
    undecided: bool,
    opened: String,
    decided: Option<Decided>,
    link: String,
    link_status: &'static str,
    link_opens: bool,
    role: String,
    fhir_id: String,
    account: String,
    uphold: Reasons,
    dismiss: Reasons,
    complaints: Complaints,
}

struct Decided {
    at: String,
    by: String,
    reason: &'static str,
}

/// `/staff/disputes/{id}`: was it them, or not?
pub(in crate::pages) async fn show_dispute(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let said = match query.said.as_deref() {
        Some("upheld") => Some("Decided. The link is ended, at once and in every app."),
        Some("dismissed") => Some("Decided. The dispute closes the link no more."),
        _ => None,
    };
    show_again(&state, &staff, path_id(&request)?, said, Complaints::default()).await
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: DisputeId,
    said: Option<&'static str>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let gone = || Problem::new(ProblemType::NotFound);
    let mut unit = state.store.begin().await?;
    let dispute = see(state, &mut *unit, &staff.caller, id).await?;
    // At the record that is in use: of a link that was absorbed in a merge, the one that stands for it.
    let link = unit.standing_link(dispute.link).await?.ok_or_else(gone)?;
    let organization = unit.organization(dispute.organization).await?.ok_or_else(gone)?;
    unit.save().await?;
    let link_status = link.status(&organization.policy.family.rules(), state.ports.clock.now());
    let page = DisputePage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        id: id.to_string(),
        slug: organization.slug.to_string(),
        organization: organization.name,
        status: words::dispute_status(dispute.status()),
        undecided: dispute.status() == DisputeStatus::Open,
        opened: words::moment(dispute.opened_at),
        decided: decided(&dispute),
        link: link.id.to_string(),
        link_status: words::link_status(link_status),
        link_opens: link_status == LinkStatus::Active,
        role: words::role(&link.role),
        fhir_id: link.fhir_id.to_string(),
        account: link.account.to_string(),
        uphold: revoke::reasons(staff),
        dismiss: reinstate::reasons(),
        complaints,
    };
    let status = page.complaints.status();
    Ok(show(state, &staff.visitor, status, &page))
}

fn decided(dispute: &Dispute) -> Option<Decided> {
    let (at, by, reason) = match dispute.state {
        DisputeState::Open => return None,
        DisputeState::Upheld { at, by, reason } => (at, by, words::revocation(reason)),
        DisputeState::Dismissed { at, by, reason } => (at, by, words::reinstatement(reason)),
    };
    Some(Decided { at: words::moment(at), by: words::actor(by), reason })
}
