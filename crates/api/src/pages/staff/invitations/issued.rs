//! The page that shows a new code, this once.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use kinlink_domain::{
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    postal::PostalAddress,
    service::issue_invitation::Issued,
};

use super::way::Reach;
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
    way: Delivery,
    asks_birth_date: bool,
    expires_at: String,
    redeem_at: String,
    other_self_links: usize,
    minor: bool,
    for_proxy: bool,
    bars: Vec<BarRow>,
}

/// What becomes of the code.
enum Delivery {
    /// It is handed over.
    InPerson,
    /// Staff print the letter; where it goes, if the record says.
    Print(Option<PostalAddress>),
    /// Staff call; the number by its end, if the record has one.
    Call(Option<String>),
    /// Kinlink emails it.
    Emailed,
    /// Kinlink has a letter posted.
    Posted(Option<PostalAddress>),
    /// Kinlink sends a text message; the number by its end.
    Texted(Option<String>),
}

impl Delivery {
    /// Whether a letter brings the code, and so no slip of paper does.
    const fn is_printed(&self) -> bool {
        matches!(self, Self::Print(_))
    }

    fn of(issued: &Issued, reach: Option<&Reach>) -> Self {
        let address = || reach.and_then(|reach| reach.address.clone());
        match (issued.invitation.channel, issued.code.is_some()) {
            (Channel::InPerson, _) => Self::InPerson,
            (Channel::Email, _) => Self::Emailed,
            (Channel::Post, true) => Self::Print(address()),
            (Channel::Post, false) => Self::Posted(address()),
            (Channel::Phone, true) => Self::Call(reach.and_then(Reach::call)),
            (Channel::Phone, false) => Self::Texted(reach.and_then(Reach::text).map(ToOwned::to_owned)),
        }
    }
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
    reach: Option<&Reach>,
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
        way: Delivery::of(issued, reach),
        asks_birth_date: invitation.challenge == Some(Challenge::BirthDate),
        expires_at: words::moment(invitation.expires_at),
        redeem_at: state.settings.redeem_at(),
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
