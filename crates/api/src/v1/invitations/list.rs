use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    invitation::{Channel, Invitation, InvitationStatus},
    organization::Organization,
    page::Listed,
    patient::FhirId,
    store::{InvitationFilter, UnitOfWork},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::view::InvitationView;
use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListParameters {
    /// The organization, by id or short name; needed only by staff of several.
    pub(crate) organization: Option<String>,
    /// Only for the record with this FHIR id.
    pub(crate) patient: Option<String>,
    /// Only those that are now `issued`, `redeemed`, `revoked`, `locked` or `expired`.
    #[param(value_type = Option<String>)]
    pub(crate) status: Option<InvitationStatus>,
    /// Only those that take this way.
    #[param(value_type = Option<String>)]
    pub(crate) channel: Option<Channel>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// Newest first.
    invitations: Vec<InvitationView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List an organization's invitations. Staff with the role `registrar` or `admin`.
#[utoipa::path(get, path = "/v1/invitations", tag = "invitations", security(("staff" = [])), params(ListParameters),
    responses(
        (status = 200, description = "Invitations", body = InvitationList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, listed) = search(&state, &mut *unit, &staff, parameters.0).await?;
    unit.save().await?;
    let now = state.ports.clock.now();
    let invitations = listed.items.iter().map(|invitation| InvitationView::new(invitation, now)).collect();
    Ok(HttpResponse::Ok().json(InvitationList { invitations, next_cursor: listed.next.map(Cursor::write) }))
}

/// The invitations that fit, at the organization meant; that they were listed is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: ListParameters,
) -> Result<(Organization, Listed<Invitation>), Problem> {
    const KIND: ProblemType = ProblemType::MalformedParameter;
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let fhir_id: Option<FhirId> = extract::parse_given(KIND, "patient", parameters.patient.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::ManageInvitations).await?;
    let patient = match &fhir_id {
        None => None,
        Some(id) => match unit.patient(organization.id, id).await? {
            Some(patient) => Some(patient.id),
            None => return Ok((organization, Listed { items: vec![], next: None })),
        },
    };
    let filter = InvitationFilter { patient, status: parameters.status, channel: parameters.channel };
    let listed = unit.invitations(organization.id, &filter, page, state.ports.clock.now()).await?;
    let subject = Subject { patient, ..Subject::default() };
    let detail = serde_json::json!({"count": listed.items.len()});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::InvitationList, subject, detail));
    Ok((organization, listed))
}
