//! Who can open my record: those with access, those who were offered it, and those who ask.

pub(in crate::pages) mod end;
pub(in crate::pages) mod give;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access_request::AccessRequest,
    grant::{Grant, GrantState, GrantStatus},
    invitation::Channel,
    link::LinkStatus,
    organization::Organization,
    service::end_grant::is_the_patients,
    store::UnitOfWork,
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
    problem::{Problem, ProblemType},
    state::State,
    v1::{
        access_requests::list::waiting,
        grants::{last_used, list::load},
    },
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "me/access.html")]
struct AccessPage {
    frame: Frame,
    asking: Vec<Asking>,
    with_access: Vec<Proxy>,
    offered: Vec<Proxy>,
    past: Vec<Proxy>,
}

/// Somebody who asks.
struct Asking {
    id: String,
    name: String,
    relationship: String,
    asked: String,
}

/// Somebody who can open the record, could, or may soon.
struct Proxy {
    id: String,
    relationship: String,
    contact: Option<String>,
    organization: String,
    fhir_id: String,
    profile: String,
    made: String,
    since: Option<String>,
    until: Option<String>,
    last_used: Option<String>,
    status: &'static str,
    opens: bool,
    /// Of an offer: by which way the code goes, and until when it can be used.
    offer: Option<(&'static str, String)>,
    /// Whether the patient ends it, or only staff.
    is_mine: bool,
}

/// `/me/access`: who can open my record?
pub(in crate::pages) async fn show_access(
    state: Data<State>,
    Patient(visitor): Patient,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (given, _) = load(&state, &mut *unit, visitor.account()).await?;
    let asking = waiting(&state, &mut *unit, visitor.account()).await?;
    let (mut with_access, mut offered, mut past) = (Vec::new(), Vec::new(), Vec::new());
    for grant in &given {
        let proxy = proxy(&mut *unit, grant, now).await?;
        match grant.status(now) {
            GrantStatus::Accepted => with_access.push(proxy),
            GrantStatus::Offered => offered.push(proxy),
            _ => past.push(proxy),
        }
    }
    unit.save().await?;
    let frame = Frame::new(&visitor, "/me/access").saying(query.said.as_deref().and_then(said));
    let asking = asking.iter().map(asks).collect();
    Ok(show(&state, &visitor, StatusCode::OK, &AccessPage { frame, asking, with_access, offered, past }))
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "ended" => Some("Ended. That person cannot open the record any more, at once and in every app."),
        "withdrawn" => Some("Taken back. The code is not accepted any more."),
        "agreed" => Some("Done. That person can open your record now, as you decided."),
        "declined" => Some("Declined. Whoever asked is not told."),
        _ => None,
    }
}

fn asks(request: &AccessRequest) -> Asking {
    Asking {
        id: request.id.to_string(),
        name: words::names(&request.asker),
        relationship: words::relationship(request.relationship),
        asked: words::day(request.submitted_at),
    }
}

async fn proxy(unit: &mut dyn UnitOfWork, grant: &Grant, now: DateTime<Utc>) -> Result<Proxy, Refusal> {
    let organization = unit.organization(grant.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let (status, opens) = stands(unit, grant, &organization, now).await?;
    let offer = match &grant.state {
        GrantState::Offered(offer) => {
            let way = if offer.channel == Channel::Email { "by email" } else { "handed over by you" };
            Some((way, words::moment(offer.expires_at)))
        }
        _ => None,
    };
    let last_used = match grant.acceptance() {
        Some(accepted) => last_used(unit, grant, accepted).await?,
        None => None,
    };
    Ok(Proxy {
        id: grant.id.to_string(),
        relationship: words::relationship(grant.relationship),
        contact: grant.contact.as_ref().map(|contact| contact.0.clone()),
        profile: title(&organization, &grant.terms.profile),
        until: last_day(&organization, grant),
        organization: organization.name,
        fhir_id: grant.fhir_id.to_string(),
        made: words::day(grant.made_at),
        since: grant.acceptance().map(|accepted| words::day(accepted.at)),
        last_used: last_used.map(words::moment),
        status,
        opens,
        offer,
        is_mine: is_the_patients(grant),
    })
}

/// Where it stands now: a grant that was accepted, where its link stands.
pub(in crate::pages) async fn stands(
    unit: &mut dyn UnitOfWork,
    grant: &Grant,
    organization: &Organization,
    now: DateTime<Utc>,
) -> Result<(&'static str, bool), Refusal> {
    let status = grant.status(now);
    let (GrantStatus::Accepted, Some(accepted)) = (status, grant.acceptance()) else {
        return Ok((words::grant_status(status), false));
    };
    let link = unit.link(accepted.link).await?;
    let link = link.map_or(LinkStatus::Revoked, |link| link.status(&organization.policy.family.rules(), now));
    Ok((words::link_status(link), link == LinkStatus::Active))
}

/// The last day on which a grant gives anything.
pub(in crate::pages) fn last_day(organization: &Organization, grant: &Grant) -> Option<String> {
    grant.terms.until.map(|until| words::last_day(organization.policy.family.time_zone, until))
}

/// What people read of a profile; one that the organization has no more is named as it was.
pub(in crate::pages) fn title(organization: &Organization, profile: &str) -> String {
    let found = organization.policy.family.profiles.get(profile);
    found.map_or_else(|| profile.to_owned(), |found| found.title.clone())
}
