use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    evidence::Document,
    id::AccountId,
    organization::Organization,
    service::totp::reset::{Reset, ResetError, reset as reset_authenticator},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{self, JsonBody, NamedOrganization, StaffCaller},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account": "acc_5f0c8f2a6b1d8c3e9a7b4d2c1e0f9a8b",
    "proof": {"document": "passport", "reference": "desk 3"}
}))]
pub(crate) struct ResetBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// Whose authenticator: the account, as links, the audit, and its owner's own `/v1/totp` name it.
    account: String,
    #[validate(nested)]
    proof: ResetProofBody,
}

/// The document that staff compared the person with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetProofBody {
    /// `passport`, `driving_licence`, `identity_card`, `residence_permit`, `insurance_card_with_photo` or
    /// `other_photo_id`.
    #[schema(value_type = String, example = "passport")]
    document: Document,
    /// Your own reference to it; never its number.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ResetAnswer {
    account: String,
    reset_at: DateTime<Utc>,
}

/// Reset the authenticator of a person who has lost it and has no recovery code left. Staff with the role
/// `reviewer` or `admin`, for an account with a link at their organization; `admin` alone, for a login that
/// has staff roles there. Nobody for themselves. The owner is told by email if their record has an address.
#[utoipa::path(post, path = "/v1/totp/reset", tag = "authenticator", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ResetBody,
    responses(
        (status = 200, description = "Reset", body = ResetAnswer),
        Refusals,
    ))]
pub(crate) async fn reset(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<ResetBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let named = NamedOrganization::in_body(value.organization.as_deref())?;
    let account: AccountId = extract::parse(ProblemType::InvalidMember, "/account", &value.account)?;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ResetAuthenticators).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    check_step_up(&state, &mut *unit, &staff, &organization).await?;
    let ResetProofBody { document, reference } = value.proof;
    reset_at(&state, &mut *unit, &staff, by, (account, document, reference)).await?;
    let answer = ResetAnswer { account: account.to_string(), reset_at: state.ports.clock.now() };
    let response = once.save_answer(unit, StatusCode::OK, &answer).await?;
    count_reset();
    Ok(response)
}

/// The organization may want more proof of who resets.
pub(crate) async fn check_step_up(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    organization: &Organization,
) -> Result<(), Problem> {
    let policy = &organization.policy.step_up;
    staff.login.stepped_up(unit, state, policy, SteppedAct::AuthenticatorReset).await
}

/// Resets whose account it is, for staff who compared the person with a document, by their own reference to it.
pub(crate) async fn reset_at(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    by: Authorized,
    (account, document, reference): (AccountId, Document, Option<String>),
) -> Result<(), ResetError> {
    let over_staff = staff.at(by.organization(), StaffAct::ResetStaffAuthenticators).is_ok();
    let wanted = Reset { account, by, over_staff, document, reference };
    reset_authenticator(unit, &state.ports, &wanted).await
}

/// Counts it, for operators.
pub(crate) fn count_reset() {
    metrics::counter!("kinlink_authenticators_reset_total").increment(1);
}
