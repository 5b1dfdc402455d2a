//! Endings: every access to a record, or of an account, ended in one act, and undone by a second person.

pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod read;
pub(crate) mod undo;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Actor, Authorized, StaffAct},
    ending::{Ending, EndingScope, EndingState, Touched},
    id::EndingId,
    link::Revocation,
    organization::Organization,
    patient::FhirId,
    service::end_access::{self, EndAccess},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{InvitationView, LinkView};
use crate::{
    extract::{self, NamedOrganization, StaffCaller},
    problem::{Problem, ProblemType},
};

/// An ending, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndingView {
    #[schema(example = "end_0197f2f31c2a7d0c8e6f2b7f5a1d9c44")]
    id: String,
    organization: String,
    /// The record, by Kinlink's id, if the ending was of everybody's access to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// The account, if the ending was of its access to every record.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// Patients' own links were left alone.
    keep_self: bool,
    #[schema(value_type = String, example = "safety")]
    reason: Revocation,
    #[schema(value_type = Object)]
    by: Actor,
    ended_at: DateTime<Utc>,
    /// Until when it can be undone.
    undo_until: DateTime<Utc>,
    /// `done` or `undone`.
    #[schema(example = "done")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    undone_by: Option<Actor>,
}

impl From<&Ending> for EndingView {
    fn from(ending: &Ending) -> Self {
        let (record, account) = match ending.scope {
            EndingScope::Record(patient) => (Some(patient.to_string()), None),
            EndingScope::Account(account) => (None, Some(account.to_string())),
        };
        let (status, undone_at, undone_by) = match ending.state {
            EndingState::Done => ("done", None, None),
            EndingState::Undone { at, by } => ("undone", Some(at), Some(by)),
        };
        Self {
            id: ending.id.to_string(),
            organization: ending.organization.to_string(),
            record,
            account,
            keep_self: ending.keep_self,
            reason: ending.reason,
            by: ending.by,
            ended_at: ending.at,
            undo_until: ending.undo_until,
            status,
            undone_at,
            undone_by,
        }
    }
}

/// What an ending would touch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TouchedView {
    /// Names exactly this; confirm with it.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    digest: String,
    counts: TouchedCounts,
    links: Vec<LinkView>,
    invitations: Vec<InvitationView>,
    /// The ids of claims that a link may still come of. They are declined, which their claimants are not told.
    claims: Vec<String>,
    /// The ids of offers that could be accepted. They are taken back.
    offers: Vec<String>,
    /// The ids of requests to act for the patient, or of the account to act for others. They are declined, which those
    /// who asked are not told.
    access_requests: Vec<String>,
}

/// How many of each.
#[derive(Debug, Serialize, ToSchema)]
struct TouchedCounts {
    links: usize,
    invitations: usize,
    claims: usize,
    offers: usize,
    access_requests: usize,
}

impl TouchedView {
    fn new(touched: &Touched, wanted: EndAccess, organization: &Organization, now: DateTime<Utc>) -> Self {
        let rules = organization.policy.family.rules();
        Self {
            digest: touched.digest(wanted.scope, wanted.keep_self),
            counts: TouchedCounts {
                links: touched.links.len(),
                invitations: touched.invitations.len(),
                claims: touched.claims.len(),
                offers: touched.offers.len(),
                access_requests: touched.requests.len(),
            },
            links: touched.links.iter().map(|link| LinkView::new(link, &rules, now)).collect(),
            invitations: touched.invitations.iter().map(|one| InvitationView::new(one, now)).collect(),
            claims: touched.claims.iter().map(|claim| claim.id.to_string()).collect(),
            offers: touched.offers.iter().map(|offer| offer.id.to_string()).collect(),
            access_requests: touched.requests.iter().map(|request| request.id.to_string()).collect(),
        }
    }
}

/// Whose access is to end, as a body says it.
pub(crate) struct Whose<'a> {
    pub(crate) organization: Option<&'a str>,
    pub(crate) patient: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) keep_self: bool,
}

impl Whose<'_> {
    /// Checks that the caller may, before anything is looked for.
    pub(crate) async fn find(
        &self,
        unit: &mut dyn UnitOfWork,
        staff: &StaffCaller,
    ) -> Result<(Authorized, Organization, EndAccess), Problem> {
        const KIND: ProblemType = ProblemType::InvalidMember;
        let named = NamedOrganization::in_body(self.organization)?;
        let (organization, by) = named.find_for(unit, staff, StaffAct::EndLinks).await?;
        let scope = match (self.patient, self.account) {
            (Some(patient), None) => {
                let fhir_id: FhirId = extract::parse(KIND, "/patient", patient)?;
                let record = end_access::record(unit, organization.id, &fhir_id).await?;
                EndingScope::Record(record.ok_or_else(|| Problem::new(ProblemType::PatientNotFound))?)
            }
            (None, Some(account)) => EndingScope::Account(extract::parse(KIND, "/account", account)?),
            _ => return Err(Problem::new(KIND).at("/patient", "name either a patient or an account")),
        };
        Ok((by, organization, EndAccess { scope, keep_self: self.keep_self }))
    }
}

/// Finds an ending at one of the organizations where the caller may do this.
pub(crate) async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    act: StaffAct,
    id: EndingId,
) -> Result<(Authorized, Ending), Problem> {
    for by in staff.wherever(act)? {
        if let Some(ending) = unit.ending(by.organization(), id).await? {
            return Ok((by, ending));
        }
    }
    Err(Problem::new(ProblemType::NotFound))
}
