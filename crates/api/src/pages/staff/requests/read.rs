use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    access_request::{AccessRequest, RequestDecline, RequestStatus},
    actor::{Actor, Authorized, StaffAct},
    age::TimeZone,
    id::RequestId,
    organization::Organization,
    store::UnitOfWork,
};

use super::decide::DecideForm;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        frame::{Frame, show},
        refusal::Refusal,
        staff::{family::BarRow, record::Person},
        visitor::Staff,
        words::{self, Choices, Reasons},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::access_requests::read::{Candidate, candidates, record},
};

/// Reasons that staff may give.
pub(super) const DECLINES: [RequestDecline; 4] = [
    RequestDecline::NoRelationship,
    RequestDecline::NotEnoughProof,
    RequestDecline::Barred,
    RequestDecline::Fraud,
];

#[derive(Template)]
#[template(path = "staff/request.html")]
struct RequestPage {
    frame: Frame,
    id: String,
    slug: String,
    organization: String,
    status: &'static str,
    undecided: bool,
    asker: Described,
    person: Described,
    account: String,
    relationship: String,
    asked: String,
    expires: String,
    candidates: Vec<Found>,
    relationships: Choices,
    bases: Choices,
    profiles: Choices,
    papers: Choices,
    declines: Reasons,
    form: DecideForm,
    complaints: Complaints,
}

/// Somebody, as they were described.
struct Described {
    names: String,
    birth_date: Option<String>,
    emails: Vec<String>,
}

/// A record that may be the person's.
struct Found {
    person: Person,
    speaks: Vec<String>,
    bars: Vec<BarRow>,
}

/// `/staff/requests/{id}`: may this person act?
pub(in crate::pages) async fn show_request(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
) -> Result<HttpResponse, Refusal> {
    show_again(&state, &staff, path_id(&request)?, DecideForm::default(), Complaints::default()).await
}

/// The request, wherever the visitor decides such.
pub(super) async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &Staff,
    id: RequestId,
) -> Result<(Organization, Authorized, AccessRequest), Refusal> {
    for by in staff.caller.wherever(StaffAct::ManageProxies)? {
        if let Some(request) = unit.request(by.organization(), id).await? {
            let organization = unit.organization(by.organization()).await?;
            let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
            return Ok((organization, by, request));
        }
    }
    Err(Problem::new(ProblemType::NotFound).into())
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: RequestId,
    form: DecideForm,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (organization, by, request) = find(&mut *unit, staff, id).await?;
    record(state, &mut *unit, by.actor(), &request);
    let found = candidates(state, &mut *unit, by, &request, now).await?;
    unit.save().await?;
    let (status, own) = (request.status(now), by.actor() == Actor::Staff(request.account));
    let zone = organization.policy.family.time_zone;
    let page = RequestPage {
        frame: Frame::new(&staff.visitor, "/staff"),
        id: id.to_string(),
        slug: organization.slug.to_string(),
        status: words::request_status(status),
        undecided: status == RequestStatus::Pending && !own,
        asker: described(&request.asker),
        person: described(&request.person),
        account: request.account.to_string(),
        relationship: words::relationship(request.relationship),
        asked: words::moment(request.submitted_at),
        expires: words::moment(request.expires_at),
        candidates: found.iter().map(|candidate| self::found(candidate, zone, now)).collect(),
        relationships: words::every_relationship(),
        bases: words::bases(),
        profiles: words::profiles(&organization.policy.family),
        papers: words::papers(),
        declines: words::reasons(DECLINES, words::request_decline),
        organization: organization.name,
        form,
        complaints,
    };
    let status = page.complaints.status();
    Ok(show(state, &staff.visitor, status, &page))
}

fn described(person: &kinlink_domain::demographics::Demographics) -> Described {
    Described {
        names: words::names(person),
        birth_date: person.birth_date.map(|date| date.to_string()),
        emails: person.emails().into_iter().map(ToOwned::to_owned).collect(),
    }
}

fn found(candidate: &Candidate, zone: TimeZone, now: chrono::DateTime<chrono::Utc>) -> Found {
    Found {
        person: Person::new(&candidate.record),
        speaks: candidate.relationships.iter().map(words::candidate_relationship).collect(),
        bars: candidate.bars.iter().map(|bar| BarRow::new(bar, zone, now)).collect(),
    }
}
