//! The records that I may open for others, and my requests to.

pub(in crate::pages) mod ask;
pub(in crate::pages) mod asked;
pub(in crate::pages) mod leave;
pub(in crate::pages) mod offer;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access_request::{AccessRequest, AskerStatus},
    grant::{Grant, GrantStatus},
    link::{Link, LinkStatus},
    organization::Organization,
    page::Page,
    store::UnitOfWork,
};
use serde::Deserialize;

use super::access::{last_day, title};
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
    v1::grants::list::load,
};

const SHOWN: Page = Page { after: None, limit: 20 };

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "me/others.html")]
struct OthersPage {
    frame: Frame,
    current: Vec<Held>,
    past: Vec<Held>,
    asked: Vec<Asked>,
}

/// A record that I open for somebody.
struct Held {
    grant: String,
    organization: String,
    fhir_id: String,
    relationship: String,
    profile: String,
    gives: Option<String>,
    since: Option<String>,
    until: Option<String>,
    status: &'static str,
    opens: bool,
    /// What the patient's age will change, and when.
    grows: Option<String>,
}

struct Asked {
    id: String,
    status: &'static str,
    open: bool,
    relationship: String,
    at: String,
}

/// `/me/others`: whose records may I open?
pub(in crate::pages) async fn show_others(
    state: Data<State>,
    Patient(visitor): Patient,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (_, held) = load(&state, &mut *unit, visitor.account()).await?;
    let (mut current, mut past) = (Vec::new(), Vec::new());
    for grant in &held {
        let over = grant.status(now) != GrantStatus::Accepted;
        let held = self::held(&mut *unit, grant, now).await?;
        if over { past.push(held) } else { current.push(held) }
    }
    let asked = unit.requests_of_account(visitor.account(), SHOWN).await?;
    unit.save().await?;
    let page = OthersPage {
        frame: Frame::new(&visitor, "/me/access").saying(query.said.as_deref().and_then(said)),
        current,
        past,
        asked: asked.items.iter().map(|request| self::asked(request, now)).collect(),
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "accepted" => Some("Done. You can open this record now."),
        "declined" => Some("Declined. The code is not accepted any more."),
        "left" => Some("Ended. Your login does not open that record any more."),
        "withdrawn" => Some("Taken back."),
        _ => None,
    }
}

fn asked(request: &AccessRequest, now: DateTime<Utc>) -> Asked {
    let status = request.view(now);
    Asked {
        id: request.id.to_string(),
        status: words::asker_status(status),
        open: status == AskerStatus::Open,
        relationship: words::relationship(request.relationship),
        at: words::moment(request.submitted_at),
    }
}

async fn held(unit: &mut dyn UnitOfWork, grant: &Grant, now: DateTime<Utc>) -> Result<Held, Refusal> {
    let organization = unit.organization(grant.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let link = match grant.acceptance() {
        Some(accepted) => unit.link(accepted.link).await?,
        None => None,
    };
    let status = link
        .as_ref()
        .map_or(LinkStatus::Revoked, |link| link.status(&organization.policy.family.rules(), now));
    Ok(Held {
        grant: grant.id.to_string(),
        fhir_id: grant.fhir_id.to_string(),
        relationship: words::relationship(grant.relationship),
        profile: title(&organization, &grant.terms.profile),
        gives: link.as_ref().and_then(|link| narrowed(link, &organization, now)),
        since: grant.acceptance().map(|accepted| words::day(accepted.at)),
        until: last_day(&organization, grant),
        status: words::link_status(status),
        opens: status == LinkStatus::Active,
        grows: link.as_ref().and_then(|link| grows(link, &organization, now)),
        organization: organization.name,
    })
}

/// By the patient's age it may give less than what was decided: what the rules leave.
fn narrowed(link: &Link, organization: &Organization, now: DateTime<Utc>) -> Option<String> {
    let family = &organization.policy.family;
    let rules = family.rules();
    let gives = link.gives(&rules, now).ok()?;
    if *gives == link.permissions {
        return None;
    }
    let same = family.profiles.values().find(|profile| profile.permissions == *gives);
    Some(same.map_or_else(|| "Less, by the patient’s age".to_owned(), |profile| profile.title.clone()))
}

/// What the age rules will change next. An exception is not for the proxy to know of.
fn grows(link: &Link, organization: &Organization, now: DateTime<Utc>) -> Option<String> {
    let follows = link.role.basis().is_some_and(kinlink_domain::relationship::ProxyBasis::follows_age);
    if !follows || link.facts.exception.is_some() {
        return None;
    }
    let family = &organization.policy.family;
    let rules = family.rules();
    let step = rules.next_step(&link.facts, now)?;
    let age = family.ages.iter().find(|age| age.from == step.rule.from)?;
    let day = words::day_in(family.time_zone, step.at);
    let left = match &age.profile {
        Some(profile) => format!("at most this: {}", title(organization, profile)),
        None => "nothing any more".to_owned(),
    };
    Some(format!("From {day}, when the patient turns {}, your access gives {left}.", age.from))
}
