use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::StaffAct,
    bar::AboutBar,
    id::AccountId,
    service::bar::{RecordBar, record as record_bar},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::{
        invitations::issue::{PatientBody, patient},
        view::LinkView,
    },
    BarView,
};
use crate::{
    extract::{JsonBody, NamedOrganization, StaffCaller},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "patient": {"id": "n-002"},
    "person": "Karl Beispiel, the father",
    "reference": "family court, 12 F 34/26"
}))]
pub(crate) struct BarBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    #[validate(nested)]
    patient: PatientBody,
    /// The barred person's account, if it is known: its link as a proxy ends, and it gets no other.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Who is barred, by name or description.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    person: String,
    /// The order, as you file it.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: String,
    /// Until when; open if absent.
    until: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BarAnswer {
    bar: BarView,
    /// The link that it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<LinkView>,
}

/// Record that a court keeps a person from a record, whatever else says yes. Staff with the role `registrar`,
/// `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/bars", tag = "bars", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = BarBody,
    responses(
        (status = 201, description = "Recorded", body = BarAnswer),
        Refusals,
    ))]
pub(crate) async fn record(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<BarBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let named = NamedOrganization::in_body(value.organization.as_deref())?;
    let patient = patient(value.patient)?;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageProxies).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let wanted = RecordBar {
        patient,
        account: value.account,
        about: AboutBar { person: value.person, reference: value.reference },
        until: value.until,
    };
    let (bar, ended) = record_bar(&mut *unit, &state.ports, &organization, by, wanted).await?;
    let now = state.ports.clock.now();
    let record = unit.patient_by_id(organization.id, bar.patient).await?;
    let record = record.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let ended = ended.map(|link| LinkView::new(&link, &organization.policy.family.rules(), now));
    let answer = BarAnswer { bar: BarView::new(&bar, &record.record.fhir_id, now), ended };
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}
