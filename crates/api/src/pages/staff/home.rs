use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::actor::StaffAct;

use super::link_to;
use crate::{
    pages::{
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
    },
    state::State,
};

#[derive(Template)]
#[template(path = "staff/home.html")]
struct StaffHomePage {
    frame: Frame,
    workplaces: Vec<Workplace>,
}

/// An organization, and what the visitor may do there.
struct Workplace {
    slug: String,
    name: String,
    doors: Vec<Door>,
}

/// A page to go to.
struct Door {
    href: String,
    title: &'static str,
    about: &'static str,
}

/// The pages that each act leads to.
const DOORS: [(StaffAct, &str, &str, &str); 12] = [
    (
        StaffAct::ManageInvitations,
        "/staff/invitations/new",
        "Invite a patient",
        "A code to hand over, to post, to read out or to email.",
    ),
    (
        StaffAct::ManageInvitations,
        "/staff/proxies/new",
        "Invite a proxy",
        "A parent, a guardian, an executor: somebody who acts for a patient.",
    ),
    (StaffAct::ManageInvitations, "/staff/invitations", "Invitations", "How they stand; revoke, issue anew."),
    (
        StaffAct::DecideReviews,
        "/staff/reviews",
        "Reviews",
        "People who look for their record, where it is not beyond doubt.",
    ),
    (
        StaffAct::ManageProxies,
        "/staff/requests",
        "Requests to act",
        "People who ask to act for a patient, and what speaks for it.",
    ),
    (
        StaffAct::ReviewLinks,
        "/staff/disputes",
        "Disputes",
        "People who were told of a link and say that it was not them.",
    ),
    (
        StaffAct::ReadLinks,
        "/staff/record",
        "Who opens a record?",
        "Its links, their evidence, and their end.",
    ),
    (
        StaffAct::ReadLinks,
        "/staff/accounts",
        "What does a login open?",
        "Why, or why not; now, or at a time in the past.",
    ),
    (
        StaffAct::ResetAuthenticators,
        "/staff/authenticator",
        "A lost authenticator app",
        "Somebody at the desk has neither the app nor a recovery code.",
    ),
    (
        StaffAct::EndLinks,
        "/staff/endings",
        "What was ended at once",
        "Every access to a record or of an account; to be undone by a second person.",
    ),
    (
        StaffAct::ReadReports,
        "/staff/reports/unusual-proxies",
        "Unusually many",
        "Accounts that act for many, and records that many act for.",
    ),
    (StaffAct::ReadAudit, "/staff/audit", "Audit", "Who did what, when, and why."),
];

/// `/staff`: what can I do here?
pub(super) async fn show_home(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let mut workplaces = Vec::new();
    for id in caller.organizations() {
        let Some(organization) = unit.organization(id).await? else { continue };
        let slug = organization.slug.to_string();
        let open = DOORS.into_iter().filter(|(act, ..)| caller.at(id, *act).is_ok());
        let doors = open.map(|(_, path, title, about)| {
            let status = if matches!(path, "/staff/reviews" | "/staff/disputes") { "open" } else { "" };
            let href = link_to(path, &[("organization", slug.as_str()), ("status", status)]);
            Door { href, title, about }
        });
        workplaces.push(Workplace { doors: doors.collect(), slug, name: organization.name });
    }
    let page = StaffHomePage { frame: Frame::new(&visitor, "/staff"), workplaces };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}
