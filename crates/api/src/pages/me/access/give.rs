use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    grant::{GrantState, ProxyContact},
    id::AccountId,
    link::{Link, LinkRole},
    organization::Organization,
    relationship::Relationship,
    service::{
        offer_grant::{OfferError, OfferGrant, Offered, offer as offer_grant},
        proxy::TermsError,
    },
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::Deserialize;
use validator::ValidateEmail;

use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Form, filled, fresh, last_day},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words::{self, Choices},
    },
    problem::Problem,
    state::State,
};

const PATH: &str = "/me/access/new";

/// The form, as it was filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Given {
    once: String,
    link: String,
    relationship: String,
    profile: String,
    until: String,
    handover: String,
    email: String,
}

#[derive(Template)]
#[template(path = "me/give.html")]
struct GivePage {
    frame: Frame,
    records: Vec<Record>,
    relationships: Choices,
    given: Given,
    complaints: Complaints,
}

/// A record that the visitor can let others open, and what can be given of it.
struct Record {
    link: String,
    organization: String,
    fhir_id: String,
    profiles: Choices,
}

/// The code to hand over, this once.
#[derive(Template)]
#[template(path = "me/given.html")]
struct GivenPage {
    frame: Frame,
    organization: String,
    profile: String,
    code: Option<String>,
    expires_at: String,
    redeem_at: String,
}

/// `/me/access/new`: give somebody access.
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &visitor, Given::default(), StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    given: Given,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let records = own(&mut *unit, visitor.account(), state.ports.clock.now()).await?;
    let records = records.into_iter().map(|(link, organization)| Record {
        link: link.id.to_string(),
        fhir_id: link.fhir_id.to_string(),
        profiles: words::profiles(&organization.policy.family),
        organization: organization.name,
    });
    let page = GivePage {
        frame: Frame::new(visitor, "/me/access"),
        records: records.collect(),
        relationships: words::family(),
        given: Given { once: fresh(state), ..given },
        complaints,
    };
    Ok(show(state, visitor, status, &page))
}

/// What the visitor can let others open now.
async fn own(
    unit: &mut dyn UnitOfWork,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<Vec<(Link, Organization)>, Refusal> {
    let mut own = Vec::new();
    for link in unit.links_of_account(account).await? {
        let Some(organization) = unit.organization(link.organization).await? else { continue };
        let family = &organization.policy.family;
        let appoints = link.role == LinkRole::SelfRole || family.proxies_may_grant;
        if appoints && link.gives(&family.rules(), now).is_ok() {
            own.push((link, organization));
        }
    }
    Ok(own)
}

/// What was chosen, once it can be read.
struct Wanted {
    relationship: Relationship,
    until: Option<DateTime<Utc>>,
    email: Option<ProxyContact>,
}

fn wanted(given: &Given, organization: &Organization) -> Result<Wanted, Complaints> {
    let mut complaints = Complaints::default();
    let relationship = Relationship::parse(&given.relationship).ok();
    if relationship.is_none() {
        complaints.add("relationship", "Choose what the person is to you");
    }
    if given.profile.is_empty() {
        complaints.add("profile", "Choose what the person may see");
    }
    let zone = organization.policy.family.time_zone;
    let until = last_day(&given.until, zone, "until", &mut complaints);
    let email = match (given.handover.as_str(), filled(&given.email)) {
        ("email", Some(email)) if email.len() <= 254 && email.validate_email() => {
            Some(ProxyContact(email.to_owned()))
        }
        ("email", _) => {
            complaints.add("email", "Enter the person’s email address");
            None
        }
        ("in_person", _) => None,
        _ => {
            complaints.add("handover", "Choose how the code gets to the person");
            None
        }
    };
    match relationship {
        Some(relationship) if complaints.is_empty() => Ok(Wanted { relationship, until, email }),
        _ => Err(complaints),
    }
}

/// The patient lets another person act for them.
pub(in crate::pages) async fn give(
    state: Data<State>,
    Patient(visitor): Patient,
    Form(given): Form<Given>,
) -> Result<HttpResponse, Refusal> {
    let (unprocessable, now) = (StatusCode::UNPROCESSABLE_ENTITY, state.ports.clock.now());
    let mut unit = state.store.begin().await?;
    let own = own(&mut *unit, visitor.account(), now).await?;
    let Some((link, organization)) = own.into_iter().find(|(link, _)| link.id.to_string() == given.link)
    else {
        drop(unit);
        let complaints = Complaints::one("link", "Choose the record");
        return ask_again(&state, &visitor, given, unprocessable, complaints).await;
    };
    let Wanted { relationship, until, email } = match wanted(&given, &organization) {
        Ok(wanted) => wanted,
        Err(complaints) => {
            drop(unit);
            return ask_again(&state, &visitor, given, unprocessable, complaints).await;
        }
    };
    let once = Once::named(&state, visitor.account(), PATH, &given.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other("/me/access"));
    }
    let policy = &organization.policy.step_up;
    let stepped = visitor.stepping_up().stepped_up(&mut *unit, &state, policy, SteppedAct::Grant).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, PATH))?;
    let (account, profile) = (visitor.account(), given.profile.as_str());
    let request = OfferGrant { account, link: link.id, relationship, profile, until, email };
    match offer_grant(&mut *unit, &state.ports, request).await {
        Ok(offered) => {
            once.save_answer(unit, StatusCode::CREATED, &offered.grant.id).await?;
            Ok(show(&state, &visitor, StatusCode::CREATED, &page(&state, &visitor, organization, &offered)))
        }
        Err(error) => {
            drop(unit);
            let (status, complaints) = complain(error, now)?;
            ask_again(&state, &visitor, given, status, complaints).await
        }
    }
}

fn page(state: &State, visitor: &Visitor, organization: Organization, offered: &Offered) -> GivenPage {
    let expires_at = match &offered.grant.state {
        GrantState::Offered(offer) => words::moment(offer.expires_at),
        _ => String::new(),
    };
    GivenPage {
        frame: Frame::new(visitor, "/me/access"),
        profile: super::title(&organization, &offered.grant.terms.profile),
        organization: organization.name,
        code: offered.code.as_ref().map(ToString::to_string),
        expires_at,
        redeem_at: format!("{}/redeem", state.settings.public_url),
    }
}

/// Which field an error belongs to. What is no field's fault is a refusal.
fn complain(error: OfferError, now: DateTime<Utc>) -> Result<(StatusCode, Complaints), Refusal> {
    match error {
        OfferError::Terms(error) => Ok((StatusCode::UNPROCESSABLE_ENTITY, complain_of_terms(error))),
        OfferError::TooMany { until } => {
            let why = format!("You gave access many times lately. Try again after {}", words::moment(until));
            Ok((StatusCode::TOO_MANY_REQUESTS, Complaints::one("link", why)))
        }
        error => Err(Problem::from_offer(error, now).into()),
    }
}

/// What cannot be given, at the field that says it.
pub(in crate::pages) fn complain_of_terms(error: TermsError) -> Complaints {
    match error {
        TermsError::UnknownProfile => Complaints::one("profile", "Choose what the person may see"),
        TermsError::NothingToGive => {
            Complaints::one("profile", "You cannot give this, since your own access does not hold it")
        }
        TermsError::OverAlready => Complaints::one("until", "This day is over already"),
    }
}
