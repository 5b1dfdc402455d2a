//! The page that shows a new code, this once.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use kinlink_domain::{
    invitation::{Challenge, Channel},
    organization::Organization,
    service::issue_invitation::Issued,
};

use crate::{
    pages::{
        frame::{Frame, show},
        staff::link_to,
        visitor::Visitor,
        words,
    },
    state::State,
};

#[derive(Template)]
#[template(path = "staff/issued.html")]
struct IssuedPage {
    frame: Frame,
    organization: String,
    slug: String,
    id: String,
    fhir_id: String,
    code: Option<String>,
    by_phone: bool,
    asks_birth_date: bool,
    expires_at: String,
    redeem_at: String,
    other_self_links: usize,
}

/// The same form came twice: what it asked for was done the first time.
#[derive(Template)]
#[template(path = "staff/issued_before.html")]
struct IssuedBeforePage {
    frame: Frame,
    invitations: String,
}

pub(super) fn show_issued(
    state: &State,
    visitor: &Visitor,
    organization: &Organization,
    issued: &Issued,
) -> HttpResponse {
    let invitation = &issued.invitation;
    let page = IssuedPage {
        frame: Frame::new(visitor, "/staff"),
        organization: organization.name.clone(),
        slug: organization.slug.to_string(),
        id: invitation.id.to_string(),
        fhir_id: invitation.fhir_id.to_string(),
        code: issued.code.as_ref().map(ToString::to_string),
        by_phone: invitation.channel == Channel::Phone,
        asks_birth_date: invitation.challenge == Some(Challenge::BirthDate),
        expires_at: words::moment(invitation.expires_at),
        redeem_at: format!("{}/redeem", state.settings.public_url),
        other_self_links: issued.other_self_links,
    };
    show(state, visitor, StatusCode::CREATED, &page)
}

pub(super) fn show_issued_before(
    state: &State,
    visitor: &Visitor,
    organization: &Organization,
) -> HttpResponse {
    let invitations = link_to("/staff/invitations", &[("organization", organization.slug.as_str())]);
    show(
        state,
        visitor,
        StatusCode::OK,
        &IssuedBeforePage { frame: Frame::new(visitor, "/staff"), invitations },
    )
}
