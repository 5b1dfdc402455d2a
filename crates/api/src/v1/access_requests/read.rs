use actix_web::{HttpRequest, HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access_request::AccessRequest,
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    bar::Bar,
    id::RequestId,
    patient::PatientRecord,
    service::decide_request::{
        By,
        candidates::candidates as records,
        relationships::{CandidateRelationship, candidate_relationships},
    },
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::bars::BarView, AskedView, PendingView, PersonView, decider};
use crate::{
    extract::{AnyCaller, path_id},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RequestAnswer {
    /// To whoever asked.
    Asker(AskedView),
    /// To the patient who is asked.
    Patient(PendingView),
    /// To staff.
    Staff {
        #[serde(flatten)]
        request: PendingView,
        /// The asker's account.
        account: String,
        /// The person to act for, as described.
        person: PersonView,
        /// Records that may be that person's, the likeliest first.
        candidates: Vec<RequestCandidateView>,
    },
}

/// A record that may be the person's, and what speaks for a relationship.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestCandidateView {
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// Who it is about.
    person: PersonView,
    /// What already speaks for a relationship of the asker to this patient; `kind` says what.
    #[schema(value_type = Vec<Object>, example = json!([{"kind": "same_household"}]))]
    relationships: Vec<CandidateRelationship>,
    /// Bars of this record that are in force.
    bars: Vec<BarView>,
}

/// Read a request: whoever asked, the patient whom it waits for, or staff of the organization (`registrar`,
/// `reviewer`, `admin`), who see the records that it may be about and what speaks for the relationship.
#[utoipa::path(get, path = "/v1/access-requests/{id}", tag = "access requests",
    security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The request")),
    responses(
        (status = 200, description = "The request", body = RequestAnswer),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
) -> Result<HttpResponse, Problem> {
    let id: RequestId = path_id(&request)?;
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    if let AnyCaller::Person { account: Some(account), .. } = &caller
        && let Some(asked) = unit.request_of_account(*account, id).await?
    {
        return Ok(HttpResponse::Ok().json(RequestAnswer::Asker(AskedView::new(&asked, now))));
    }
    let (_, by, request) = decider(&state, &mut *unit, caller, id).await?;
    let answer = match by {
        By::Patient(account) => {
            record(&state, &mut *unit, Actor::Account(account), &request);
            RequestAnswer::Patient(PendingView::new(&request, now))
        }
        By::Staff(by) => {
            record(&state, &mut *unit, by.actor(), &request);
            RequestAnswer::Staff {
                account: request.account.to_string(),
                person: PersonView::from(&request.person),
                candidates: candidates(&state, &mut *unit, by, &request, now)
                    .await?
                    .into_iter()
                    .map(|candidate| RequestCandidateView::new(candidate, now))
                    .collect(),
                request: PendingView::new(&request, now),
            }
        }
    };
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
}

pub(crate) fn record(state: &State, unit: &mut dyn UnitOfWork, by: Actor, request: &AccessRequest) {
    let subject = Subject { account: Some(request.account), ..Subject::default() };
    let detail = serde_json::json!({"request": request.id});
    unit.record(state.ports.audit(request.organization, by, Action::RequestRead, subject, detail));
}

/// A record that may be the person's.
pub(crate) struct Candidate {
    pub(crate) record: PatientRecord,
    /// What speaks for a relationship of the asker to this patient.
    pub(crate) relationships: Vec<CandidateRelationship>,
    /// Those in force.
    pub(crate) bars: Vec<Bar>,
}

impl RequestCandidateView {
    fn new(candidate: Candidate, now: DateTime<Utc>) -> Self {
        let Candidate { record, relationships, bars } = candidate;
        let fhir_id = &record.record.fhir_id;
        Self {
            patient: fhir_id.to_string(),
            person: PersonView::from(&record.record.demographics),
            relationships,
            bars: bars.iter().map(|bar| BarView::new(bar, fhir_id, now)).collect(),
        }
    }
}

/// The records that a request may be about now, the likeliest first; that each was read is put on record.
pub(crate) async fn candidates(
    state: &State,
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    request: &AccessRequest,
    now: DateTime<Utc>,
) -> Result<Vec<Candidate>, Problem> {
    let records = records(unit, request).await?;
    let mut found = Vec::with_capacity(records.len());
    for record in records {
        let id = record.id;
        let mut bars = unit.bars(request.organization, id).await?;
        bars.retain(|bar| bar.is_in_force(now));
        let relationships = candidate_relationships(unit, &state.ports, request, &record).await?;
        found.push(Candidate { record, relationships, bars });
        let subject = Subject { patient: Some(id), ..Subject::default() };
        let detail = serde_json::json!({"request": request.id});
        let (organization, action) = (request.organization, Action::PatientRead);
        unit.record(state.ports.audit(organization, by.actor(), action, subject, detail));
    }
    Ok(found)
}
