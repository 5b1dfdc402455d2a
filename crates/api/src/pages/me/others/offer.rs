//! The code of an offer was entered: what it offers, and yes or no.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    account::Account,
    code::Code,
    grant::Grant,
    organization::Organization,
    service::accept_grant::{self, UseOffer, UseRefusal, Used},
    store::UnitOfWork,
};

use crate::{
    extract,
    pages::{
        complaint::Complaints,
        form::{Entered, Form},
        frame::{Frame, see_other, show},
        me::access::{last_day, title},
        redeem,
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words,
    },
    state::State,
};

#[derive(Template)]
#[template(path = "me/offer.html")]
struct OfferPage {
    frame: Frame,
    organization: String,
    fhir_id: String,
    relationship: String,
    by_patient: bool,
    profile: String,
    until: Option<String>,
    code: String,
}

/// Whether what was typed is the code of an offer, rather than of an invitation. A wrong one is told apart by
/// nobody: both ways refuse it in the same words. In a unit of its own, since whoever decides by a code locks
/// the account's counter of tries first.
pub(in crate::pages) async fn is_offer(state: &State, typed: &str) -> Result<bool, Refusal> {
    let Ok(code) = Code::parse(typed) else { return Ok(false) };
    let mut unit = state.store.begin().await?;
    Ok(unit.grant_by_locator_for_update(&code.locator()).await?.is_some())
}

/// Shows what the code offers.
pub(in crate::pages) async fn look(
    request: &HttpRequest,
    state: &State,
    visitor: &Visitor,
    code: &str,
) -> Result<Result<HttpResponse, (StatusCode, Complaints)>, Refusal> {
    let mut unit = state.store.begin().await?;
    let (address, account) = of(request, state, visitor, &mut *unit).await?;
    let wanted = UseOffer { account: &account, code, asserted: None, address: &address };
    let looked = accept_grant::look(&mut *unit, &state.ports, &wanted).await?;
    // A refusal is saved too: it is counted.
    unit.save().await?;
    Ok(match looked {
        Used::Done((grant, organization)) => {
            Ok(show(state, visitor, StatusCode::OK, &page(visitor, &grant, &organization, code)))
        }
        Used::Refused(refusal) => Err(explain(refusal)),
    })
}

async fn of(
    request: &HttpRequest,
    state: &State,
    visitor: &Visitor,
    unit: &mut dyn UnitOfWork,
) -> Result<(String, Account), Refusal> {
    let account = unit.ensure_account(&visitor.login, state.ports.clock.now()).await?;
    Ok((extract::address(request)?, account))
}

fn page(visitor: &Visitor, grant: &Grant, organization: &Organization, code: &str) -> OfferPage {
    OfferPage {
        frame: Frame::new(visitor, "/redeem"),
        organization: organization.name.clone(),
        fhir_id: grant.fhir_id.to_string(),
        relationship: words::relationship(grant.relationship),
        by_patient: matches!(grant.by, kinlink_domain::actor::Actor::Account(_)),
        profile: title(organization, &grant.terms.profile),
        until: last_day(organization, grant),
        code: code.to_owned(),
    }
}

/// The proxy accepts.
pub(in crate::pages) async fn accept(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(form): Form<Entered>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (address, account) = of(&request, &state, &visitor, &mut *unit).await?;
    let wanted = UseOffer { account: &account, code: &form.code, asserted: None, address: &address };
    let used = accept_grant::accept(&mut *unit, &state.ports, &wanted).await?;
    unit.save().await?;
    Ok(decided(&state, &visitor, form.code, &used, "accepted"))
}

/// The proxy declines.
pub(in crate::pages) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(form): Form<Entered>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (address, account) = of(&request, &state, &visitor, &mut *unit).await?;
    let wanted = UseOffer { account: &account, code: &form.code, asserted: None, address: &address };
    let used = accept_grant::decline(&mut *unit, &state.ports, &wanted).await?;
    unit.save().await?;
    Ok(decided(&state, &visitor, form.code, &used, "declined"))
}

fn decided<T>(state: &State, visitor: &Visitor, code: String, used: &Used<T>, said: &str) -> HttpResponse {
    match used {
        Used::Done(_) => see_other(&format!("/me/others?said={said}")),
        Used::Refused(refusal) => redeem::refused(state, visitor, code, explain(*refusal)),
    }
}

/// As of the code of an invitation.
fn explain(refusal: UseRefusal) -> (StatusCode, Complaints) {
    use kinlink_domain::service::redeem::RedeemRefusal;
    redeem::explain(match refusal {
        UseRefusal::Mistyped(mistyped) => RedeemRefusal::Mistyped(mistyped),
        UseRefusal::NotAccepted => RedeemRefusal::NotAccepted,
        UseRefusal::OwnRecord => RedeemRefusal::OwnRecord,
        UseRefusal::IssuerNotTrusted => RedeemRefusal::IssuerNotTrusted,
        UseRefusal::TooManyProxies => RedeemRefusal::TooManyProxies,
        UseRefusal::TooManyAttempts { until } => RedeemRefusal::TooManyAttempts { until },
    })
}
