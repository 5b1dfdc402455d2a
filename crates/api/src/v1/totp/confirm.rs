use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::service::totp::confirm::confirm as confirm_authenticator;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{login, totp_code};
use crate::{
    extract::{JsonBody, PersonCaller},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpConfirmBody {
    /// What the app shows now.
    #[validate(length(max = 20, message = "at most 20 characters"))]
    #[schema(example = "005924")]
    code: String,
}

/// The authenticator counts from now on.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpConfirmAnswer {
    /// Ten codes, each good once in place of the app; shown this once. Those of an authenticator before are
    /// void.
    #[schema(example = json!(["7K3M-Q9ZT-4W2C"]))]
    recovery_codes: Vec<String>,
}

/// Give the first code of the authenticator app that was enrolled last, within 15 minutes. The code is used up
/// by this; for step-up, wait for the next one.
#[utoipa::path(post, path = "/v1/totp/confirm", tag = "authenticator", security(("account" = []), ("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = TotpConfirmBody,
    responses(
        (status = 200, description = "Confirmed", body = TotpConfirmAnswer),
        Refusals,
    ))]
pub(crate) async fn confirm(
    request: HttpRequest,
    state: Data<State>,
    caller: PersonCaller,
    body: JsonBody<TotpConfirmBody>,
) -> Result<HttpResponse, Problem> {
    let code = totp_code(&body.value.code)?;
    let once = Once::new(&request, &state, caller.login.account, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    match confirm_authenticator(&mut *unit, &state.ports, login(&caller), &code).await? {
        Ok(codes) => {
            let answer =
                TotpConfirmAnswer { recovery_codes: codes.iter().map(ToString::to_string).collect() };
            let response = once.save_answer(unit, StatusCode::OK, &answer).await?;
            metrics::counter!("kinlink_authenticators_confirmed_total").increment(1);
            Ok(response)
        }
        Err(refusal) => {
            once.save_refusal(unit).await?;
            Err(Problem::from_totp(refusal, state.ports.clock.now()))
        }
    }
}
