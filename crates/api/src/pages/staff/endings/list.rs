use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::Shown;
use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::rest_of,
        visitor::Staff,
    },
    state::State,
    v1::endings::list::{ListEndingsParameters, search},
};

#[derive(Template)]
#[template(path = "staff/endings.html")]
struct EndingsPage {
    frame: Frame,
    organization: String,
    endings: Vec<Shown>,
    more: Option<String>,
}

/// `/staff/endings`: what was ended at once?
pub(in crate::pages) async fn show_list(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(parameters): Filters<ListEndingsParameters>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, parameters).await?;
    let slug = organization.slug.to_string();
    let mut endings = Vec::with_capacity(listed.items.len());
    for ending in &listed.items {
        endings.push(Shown::new(&mut *unit, &slug, ending).await?);
    }
    unit.save().await?;
    let more = rest_of("/staff/endings", &slug, &[], listed.next);
    let frame = Frame::new(&visitor, "/staff");
    let page = EndingsPage { frame, organization: organization.name, endings, more };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}
