//! Access requests: somebody asks to act for a person. What the asker is told never depends on what is on record,
//! until somebody agreed.

pub(crate) mod approve;
pub(crate) mod decline;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod submit;
pub(crate) mod withdraw;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    access_request::{AccessRequest, AskerStatus, RequestState, RequestStatus},
    actor::StaffAct,
    demographics::Demographics,
    id::{AccountId, OrganizationId, RequestId},
    link::LinkRole,
    organization::Organization,
    service::decide_request::{By, candidates::waits_for_patient},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::{AnyCaller, StaffCaller},
    problem::{Problem, ProblemType},
    state::State,
};

/// A request, as whoever asked sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskedView {
    #[schema(example = "req_0197f2f31c2a7d0c8e6f2b7f5a1d9c66")]
    id: String,
    organization: String,
    /// HL7 v3-RoleCode: what the asker says they are to the person.
    #[schema(example = "MTH")]
    relationship: &'static str,
    /// `open`, `granted`, `withdrawn` or `closed`. Open says nothing of whether that person is a patient here.
    #[schema(value_type = String, example = "open")]
    status: AskerStatus,
    submitted_at: DateTime<Utc>,
    /// When it will be closed.
    expires_at: DateTime<Utc>,
    /// The grant that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
}

impl AskedView {
    pub(crate) fn new(request: &AccessRequest, now: DateTime<Utc>) -> Self {
        let grant = match &request.state {
            RequestState::Granted { grant, .. } => Some(grant.to_string()),
            RequestState::Submitted
            | RequestState::Pending(_)
            | RequestState::Declined { .. }
            | RequestState::Withdrawn { .. } => None,
        };
        Self {
            id: request.id.to_string(),
            organization: request.organization.to_string(),
            relationship: request.relationship.code(),
            status: request.view(now),
            submitted_at: request.submitted_at,
            expires_at: request.expires_at,
            grant,
        }
    }
}

/// A request, as the patient sees it who is asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingView {
    #[schema(example = "req_0197f2f31c2a7d0c8e6f2b7f5a1d9c66")]
    id: String,
    organization: String,
    /// Who asks, as they say.
    asker: PersonView,
    /// HL7 v3-RoleCode: what they say they are to the patient.
    #[schema(example = "SPS")]
    relationship: &'static str,
    /// `submitted`, `pending`, `granted`, `declined`, `withdrawn` or `expired`, now.
    #[schema(value_type = String, example = "pending")]
    status: RequestStatus,
    submitted_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Somebody, as they were described.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// Names, as one text each.
    #[schema(example = json!(["Ben Example"]))]
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1984-02-29")]
    birth_date: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<String>,
}

impl From<&Demographics> for PersonView {
    fn from(person: &Demographics) -> Self {
        let name = |name: &kinlink_domain::demographics::HumanName| match &name.text {
            Some(text) if name.family.is_none() => text.clone(),
            _ => name.given.iter().chain(&name.family).map(String::as_str).collect::<Vec<_>>().join(" "),
        };
        Self {
            names: person.names.iter().map(name).collect(),
            birth_date: person.birth_date.map(|date| date.to_string()),
            emails: person.emails().into_iter().map(ToOwned::to_owned).collect(),
        }
    }
}

impl PendingView {
    pub(crate) fn new(request: &AccessRequest, now: DateTime<Utc>) -> Self {
        Self {
            id: request.id.to_string(),
            organization: request.organization.to_string(),
            asker: PersonView::from(&request.asker),
            relationship: request.relationship.code(),
            status: request.status(now),
            submitted_at: request.submitted_at,
            expires_at: request.expires_at,
        }
    }
}

/// The records that an account opens as the patient now.
async fn own_records(
    state: &State,
    unit: &mut dyn UnitOfWork,
    account: AccountId,
) -> Result<Vec<(OrganizationId, kinlink_domain::id::PatientId)>, Problem> {
    let now = state.ports.clock.now();
    let mut records = Vec::new();
    for link in unit.links_of_account(account).await? {
        if link.role != LinkRole::SelfRole {
            continue;
        }
        let Some(organization) = unit.organization(link.organization).await? else { continue };
        if link.gives(&organization.policy.family.rules(), now).is_ok() {
            records.push((link.organization, link.patient));
        }
    }
    Ok(records)
}

/// The organization of a request, and as whom the caller decides it. One that waits for somebody else is not
/// found, as if it did not exist.
pub(crate) async fn decider(
    state: &State,
    unit: &mut dyn UnitOfWork,
    caller: AnyCaller,
    id: RequestId,
) -> Result<(Organization, By, AccessRequest), Problem> {
    let AnyCaller::Person { account, staff, login } = caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let mut found = None;
    if let Some(account) = account {
        for (organization, patient) in own_records(state, unit, account).await? {
            if let Some(request) = unit.request(organization, id).await?
                && waits_for_patient(unit, &request, patient).await?
            {
                found = Some((By::Patient(account), request));
            }
        }
    }
    if found.is_none() && !staff.roles.is_empty() {
        let staff = StaffCaller::new(staff, login)?;
        for by in staff.wherever(StaffAct::ManageProxies)? {
            let request = unit.request(by.organization(), id).await?;
            found = request.map(|request| (By::Staff(by), request)).or(found);
        }
    }
    let (by, request) = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let organization = unit.organization(request.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    Ok((organization, by, request))
}
