use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    evidence::AddressValidation,
    id::InvitationId,
    invitation::{Invitation, InvitationState, InvitationStatus},
    organization::Organization,
};
use serde::Deserialize;

use super::{revoke, way::ways};
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Filters, fresh},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::invitations::read,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/invitation.html")]
struct InvitationPage {
    frame: Frame,
    slug: String,
    organization: String,
    invitation: Shown,
    /// Reasons to revoke it, if it can be.
    reasons: words::Reasons,
    ways: Vec<(&'static str, &'static str)>,
    once: String,
    complaints: Complaints,
}

struct Shown {
    id: String,
    fhir_id: String,
    channel: &'static str,
    channel_word: &'static str,
    /// Where it goes, if there is an address.
    address: Option<&'static str>,
    challenge: &'static str,
    proof: Vec<String>,
    failures: u16,
    status: &'static str,
    open: bool,
    issued: String,
    issued_by: String,
    expires: String,
    ended: Option<String>,
    link: Option<String>,
    replaces: Option<String>,
}

/// `/staff/invitations/{id}`: how does it stand?
pub(in crate::pages) async fn show_invitation(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let revoked = query.said.is_some_and(|word| word == "revoked");
    let said = revoked.then_some("Revoked. Its code is not accepted any more.");
    show_again(&state, &staff, path_id(&request)?, said, Complaints::default()).await
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: InvitationId,
    said: Option<&'static str>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (by, invitation) = read::load(state, &mut *unit, &staff.caller, id).await?;
    let organization = unit.organization(by.organization()).await?;
    unit.save().await?;
    let Organization { slug, name, .. } = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let now = state.ports.clock.now();
    let closed = matches!(invitation.status(now), InvitationStatus::Redeemed | InvitationStatus::Revoked);
    let status = complaints.status();
    let page = InvitationPage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        slug: slug.to_string(),
        organization: name,
        invitation: shown(&invitation, now),
        reasons: if closed {
            Vec::new()
        } else {
            words::reasons(revoke::REASONS, words::invitation_revocation)
        },
        ways: ways(state.ports.outlets).map(|way| (way.word, way.short)).collect(),
        once: fresh(state),
        complaints,
    };
    Ok(show(state, &staff.visitor, status, &page))
}

fn shown(invitation: &Invitation, now: DateTime<Utc>) -> Shown {
    let status = invitation.status(now);
    let (ended, link) = match invitation.state {
        InvitationState::Issued => (None, None),
        InvitationState::Redeemed { at, link, .. } => (Some(words::moment(at)), Some(link.to_string())),
        InvitationState::Revoked { at, by, reason } => {
            let (at, by) = (words::moment(at), words::actor(by));
            (Some(format!("{at}, by {by}: {}", words::invitation_revocation(reason))), None)
        }
        InvitationState::Locked { at } => {
            (Some(format!("{}, after too many wrong tries", words::moment(at))), None)
        }
    };
    Shown {
        id: invitation.id.to_string(),
        fhir_id: invitation.fhir_id.to_string(),
        channel: words::channel(invitation.channel),
        channel_word: invitation.channel.as_str(),
        address: (invitation.address != AddressValidation::None).then(|| words::address(invitation.address)),
        challenge: words::challenge(invitation.challenge),
        proof: invitation.proof.iter().map(words::fact).collect(),
        failures: invitation.failures,
        status: words::invitation_status(status),
        open: status == InvitationStatus::Issued,
        issued: words::moment(invitation.issued_at),
        issued_by: words::actor(invitation.issued_by),
        expires: words::moment(invitation.expires_at),
        ended,
        link,
        replaces: invitation.replaces.map(|id| id.to_string()),
    }
}
