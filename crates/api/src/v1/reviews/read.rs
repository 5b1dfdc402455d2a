use actix_web::{HttpRequest, HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    claim::{Assertion, Claim, ClaimStatus},
    comparison::{Candidate, Comparison, Field},
    evidence::Fact,
    id::ReviewId,
    organization::Organization,
    patient::PatientRecord,
    review::Review,
    side_by_side::{Row, prior, rows},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ReviewView, find};
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// A review with all that is needed to decide it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewAnswer {
    #[serde(flatten)]
    review: ReviewView,
    /// Approvals so far.
    approvals: Vec<ApprovalView>,
    /// The claim, if the review is of one; `claim` above is its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<ClaimedView>,
    /// The records it was compared with, best first.
    candidates: Vec<CandidateView>,
}

#[derive(Serialize, ToSchema)]
struct ApprovalView {
    at: DateTime<Utc>,
    #[schema(value_type = Object)]
    by: Actor,
    /// The FHIR id of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    #[schema(value_type = Vec<Object>)]
    proof: Vec<Fact>,
}

#[derive(Serialize, ToSchema)]
struct ClaimedView {
    account: String,
    /// `submitted`, `confirming`, `in_review`, `declined`, `linked`, `withdrawn`, `expired` or `locked`, now.
    #[schema(value_type = String, example = "in_review")]
    status: ClaimStatus,
    submitted_at: DateTime<Utc>,
    #[schema(value_type = Object)]
    submitted_by: Actor,
    expires_at: DateTime<Utc>,
    /// Wrong codes so far.
    failures: u16,
    /// What the client that submitted it asserts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    assertion: Option<Assertion>,
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "an answer in JSON, where each is a member of its own")]
struct CandidateView {
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// The whole weight in bits: the logarithm of the odds that both are one person.
    weight: f64,
    /// The probability, if this were the only candidate.
    probability: f64,
    /// What the weight begins with, before any field was compared.
    prior: f64,
    /// Field by field; `sum` runs from the prior to the whole weight.
    fields: Vec<FieldView>,
    active: bool,
    deceased: bool,
    merged: bool,
    /// Whether a code can be mailed.
    has_email: bool,
    /// When a contact on record last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts_changed_at: Option<DateTime<Utc>>,
    /// Other accounts that open this record.
    other_links: usize,
}

#[derive(Serialize, ToSchema)]
struct FieldView {
    #[schema(value_type = String, example = "birth_date")]
    field: Field,
    claimed: Vec<String>,
    recorded: Vec<String>,
    /// How they agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "exact")]
    level: Option<String>,
    /// What it adds, in bits.
    weight: f64,
    /// The prior and all weights up to here.
    sum: f64,
}

impl From<Row> for FieldView {
    fn from(row: Row) -> Self {
        let Row { field, claimed, recorded, level, weight, sum } = row;
        Self { field, claimed, recorded, level, weight, sum }
    }
}

impl ClaimedView {
    fn new(claim: &Claim, organization: &Organization, now: DateTime<Utc>) -> Self {
        Self {
            account: claim.account.to_string(),
            status: claim.status(&organization.policy.claims, now),
            submitted_at: claim.submitted_at,
            submitted_by: claim.submitted_by,
            expires_at: claim.expires_at,
            failures: claim.failures,
            assertion: claim.assertion.clone(),
        }
    }
}

impl CandidateView {
    fn new(claim: &Claim, record: &PatientRecord, comparison: &Comparison, other_links: usize) -> Self {
        let recorded = &record.record.demographics;
        let fields = rows(&claim.demographics, recorded, comparison);
        Self {
            patient: record.record.fhir_id.to_string(),
            weight: comparison.weight,
            probability: comparison.probability(),
            prior: prior(comparison),
            fields: fields.into_iter().map(Into::into).collect(),
            active: record.record.active,
            deceased: record.record.deceased,
            merged: record.record.replaced_by().is_some(),
            has_email: !recorded.emails().is_empty(),
            contacts_changed_at: record.contacts_changed_at,
            other_links,
        }
    }
}

/// Read a review: the claim and the candidates side by side. Staff with the role `reviewer` or `admin`; audited as
/// a reading of every record that is shown.
#[utoipa::path(get, path = "/v1/reviews/{id}", tag = "reviews", security(("staff" = [])),
    params(("id" = String, Path, description = "The review")),
    responses(
        (status = 200, description = "The review", body = ReviewAnswer),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let Looked { organization, review, claim, found } = look(&state, &mut *unit, &staff, id).await?;
    unit.save().await?;
    let now = state.ports.clock.now();
    let fhir_id = |patient| {
        let record = found.iter().map(|(record, ..)| record).find(|record| record.id == patient);
        record.map(|record| record.record.fhir_id.to_string())
    };
    let approvals = review.approvals().iter().map(|approval| ApprovalView {
        at: approval.at,
        by: approval.by,
        patient: fhir_id(approval.patient),
        proof: approval.proof.clone(),
    });
    let shown = claim.iter().flat_map(|claim| {
        let views = found.iter();
        views.map(move |(record, candidate, links)| {
            CandidateView::new(claim, record, &candidate.comparison, *links)
        })
    });
    Ok(HttpResponse::Ok().json(ReviewAnswer {
        review: ReviewView::new(&review),
        approvals: approvals.collect(),
        claimed: claim.as_ref().map(|claim| ClaimedView::new(claim, &organization, now)),
        candidates: shown.collect(),
    }))
}

/// A review, the claim that it is of, and the records that the claim was compared with, each with the number of other
/// accounts that open it.
pub(crate) struct Looked {
    pub(crate) organization: Organization,
    pub(crate) review: Review,
    pub(crate) claim: Option<Claim>,
    pub(crate) found: Vec<(PatientRecord, Candidate, usize)>,
}

/// All that a reviewer looks at; that they looked is put on record.
pub(crate) async fn look(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: ReviewId,
) -> Result<Looked, Problem> {
    let (by, organization, review) = find(unit, staff, id).await?;
    let claim = unit.claim_by_id(organization.id, review.claim).await?;
    let found = match &claim {
        Some(claim) => candidates(unit, claim, state.ports.clock.now()).await?,
        None => Vec::new(),
    };
    audit_reading(unit, state, by, &review, claim.as_ref(), &found);
    Ok(Looked { organization, review, claim, found })
}

/// The records that a claim was compared with, and how many other accounts open each.
async fn candidates(
    unit: &mut dyn UnitOfWork,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<Vec<(PatientRecord, Candidate, usize)>, Problem> {
    let organization = unit.organization(claim.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let rules = organization.policy.family.rules();
    let mut found = Vec::new();
    for candidate in unit.candidates_of_claim(claim.organization, claim.id).await? {
        let record = unit.patient_by_id(claim.organization, candidate.patient).await?;
        let record = record.ok_or_else(|| Problem::new(ProblemType::Internal))?;
        let links = unit.links_to_patient(claim.organization, candidate.patient).await?;
        let live = |link: &&kinlink_domain::link::Link| {
            link.account != claim.account
                && link.status(&rules, now) == kinlink_domain::link::LinkStatus::Active
        };
        let others = links.iter().filter(live).count();
        found.push((record, candidate, others));
    }
    Ok(found)
}

/// One entry for each record that is shown, so that the audit of a record names this reading.
fn audit_reading(
    unit: &mut dyn UnitOfWork,
    state: &State,
    by: Authorized,
    review: &Review,
    claim: Option<&Claim>,
    found: &[(PatientRecord, Candidate, usize)],
) {
    let account = claim.map(|claim| claim.account);
    let detail = serde_json::json!({"review": review.id, "claim": claim.map(|claim| claim.id)});
    let mut shown: Vec<_> = found.iter().map(|(record, ..)| Some(record.id)).collect();
    if shown.is_empty() {
        shown.push(None);
    }
    for patient in shown {
        let subject = Subject { account, patient, ..Subject::default() };
        let entry =
            state.ports.audit(by.organization(), by.actor(), Action::ReviewRead, subject, detail.clone());
        unit.record(entry);
    }
}
