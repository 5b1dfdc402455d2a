use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{evidence::Withdrawal, service::withdraw_evidence::withdraw as withdraw_evidence};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{EvidenceAnswer, authorized};
use crate::{
    extract::{JsonBody, StaffCaller, path_id, path_part},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawEvidenceBody {
    /// `found_forged`, `entered_by_mistake`, `wrong_person` or `no_longer_valid`.
    #[schema(value_type = String, example = "found_forged")]
    reason: Withdrawal,
}

/// Withdraw evidence of a link: staff of its organization (`registrar`, `reviewer`, `admin`). It counts no more
/// from that moment, and stays to be seen.
#[utoipa::path(post, path = "/v1/links/{id}/evidence/{evidence}/withdraw", tag = "links", security(("staff" = [])),
    params(("id" = String, Path, description = "The link"),
        ("evidence" = String, Path, description = "The evidence"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = WithdrawEvidenceBody,
    responses(
        (status = 200, description = "Withdrawn; lookups see what the link is worth now", body = EvidenceAnswer),
        Refusals,
    ))]
pub(crate) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<WithdrawEvidenceBody>,
) -> Result<HttpResponse, Problem> {
    let link = path_id(&request)?;
    let evidence = path_part(&request, "evidence")?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let by = authorized(&mut *unit, &staff, link).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let reason = body.value.reason;
    let (link, withdrawn) = withdraw_evidence(&mut *unit, &state.ports, by, link, evidence, reason).await?;
    let answer = EvidenceAnswer::load(&mut *unit, &link, withdrawn, state.ports.clock.now()).await?;
    once.save_answer(unit, StatusCode::OK, &answer).await
}
