//! Staff take away the authenticator app of somebody who stands before them and has lost it.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::StaffAct,
    evidence::{Document, Fact},
    id::AccountId,
    organization::Organization,
    service::totp::reset::ResetError,
};
use serde::Deserialize;

use super::{invitations::form::documents_seen, link_to, organization};
use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, fresh},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Staff, Visitor},
        words,
    },
    problem::Problem,
    state::State,
    v1::totp::reset::{check_step_up, count_reset, reset_at},
};

const PATH: &str = "/staff/authenticator";

/// What was filled in; kept when something is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct ResetForm {
    organization: Option<String>,
    once: String,
    account: String,
    document: String,
    reference: String,
    said: String,
}

#[derive(Template)]
#[template(path = "staff/authenticator.html")]
struct ResetPage {
    frame: Frame,
    slug: String,
    organization: String,
    documents: &'static [(&'static str, &'static str)],
    form: ResetForm,
    complaints: Complaints,
}

/// `/staff/authenticator`: somebody has lost their authenticator app.
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(form): Filters<ResetForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let at = organization(&mut *unit, &caller, form.organization.as_deref()).await?;
    caller.at(at.id, StaffAct::ResetAuthenticators)?;
    Ok(ask_again(&state, &visitor, &at, form, Complaints::default()))
}

fn ask_again(
    state: &State,
    visitor: &Visitor,
    at: &Organization,
    form: ResetForm,
    complaints: Complaints,
) -> HttpResponse {
    let done = "The authenticator app counts no more. The person can set up another one now, under Security.";
    let said = (form.said == "reset").then_some(done);
    let status = complaints.status();
    let page = ResetPage {
        frame: Frame::new(visitor, "/staff").saying(said),
        slug: at.slug.to_string(),
        organization: at.name.clone(),
        documents: &words::DOCUMENTS,
        form: ResetForm { once: fresh(state), ..form },
        complaints,
    };
    show(state, visitor, status, &page)
}

/// They take it away.
pub(in crate::pages) async fn reset(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Form(form): Form<ResetForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, form.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ResetAuthenticators)?;
    let (account, document, reference) = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(complaints) => return Ok(ask_again(&state, &visitor, &at, form, complaints)),
    };
    let done = link_to(PATH, &[("organization", at.slug.as_str()), ("said", "reset")]);
    let once = Once::named(&state, visitor.account(), PATH, &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other(&done));
    }
    let place = link_to(PATH, &[("organization", at.slug.as_str()), ("account", form.account.trim())]);
    let stepped = check_step_up(&state, &mut *unit, &caller, &at).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, &place))?;
    match reset_at(&state, &mut *unit, &caller, by, (account, document, reference)).await {
        Ok(()) => {
            once.save_answer(unit, StatusCode::OK, &()).await?;
            count_reset();
            Ok(see_other(&done))
        }
        Err(ResetError::Store(error)) => Err(Problem::from(error).into()),
        Err(refused) => {
            Ok(ask_again(&state, &visitor, &at, form, Complaints::one("account", explain(&refused))))
        }
    }
}

/// Whose it is, and which document staff compared the person with.
fn wanted(form: &ResetForm) -> Result<(AccountId, Document, Option<String>), Complaints> {
    let mut complaints = Complaints::default();
    let account = form.account.trim().parse().ok();
    if account.is_none() {
        complaints.add("account", "Enter the account’s id, acc_ and what follows");
    }
    let seen = documents_seen(&form.document, &form.reference, &mut complaints).pop();
    if seen.is_none() && complaints.at("document").is_none() {
        complaints.add("document", "Choose the document that you compared the person with");
    }
    match (account, seen) {
        (Some(account), Some(Fact::DocumentSeen { document, reference })) if complaints.is_empty() => {
            Ok((account, document, reference))
        }
        _ => Err(complaints),
    }
}

fn explain(refused: &ResetError) -> &'static str {
    match refused {
        ResetError::NotFound => "No such account opens a record here, or is one of your staff’s",
        ResetError::Own => "This is your own account. Somebody else has to do it for you",
        ResetError::StaffLogin => {
            "This login has a staff role. Only an administrator of the organization where it has it can do this"
        }
        ResetError::NotEnrolled => "This account has no authenticator app: there is nothing to take away",
        ResetError::Store(_) => "Try again",
    }
}
