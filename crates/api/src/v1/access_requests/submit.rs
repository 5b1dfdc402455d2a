use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web::Data};
use kinlink_domain::{
    demographics::Demographics,
    relationship::Relationship,
    service::submit_request::{SubmitRequest, submit as submit_request},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{super::claims::body::DemographicsBody, AskedView};
use crate::{
    extract::{self, AccountUser, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType},
    state::State,
};

/// The same words, whatever is on record.
const MESSAGE: &str = "If that person is a patient here, they or the hospital will be asked. You will see here if \
    they agree. If nothing comes, go to the desk with papers that show what you are to them, and this request's id \
    as the reference.";

/// Whom somebody asks to act for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "organization": "northside",
    "relationship": "MTH",
    "demographics": {"name": {"given": ["Mia"], "family": "Kowalski"}, "birth_date": "2018-05-04"},
    "asker": {"name": {"given": ["Anna"], "family": "Kowalski"}, "email": "anna@mail.example"}
}))]
pub(crate) struct RequestBody {
    /// The organization that is asked, by id or short name.
    #[schema(example = "northside")]
    organization: String,
    /// HL7 v3-RoleCode: what the asker is to the person.
    #[schema(value_type = String, example = "MTH")]
    relationship: Relationship,
    /// The person to act for: a name and the birth date at least.
    #[validate(nested)]
    demographics: DemographicsBody,
    /// Who asks: a name at least. The person, or staff, will read it.
    #[validate(nested)]
    asker: DemographicsBody,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RequestedAnswer {
    #[serde(flatten)]
    request: AskedView,
    /// What to tell the asker.
    message: &'static str,
}

/// Ask to act for a person. The answer is the same whether or not they are a patient here; matching happens later.
#[utoipa::path(post, path = "/v1/access-requests", tag = "access requests", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = RequestBody,
    responses(
        (status = 202, description = "Taken. This says nothing of whether that person is a patient here", body = RequestedAnswer),
        (status = "4XX", description = "Refused, for reasons that do not depend on what is on record", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn submit(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<RequestBody>,
) -> Result<HttpResponse, Problem> {
    const KIND: ProblemType = ProblemType::InvalidMember;
    let JsonBody { value, bytes } = body;
    let now = state.ports.clock.now();
    let address = extract::address(&request)?;
    let once = Once::new(&request, &state, user.id, &bytes)?;
    let named = extract::organization_reference(KIND, "/organization", &value.organization)?;
    let person = value.demographics.into_domain(now.date_naive())?;
    let who_asks = asker(value.asker, now.date_naive())?;
    let mut unit = state.store.begin().await?;
    let organization = named.find(&mut *unit).await?;
    let organization = organization
        .ok_or_else(|| Problem::new(KIND).at("/organization", "there is no such organization"))?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let account = unit.ensure_account(&user.key, now).await?;
    let wanted = SubmitRequest {
        organization: &organization,
        account: &account,
        person,
        asker: who_asks,
        relationship: value.relationship,
        address: &address,
    };
    let submitted = submit_request(&mut *unit, &state.ports, wanted).await;
    let submitted = submitted.map_err(|error| Problem::from_request(error, now))?;
    let answer = RequestedAnswer { request: AskedView::new(&submitted, now), message: MESSAGE };
    let mut response = once.save_answer(unit, StatusCode::ACCEPTED, &answer).await?;
    if let Ok(location) = format!("/v1/access-requests/{}", submitted.id).parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What is wrong with the asker is told of the asker's members.
fn asker(body: DemographicsBody, today: chrono::NaiveDate) -> Result<Demographics, Problem> {
    body.into_domain(today).map_err(|mut problem| {
        for error in &mut problem.errors {
            error.at = error.at.replacen("/demographics", "/asker", 1);
        }
        problem
    })
}
