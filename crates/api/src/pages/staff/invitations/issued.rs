//! The page that shows a new code, this once.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use kinlink_domain::{
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    service::issue_invitation::Issued,
};

use crate::{
    pages::{
        frame::{Frame, show},
        staff::{family::BarRow, link_to},
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
    minor: bool,
    for_proxy: bool,
    bars: Vec<BarRow>,
}

/// The same form came twice: what it asked for was done the first time.
#[derive(Template)]
#[template(path = "staff/issued_before.html")]
struct IssuedBeforePage {
    frame: Frame,
    invitations: String,
}

pub(in crate::pages::staff) fn show_issued(
    state: &State,
    visitor: &Visitor,
    organization: &Organization,
    issued: &Issued,
) -> HttpResponse {
    let (invitation, now) = (&issued.invitation, state.ports.clock.now());
    let for_proxy = invitation.role != LinkRole::SelfRole;
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
        minor: issued.minor,
        other_self_links: if for_proxy { 0 } else { issued.other_self_links },
        for_proxy,
        bars: issued
            .bars
            .iter()
            .map(|bar| BarRow::new(bar, organization.policy.family.time_zone, now))
            .collect(),
    };
    show(state, visitor, StatusCode::CREATED, &page)
}

pub(in crate::pages::staff) fn show_issued_before(
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
