use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::{AgeException, AgeExceptionKind},
    actor::StaffAct,
    service::age_exception::{NewException, record as record_exception},
    step_up::SteppedAct,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::invitations::issue::{PatientBody, patient},
    AgeExceptionView,
};
use crate::{
    extract::{JsonBody, NamedOrganization, StaffCaller},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// The oldest that a patient can be treated as.
pub(crate) const OLDEST: u8 = 26;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "patient": {"id": "n-002"},
    "kind": "treated_as",
    "age": 16,
    "reason": "judged mature by Dr Example",
    "reference": "desk 3, 24 November"
}))]
pub(crate) struct AgeExceptionBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    #[validate(nested)]
    patient: PatientBody,
    /// `emancipated`: decides as an adult does. `incapacity`: cannot decide, at whatever age. `treated_as`: the
    /// rules apply as if the patient were of another age.
    kind: KindBody,
    /// Only for `treated_as`, and needed then: in years, at most 26.
    age: Option<u8>,
    /// From when; at once if absent.
    from: Option<DateTime<Utc>>,
    /// Until when; open if absent.
    until: Option<DateTime<Utc>>,
    /// Why.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    reason: String,
    /// The paper that says so, as you file it.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: String,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KindBody {
    Emancipated,
    Incapacity,
    TreatedAs,
}

fn kind(kind: KindBody, age: Option<u8>) -> Result<AgeExceptionKind, Problem> {
    match (kind, age) {
        (KindBody::Emancipated, None) => Ok(AgeExceptionKind::Emancipated),
        (KindBody::Incapacity, None) => Ok(AgeExceptionKind::Incapacity),
        (KindBody::TreatedAs, Some(age @ 0..=OLDEST)) => Ok(AgeExceptionKind::TreatedAs { age }),
        _ => {
            let message = format!("0 to {OLDEST} for `treated_as`, and for no other");
            Err(Problem::new(ProblemType::InvalidMember).at("/age", message))
        }
    }
}

/// Record that the age rules do not fit a patient; it takes the place of what was recorded before. Lookups change
/// at once. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/age-exceptions", tag = "age exceptions", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = AgeExceptionBody,
    responses(
        (status = 201, description = "Recorded", body = AgeExceptionView),
        Refusals,
    ))]
pub(crate) async fn record(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<AgeExceptionBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let named = NamedOrganization::in_body(value.organization.as_deref())?;
    let patient = patient(value.patient)?;
    let kind = kind(value.kind, value.age)?;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageProxies).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    staff.login.stepped_up(&mut *unit, &state, &organization.policy.step_up, SteppedAct::Grant).await?;
    let from = value.from.unwrap_or_else(|| state.ports.clock.now());
    let new = NewException {
        exception: AgeException { kind, from, until: value.until },
        reason: value.reason,
        reference: value.reference,
    };
    let record = record_exception(&mut *unit, &state.ports, &organization, by, patient, new).await?;
    let answer = AgeExceptionView::new(&record);
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}
