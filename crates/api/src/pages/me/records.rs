use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    link::{Link, LinkState, LinkStatus},
    organization::Organization,
};
use serde::Deserialize;

use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Patient,
        words,
    },
    state::State,
    v1::account_links,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "me/records.html")]
struct RecordsPage {
    frame: Frame,
    current: Vec<Record>,
    past: Vec<Record>,
}

/// A link, as its account sees it.
pub(super) struct Record {
    pub(super) link: String,
    pub(super) organization: String,
    pub(super) role: String,
    pub(super) fhir_id: String,
    since: String,
    until: Option<String>,
    status: &'static str,
    opens: bool,
    proven: &'static str,
    proven_how: &'static str,
}

impl Record {
    pub(super) fn new(link: &Link, organization: &Organization, now: DateTime<Utc>) -> Self {
        let status = link.status(&organization.policy.family.rules(), now);
        let (proven, proven_how) = words::assurance(link.assurance.at(now));
        let ended = match link.state {
            LinkState::Revoked { at, by: Actor::Account(by), .. } if by == link.account => Some(at),
            // When somebody else ended it may endanger whoever did.
            LinkState::Revoked { .. } => None,
            LinkState::Active | LinkState::Suspended { .. } => link.period.end,
        };
        Self {
            link: link.id.to_string(),
            organization: organization.name.clone(),
            role: words::role(&link.role),
            fhir_id: link.fhir_id.to_string(),
            since: words::day(link.period.start),
            until: ended.map(words::day),
            status: words::link_status(status),
            opens: status == LinkStatus::Active,
            proven,
            proven_how,
        }
    }
}

/// `/me`: which records can I open?
pub(in crate::pages) async fn show_records(
    state: Data<State>,
    Patient(visitor): Patient,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let links = account_links::load(&state, &mut *unit, visitor.account()).await?;
    unit.save().await?;
    let now = state.ports.clock.now();
    let over = |link: &Link, organization: &Organization| {
        let status = link.status(&organization.policy.family.rules(), now);
        matches!(status, LinkStatus::Revoked | LinkStatus::Expired | LinkStatus::AgedOut)
    };
    let (past, current): (Vec<_>, Vec<_>) =
        links.into_iter().partition(|(link, organization)| over(link, organization));
    let records = |links: Vec<(Link, Arc<Organization>)>| {
        links.into_iter().map(|(link, organization)| Record::new(&link, &organization, now)).collect()
    };
    let frame = Frame::new(&visitor, "/me").saying(query.said.as_deref().and_then(said));
    let page = RecordsPage { frame, current: records(current), past: records(past) };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "linked" => Some("Done. You can open this record now."),
        "linked-before" => Some("You can open this record already."),
        "ended" => Some("Ended. Your login does not open that record any more."),
        _ => None,
    }
}
