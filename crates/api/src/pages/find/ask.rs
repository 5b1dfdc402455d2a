use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    id::OrganizationId, organization::Organization, page::Page, service::submit_claim::Submitter,
    store::UnitOfWork,
};

use super::{
    given::{Given, complain},
    status,
};
use crate::{
    extract,
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Form, fresh},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::claims::submit::{count_submitted, take},
};

const SHOWN: Page = Page { after: None, limit: 20 };

#[derive(Template)]
#[template(path = "find/ask.html")]
struct AskPage {
    frame: Frame,
    organizations: Vec<Hospital>,
    sexes: [(&'static str, &'static str); 4],
    given: Given,
    earlier: Vec<Earlier>,
    complaints: Complaints,
}

pub(in crate::pages) struct Hospital {
    pub(in crate::pages) slug: String,
    pub(in crate::pages) name: String,
}

pub(in crate::pages) fn hospitals(organizations: Vec<Organization>) -> Vec<Hospital> {
    organizations.into_iter().map(|it| Hospital { slug: it.slug.to_string(), name: it.name }).collect()
}

/// A claim of before.
struct Earlier {
    id: String,
    status: &'static str,
    submitted: String,
}

/// `/find`: I have no code.
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &visitor, Given::default(), StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    given: Given,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let organizations = organizations(&mut *unit, &visitor.account_at).await?;
    let earlier = earlier(state, &mut *unit, visitor).await?;
    let given = Given { once: fresh(state), ..given };
    let page = AskPage {
        frame: Frame::new(visitor, "/find"),
        organizations: hospitals(organizations),
        sexes: [("female", "Female"), ("male", "Male"), ("other", "Other"), ("unknown", "Rather not say")],
        given,
        earlier,
        complaints,
    };
    Ok(show(state, visitor, status, &page))
}

pub(in crate::pages) async fn organizations(
    unit: &mut dyn UnitOfWork,
    ids: &[OrganizationId],
) -> Result<Vec<Organization>, Refusal> {
    let mut organizations = Vec::new();
    for id in ids {
        organizations.extend(unit.organization(*id).await?);
    }
    organizations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(organizations)
}

async fn earlier(
    state: &State,
    unit: &mut dyn UnitOfWork,
    visitor: &Visitor,
) -> Result<Vec<Earlier>, Refusal> {
    let now = state.ports.clock.now();
    let mut earlier = Vec::new();
    for claim in unit.claims_of_account(visitor.account(), SHOWN).await?.items {
        let organization = unit.organization(claim.organization).await?;
        let policy = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?.policy.claims;
        earlier.push(Earlier {
            id: claim.id.to_string(),
            status: status(claim.view(&policy, now)),
            submitted: words::moment(claim.submitted_at),
        });
    }
    Ok(earlier)
}

/// Somebody asks to be matched to their record. The answer is the same whatever is on record.
pub(in crate::pages) async fn submit(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(given): Form<Given>,
) -> Result<HttpResponse, Refusal> {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let demographics = match given.demographics(state.ports.clock.now().date_naive()) {
        Ok(demographics) => demographics,
        Err(complaints) => return ask_again(&state, &visitor, given, unprocessable, complaints).await,
    };
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let organizations = organizations(&mut *unit, &visitor.account_at).await?;
    let Some(organization) = organizations.iter().find(|it| it.slug.as_str() == given.organization) else {
        drop(unit);
        let complaints = Complaints::one("organization", "Choose the hospital that has your record");
        return ask_again(&state, &visitor, given, unprocessable, complaints).await;
    };
    let once = Once::named(&state, visitor.account(), "/find", &given.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other("/find"));
    }
    let by = Submitter::Account { address: &address };
    let taken = take(&state, &mut *unit, &visitor.login, organization, demographics, by).await;
    match taken {
        Ok(claim) => {
            once.save_answer(unit, StatusCode::ACCEPTED, &claim.id).await?;
            count_submitted();
            Ok(see_other(&format!("/find/{}", claim.id)))
        }
        Err(problem) => {
            drop(unit);
            let (status, complaints) = match problem.kind {
                ProblemType::InputTooThin => (unprocessable, complain(&problem)),
                ProblemType::TooManyClaims => {
                    let hours = problem.retry_after.unwrap_or_default().div_euclid(3600) + 1;
                    let why = format!("{}. Try again in {hours} hours", problem.title);
                    (StatusCode::TOO_MANY_REQUESTS, Complaints::one("organization", why))
                }
                _ => return Err(problem.into()),
            };
            ask_again(&state, &visitor, given, status, complaints).await
        }
    }
}
