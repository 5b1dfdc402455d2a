use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    account::AccountKey,
    federated::Asserted,
    id::ClaimId,
    service::confirm_claim::{ConfirmClaim, ConfirmRefusal, Confirmed, confirm as confirm_claim},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::super::view::LinkView;
use crate::{
    extract::{self, AccountUser, JsonBody, path_id},
    idempotency::Once,
    problem::Problem,
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmBody {
    /// The code as it was read: case, spaces and hyphens do not count, and O and 0, I, L and 1 are the same.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "7K3M-Q9ZT-4W2C")]
    code: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmAnswer {
    link: LinkView,
}

/// Enter the code of a claim: the caller's account may then open the record.
#[utoipa::path(post, path = "/v1/claims/{id}/confirm", tag = "claims", security(("account" = [])),
    params(("id" = String, Path, description = "The claim"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ConfirmBody,
    responses(
        (status = 200, description = "The account has this link already", body = ConfirmAnswer),
        (status = 201, description = "The link was made", body = ConfirmAnswer),
        (status = "4XX", description = "Refused. A claim for which no code went out and a wrong code are the same refusal", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn confirm(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<ConfirmBody>,
) -> Result<HttpResponse, Problem> {
    let claim = path_id(&request)?;
    let address = extract::address(&request)?;
    let once = Once::new(&request, &state, user.id, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let outcome =
        attempt(&state, &mut *unit, (&user.key, Some(&user.asserted)), claim, &body.value.code, &address)
            .await?;
    let now = state.ports.clock.now();
    let (status, link) = match outcome {
        Confirmed::Created(link) => (StatusCode::CREATED, link),
        Confirmed::Existing(link) => (StatusCode::OK, link),
        Confirmed::Refused(refusal) => {
            once.save_refusal(unit).await?;
            return Err(Problem::from_confirmation(refusal, now));
        }
    };
    let answer = ConfirmAnswer { link: LinkView::load(&mut *unit, &link, now).await?.without_reason() };
    once.save_answer(unit, status, &answer).await
}

/// A try of this login, counted. The unit is to be saved whatever comes of it.
pub(crate) async fn attempt(
    state: &State,
    unit: &mut dyn UnitOfWork,
    (login, asserted): (&AccountKey, Option<&Asserted>),
    claim: ClaimId,
    code: &str,
    address: &str,
) -> Result<Confirmed, Problem> {
    let account = unit.ensure_account(login, state.ports.clock.now()).await?;
    let confirm = ConfirmClaim { account: &account, claim, code, asserted, address };
    let outcome = confirm_claim(unit, &state.ports, &confirm).await?;
    metrics::counter!("kinlink_claim_confirmations_total", "outcome" => outcome_word(&outcome)).increment(1);
    Ok(outcome)
}

fn outcome_word(outcome: &Confirmed) -> &'static str {
    match outcome {
        Confirmed::Created(_) => "created",
        Confirmed::Existing(_) => "existing",
        Confirmed::Refused(ConfirmRefusal::Mistyped(_)) => "mistyped",
        Confirmed::Refused(ConfirmRefusal::NotFound) => "not_found",
        Confirmed::Refused(ConfirmRefusal::NotOpen(_)) => "not_open",
        Confirmed::Refused(ConfirmRefusal::NotAccepted) => "not_accepted",
        Confirmed::Refused(ConfirmRefusal::TooManyAttempts { .. }) => "too_many_attempts",
    }
}
