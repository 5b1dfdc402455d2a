use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    account::AccountKey,
    federated::Asserted,
    partial_date::PartialDate,
    service::redeem::{Redeem, RedeemRefusal, Redeemed, redeem as redeem_code},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::super::view::LinkView;
use crate::{
    extract::{self, AccountUser, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemBody {
    /// The code as it was read: case, spaces and hyphens do not count, and O and 0, I, L and 1 are the same.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "7K3M-Q9ZT-4W2C")]
    code: String,
    /// The birth date, if the invitation asks for it.
    #[schema(example = "1984-02-29")]
    birth_date: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RedeemAnswer {
    link: LinkView,
}

/// Redeem a code: the caller's account may then open the record. Any login of an identity provider that
/// the organization accepts for patients.
#[utoipa::path(post, path = "/v1/invitations/redeem", tag = "invitations", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = RedeemBody,
    responses(
        (status = 200, description = "The account has this link already", body = RedeemAnswer),
        (status = 201, description = "The link was made", body = RedeemAnswer),
        (status = "4XX", description = "Refused. A code that never was, one that is used, revoked, locked or expired, and a wrong birth date are the same refusal", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn redeem(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<RedeemBody>,
) -> Result<HttpResponse, Problem> {
    let birth_date = body.value.birth_date.as_deref();
    let birth_date: Option<PartialDate> =
        birth_date.map(|text| extract::parse(ProblemType::InvalidMember, "/birth_date", text)).transpose()?;
    let address = extract::address(&request)?;
    let once = Once::new(&request, &state, user.id, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let outcome = attempt(
        &state,
        &mut *unit,
        (&user.key, Some(&user.asserted)),
        &body.value.code,
        birth_date,
        &address,
    )
    .await?;
    let now = state.ports.clock.now();
    let (status, link) = match outcome {
        Redeemed::Created(link) => (StatusCode::CREATED, link),
        Redeemed::Existing(link) => (StatusCode::OK, link),
        Redeemed::Refused(refusal) => {
            once.save_refusal(unit).await?;
            return Err(Problem::from_refusal(refusal, now));
        }
    };
    let answer = RedeemAnswer { link: LinkView::load(&mut *unit, &link, now).await?.without_reason() };
    once.save_answer(unit, status, &answer).await
}

/// A try of this login, counted. The unit is to be saved whatever comes of it.
pub(crate) async fn attempt(
    state: &State,
    unit: &mut dyn UnitOfWork,
    (login, asserted): (&AccountKey, Option<&Asserted>),
    code: &str,
    birth_date: Option<PartialDate>,
    address: &str,
) -> Result<Redeemed, Problem> {
    let account = unit.ensure_account(login, state.ports.clock.now()).await?;
    let redeem = Redeem { account: &account, code, birth_date, asserted, address };
    let outcome = redeem_code(unit, &state.ports, &redeem).await?;
    metrics::counter!("kinlink_redemptions_total", "outcome" => outcome_word(&outcome)).increment(1);
    Ok(outcome)
}

fn outcome_word(outcome: &Redeemed) -> &'static str {
    match outcome {
        Redeemed::Created(_) => "created",
        Redeemed::Existing(_) => "existing",
        Redeemed::Refused(RedeemRefusal::Mistyped(_)) => "mistyped",
        Redeemed::Refused(RedeemRefusal::NotAccepted) => "not_accepted",
        Redeemed::Refused(RedeemRefusal::BirthDateNeeded) => "birth_date_needed",
        Redeemed::Refused(RedeemRefusal::IssuerNotTrusted) => "issuer_not_trusted",
        Redeemed::Refused(RedeemRefusal::OwnRecord) => "own_record",
        Redeemed::Refused(RedeemRefusal::ActsForPatient) => "acts_for_patient",
        Redeemed::Refused(RedeemRefusal::TooManyProxies) => "too_many_proxies",
        Redeemed::Refused(RedeemRefusal::TooManyAttempts { .. }) => "too_many_attempts",
    }
}
