use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    partial_date::PartialDate,
    service::redeem::{RedeemRefusal, Redeemed},
};
use serde::Deserialize;

use super::{
    complaint::Complaints,
    form::{Form, filled},
    frame::{Frame, see_other, show},
    me::others::offer::{is_offer, look},
    refusal::Refusal,
    visitor::{Patient, Visitor},
    words,
};
use crate::{extract, state::State, v1::invitations::redeem as operation};

#[derive(Template)]
#[template(path = "redeem.html")]
struct RedeemPage {
    frame: Frame,
    code: String,
    /// What was typed, once it is asked for.
    birth_date: Option<String>,
    complaints: Complaints,
}

#[derive(Deserialize)]
pub(super) struct RedeemForm {
    #[serde(default)]
    code: String,
    birth_date: Option<String>,
}

/// `/redeem`: I have a code.
pub(super) async fn ask(state: Data<State>, Patient(visitor): Patient) -> HttpResponse {
    let frame = Frame::new(&visitor, "/redeem");
    let page = RedeemPage { frame, code: String::new(), birth_date: None, complaints: Complaints::default() };
    show(&state, &visitor, StatusCode::OK, &page)
}

/// The patient enters a code.
pub(super) async fn redeem(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(form): Form<RedeemForm>,
) -> Result<HttpResponse, Refusal> {
    let typed_date = form.birth_date.as_deref().and_then(filled);
    let birth_date = typed_date.map(str::parse::<PartialDate>).transpose();
    let answered = match (filled(&form.code), birth_date) {
        (None, _) => Err((StatusCode::UNPROCESSABLE_ENTITY, Complaints::one("code", "Enter the code"))),
        (_, Err(wrong)) => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, Complaints::one("birth_date", wrong.to_string())))
        }
        (Some(code), Ok(birth_date)) => {
            let address = extract::address(&request)?;
            if is_offer(&state, code).await? {
                return match look(&request, &state, &visitor, code).await? {
                    Ok(shown) => Ok(shown),
                    Err(why) => Ok(refused(&state, &visitor, form.code, why)),
                };
            }
            let mut unit = state.store.begin().await?;
            let outcome =
                operation::attempt(&state, &mut *unit, (&visitor.login, None), code, birth_date, &address)
                    .await?;
            // A refusal is saved too: it is counted.
            unit.save().await?;
            match outcome {
                Redeemed::Created(_) => Ok("/me?said=linked"),
                Redeemed::Existing(_) => Ok("/me?said=linked-before"),
                Redeemed::Refused(refusal) => Err(explain(refusal)),
            }
        }
    };
    let (status, complaints) = match answered {
        Ok(onward) => return Ok(see_other(onward)),
        Err(refused) => refused,
    };
    let asked = form.birth_date.is_some() || complaints.at("birth_date").is_some();
    let birth_date = asked.then(|| form.birth_date.unwrap_or_default());
    let page = RedeemPage { frame: Frame::new(&visitor, "/redeem"), code: form.code, birth_date, complaints };
    Ok(show(&state, &visitor, status, &page))
}

/// The page again, with what was wrong with the code of an offer.
pub(super) fn refused(
    state: &State,
    visitor: &Visitor,
    code: String,
    (status, complaints): (StatusCode, Complaints),
) -> HttpResponse {
    let page = RedeemPage { frame: Frame::new(visitor, "/redeem"), code, birth_date: None, complaints };
    show(state, visitor, status, &page)
}

/// What people read of a refusal. All that is not accepted looks the same.
pub(super) fn explain(refusal: RedeemRefusal) -> (StatusCode, Complaints) {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        RedeemRefusal::Mistyped(mistyped) => {
            (unprocessable, Complaints::one("code", format!("Check the code: {mistyped}")))
        }
        RedeemRefusal::NotAccepted => (
            unprocessable,
            Complaints::one(
                "code",
                "This is not accepted. The code may have been used, replaced or be too old, or what you \
                 typed does not belong together. Ask whoever gave you the code for a new one",
            ),
        ),
        RedeemRefusal::OwnRecord => (
            StatusCode::CONFLICT,
            Complaints::one("code", "This code is for somebody else, and the record is your own"),
        ),
        RedeemRefusal::ActsForPatient => (
            StatusCode::CONFLICT,
            Complaints::one(
                "code",
                "This code is for the patient’s own login, and this login acts for the patient, or did. Let the \
                 patient use it with their own; if this one is theirs, ask the hospital",
            ),
        ),
        RedeemRefusal::TooManyProxies => (
            StatusCode::CONFLICT,
            Complaints::one("code", "As many people as are allowed act for this patient already"),
        ),
        RedeemRefusal::BirthDateNeeded => {
            (unprocessable, Complaints::one("birth_date", "Enter the patient’s date of birth too"))
        }
        RedeemRefusal::IssuerNotTrusted => (
            StatusCode::FORBIDDEN,
            Complaints::one(
                "code",
                "The hospital does not accept the login service that you used. Log out \
                                     and log in another way",
            ),
        ),
        RedeemRefusal::TooManyAttempts { until } => (
            StatusCode::TOO_MANY_REQUESTS,
            Complaints::one(
                "code",
                format!("Too many wrong tries. Try again after {}", words::moment(until)),
            ),
        ),
    }
}
