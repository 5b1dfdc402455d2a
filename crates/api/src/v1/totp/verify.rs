use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::service::totp::verify::verify as verify_code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{counts_until, given, login};
use crate::{
    extract::{JsonBody, PersonCaller},
    problem::{Problem, ProblemType},
    state::State,
};

/// Exactly one of both.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "005924"}))]
pub(crate) struct VerifyBody {
    /// What the app shows now.
    #[validate(length(max = 20, message = "at most 20 characters"))]
    code: Option<String>,
    /// A recovery code, used up by this.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    recovery_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerifyAnswer {
    /// Until when this token may do what wants more proof, at every organization that takes it.
    step_up_until: DateTime<Utc>,
}

/// Give a code of the authenticator app, or a recovery code: this token, and no other, may then do what wants
/// more proof than a login. Each code counts once.
#[utoipa::path(post, path = "/v1/totp/verify", tag = "authenticator", security(("account" = []), ("staff" = [])),
    request_body = VerifyBody,
    responses(
        (status = 200, description = "Accepted", body = VerifyAnswer),
        (status = "4XX", description = "Refused. A wrong code, one of another time and one that was used are the same refusal", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn verify(
    state: Data<State>,
    caller: PersonCaller,
    body: JsonBody<VerifyBody>,
) -> Result<HttpResponse, Problem> {
    let given = given(body.value.code.as_deref(), body.value.recovery_code.as_deref())?;
    let given = given
        .ok_or_else(|| Problem::new(ProblemType::InvalidMember).at("", "either `code` or `recovery_code`"))?;
    let mut unit = state.store.begin().await?;
    let decided = verify_code(&mut *unit, &state.ports, login(&caller), caller.login.token, &given).await?;
    let outcome = if decided.is_ok() { "accepted" } else { "refused" };
    metrics::counter!("kinlink_step_ups_total", "outcome" => outcome).increment(1);
    match decided {
        Ok(at) => {
            let step_up_until = counts_until(&mut *unit, &caller, at).await?;
            unit.save().await?;
            Ok(HttpResponse::Ok().json(VerifyAnswer { step_up_until }))
        }
        Err(refusal) => {
            unit.save().await?;
            Err(Problem::from_totp(refusal, state.ports.clock.now()))
        }
    }
}
