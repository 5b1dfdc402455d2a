use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::actor::StaffAct;

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
    invitations: bool,
    links: bool,
    reviews: bool,
    audit: bool,
}

/// `/staff`: what can I do here?
pub(super) async fn show_home(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let mut workplaces = Vec::new();
    for id in caller.organizations() {
        let Some(organization) = unit.organization(id).await? else { continue };
        let may = |act| caller.at(id, act).is_ok();
        workplaces.push(Workplace {
            slug: organization.slug.to_string(),
            name: organization.name,
            invitations: may(StaffAct::ManageInvitations),
            links: may(StaffAct::ReadLinks),
            reviews: may(StaffAct::DecideReviews),
            audit: may(StaffAct::ReadAudit),
        });
    }
    let page = StaffHomePage { frame: Frame::new(&visitor, "/staff"), workplaces };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}
