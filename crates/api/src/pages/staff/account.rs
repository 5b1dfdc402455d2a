//! Staff ask what a login opens, who have the login in hand and not a record. What they type is sent in a form's
//! body: a `sub` must stand in no address, no history and no log.

use actix_web::{HttpResponse, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::{AccountKey, Sub},
    actor::StaffAct,
    issuer::TrustedIssuer,
    link::LinkStatus,
    organization::Organization,
    service::explain_account::{ExplainAccount, ExplainedAccount, ExplainedLink, explain},
    store::UnitOfWork,
};
use serde::Deserialize;

use super::{link_to, organization};
use crate::{
    extract::StaffCaller,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, MOMENT, filled, moment},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::{Staff, Visitor},
        words,
    },
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Start {
    organization: Option<String>,
}

/// What was filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct AccountForm {
    organization: Option<String>,
    iss: String,
    sub: String,
    at: String,
}

#[derive(Template)]
#[template(path = "staff/account.html")]
struct AccountPage {
    frame: Frame,
    slug: String,
    organization: String,
    issuers: Vec<IssuerChoice>,
    form: AccountForm,
    found: Option<Found>,
    complaints: Complaints,
}

struct IssuerChoice {
    iss: String,
    /// The claim that is the login's name, where it is not `sub`.
    claim: Option<String>,
}

struct Found {
    account: String,
    /// The moment that was asked for; none for now.
    at: Option<String>,
    /// What authorization servers are answered: records, and as whom.
    answered: Vec<(String, String)>,
    links: Vec<Row>,
    /// Where everything that it opens can be ended, and its authenticator app taken away.
    end: Option<String>,
    reset: Option<String>,
}

struct Row {
    href: String,
    fhir_id: String,
    role: String,
    status: &'static str,
    opens: bool,
    why: String,
}

/// `/staff/accounts`: what does a login open?
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(start): Filters<Start>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let at = organization(&mut *unit, &caller, start.organization.as_deref()).await?;
    caller.at(at.id, StaffAct::ReadLinks)?;
    let trusted = unit.trusted_issuers(at.id).await?;
    Ok(show_page(&state, &visitor, &at, &trusted, AccountForm::default(), Ok(None)))
}

fn show_page(
    state: &State,
    visitor: &Visitor,
    at: &Organization,
    trusted: &[TrustedIssuer],
    form: AccountForm,
    outcome: Result<Option<Found>, Complaints>,
) -> HttpResponse {
    let (found, complaints) = match outcome {
        Ok(found) => (found, Complaints::default()),
        Err(complaints) => (None, complaints),
    };
    let choice = |trusted: &TrustedIssuer| {
        let claim = trusted.issuer.subject_claim.to_string();
        IssuerChoice {
            iss: trusted.issuer.iss.to_string(),
            claim: Some(claim).filter(|claim| claim != "sub"),
        }
    };
    let status = complaints.status();
    let page = AccountPage {
        frame: Frame::new(visitor, "/staff"),
        slug: at.slug.to_string(),
        organization: at.name.clone(),
        issuers: trusted.iter().map(choice).collect(),
        form,
        found,
        complaints,
    };
    show(state, visitor, status, &page)
}

/// They ask, and that they did is put on record.
pub(in crate::pages) async fn search(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Form(form): Form<AccountForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, form.organization.as_deref()).await?;
    caller.at(at.id, StaffAct::ReadLinks)?;
    let trusted = unit.trusted_issuers(at.id).await?;
    let outcome = match wanted(&form, &trusted) {
        Ok((key, moment)) => Ok(Some(find(&state, &mut *unit, &caller, &at, &key, moment).await?)),
        Err(complaints) => Err(complaints),
    };
    unit.save().await?;
    Ok(show_page(&state, &visitor, &at, &trusted, form, outcome))
}

fn wanted(
    form: &AccountForm,
    trusted: &[TrustedIssuer],
) -> Result<(AccountKey, Option<DateTime<Utc>>), Complaints> {
    let mut complaints = Complaints::default();
    let chosen = trusted.iter().find(|trusted| trusted.issuer.iss.as_str() == form.iss);
    if chosen.is_none() {
        complaints.add("iss", "Choose where the person logs in");
    }
    // Case and inner spaces count; those around it are no provider's.
    let sub = filled(&form.sub).map(Sub::parse);
    match &sub {
        None => complaints.add("sub", "Enter the login"),
        Some(Err(wrong)) => complaints.add("sub", wrong.to_string()),
        Some(Ok(_)) => {}
    }
    let at = moment(&form.at, "at", &mut complaints);
    match (chosen, sub) {
        (Some(chosen), Some(Ok(sub))) if complaints.is_empty() => {
            Ok((AccountKey { iss: chosen.issuer.iss.clone(), sub }, at))
        }
        _ => Err(complaints),
    }
}

async fn find(
    state: &State,
    unit: &mut dyn UnitOfWork,
    caller: &StaffCaller,
    organization: &Organization,
    key: &AccountKey,
    moment: Option<DateTime<Utc>>,
) -> Result<Found, Refusal> {
    let by = caller.at(organization.id, StaffAct::ReadLinks)?;
    let now = state.ports.clock.now();
    let asked = ExplainAccount { account: key.id(), record: None, at: moment.unwrap_or(now) };
    let explained = explain(unit, &state.ports, organization, by, &asked).await?;
    let account = asked.account.to_string();
    let place = [("organization", organization.slug.as_str()), ("account", account.as_str())];
    let leads = |act, path| caller.at(organization.id, act).is_ok().then(|| link_to(path, &place));
    let known = !explained.links.is_empty();
    Ok(Found {
        at: moment.map(words::moment),
        answered: answered(&explained),
        links: explained.links.iter().map(|one| row(one, organization, moment, now)).collect(),
        end: leads(StaffAct::EndLinks, "/staff/endings/new").filter(|_| known),
        reset: leads(StaffAct::ResetAuthenticators, "/staff/authenticator").filter(|_| known),
        account: account.clone(),
    })
}

fn answered(explained: &ExplainedAccount) -> Vec<(String, String)> {
    let answers = explained.answer();
    answers.map(|(one, _)| (one.link.fhir_id.to_string(), words::role(&one.link.role))).collect()
}

fn row(
    one: &ExplainedLink,
    organization: &Organization,
    moment: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Row {
    let status = one.link.status(&organization.policy.family.rules(), now);
    let at = moment.map(|at| at.format(MOMENT).to_string()).unwrap_or_default();
    Row {
        href: link_to(&format!("/staff/links/{}", one.link.id), &[("at", at.as_str())]),
        fhir_id: one.link.fhir_id.to_string(),
        role: words::role(&one.link.role),
        status: words::link_status(status),
        opens: status == LinkStatus::Active,
        why: one.told.summary().into_owned(),
    }
}
