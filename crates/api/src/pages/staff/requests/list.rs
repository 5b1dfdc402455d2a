use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use crate::{
    extract::{self, NamedOrganization},
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::rest_of,
        visitor::Staff,
        words,
    },
    state::State,
    v1::access_requests::list::search,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Which {
    organization: Option<String>,
    cursor: Option<String>,
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/requests.html")]
struct RequestsPage {
    frame: Frame,
    organization: String,
    requests: Vec<Row>,
    more: Option<String>,
}

struct Row {
    id: String,
    asker: String,
    relationship: String,
    person: String,
    asked: String,
    expires: String,
}

/// `/staff/requests`: who asks to act for a patient?
pub(in crate::pages) async fn show_list(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(which): Filters<Which>,
) -> Result<HttpResponse, Refusal> {
    let page = extract::limit(which.cursor.as_deref(), None)?;
    let named = NamedOrganization::in_query(which.organization.as_deref())?;
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, &named, page).await?;
    unit.save().await?;
    let more = rest_of("/staff/requests", organization.slug.as_str(), &[], listed.next);
    let rows = listed.items.iter().map(|request| Row {
        id: request.id.to_string(),
        asker: words::names(&request.asker),
        relationship: words::relationship(request.relationship),
        person: words::names(&request.person),
        asked: words::moment(request.submitted_at),
        expires: words::day(request.expires_at),
    });
    let said = match which.said.as_deref() {
        Some("granted") => Some("Agreed to. The person can open the record now."),
        Some("declined") => Some("Declined. Whoever asked is not told."),
        _ => None,
    };
    let page = RequestsPage {
        frame: Frame::new(&visitor, "/staff").saying(said),
        organization: organization.name,
        requests: rows.collect(),
        more,
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}
