use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web::Data};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    claim::Claim,
    demographics::Demographics,
    organization::Organization,
    service::{
        lookup::OrganizationReference,
        submit_claim::{SubmitClaim, Submitted, Submitter, submit as submit_claim},
    },
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ClaimView,
    body::{ClaimBody, only_from_clients},
};
use crate::{
    extract::{self, Claimant, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType},
    state::State,
};

/// The same words, whatever is on record.
const MESSAGE: &str = "If a record was found, a code has gone to a contact that the hospital has on record. Enter \
    it to confirm this claim. If no code arrives, go to the desk with a photo id and this claim's id as the \
    reference.";

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SubmittedAnswer {
    /// To an account.
    Account {
        #[serde(flatten)]
        claim: ClaimView,
        /// What to tell the person.
        message: &'static str,
    },
    /// To a client.
    Client {
        #[schema(example = "clm_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
        id: String,
    },
}

/// Ask to be matched to a record: a login that the organization accepts for patients, or a client on behalf of
/// one. The answer is the same whatever is on record; matching happens later.
#[utoipa::path(post, path = "/v1/claims", tag = "claims", security(("account" = []), ("client" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ClaimBody,
    responses(
        (status = 202, description = "Taken. This says nothing of whether a record was found", body = SubmittedAnswer),
        (status = "4XX", description = "Refused, for reasons that do not depend on what is on record", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn submit(
    request: HttpRequest,
    state: Data<State>,
    caller: Claimant,
    body: JsonBody<ClaimBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let now = state.ports.clock.now();
    let address = extract::address(&request)?;
    let (key, by, once) = match &caller {
        Claimant::Account(user) => {
            only_from_clients(&value)?;
            let by = Submitter::Account { address: &address };
            (user.key.clone(), by, Once::new(&request, &state, user.id, &bytes)?)
        }
        Claimant::Client(client) => {
            let by = Submitter::Client { id: client.id, assertion: value.assertion()? };
            (account_key(&value)?, by, Once::new(&request, &state, client.id, &bytes)?)
        }
    };
    let named =
        extract::organization_reference(ProblemType::InvalidMember, "/organization", &value.organization)?;
    let demographics = value.demographics.into_domain(now.date_naive())?;
    let mut unit = state.store.begin().await?;
    let organization = organization(&mut *unit, &caller, &named).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let claim = take(&state, &mut *unit, &key, &organization, demographics, by).await?;
    let answer = match caller {
        Claimant::Account(_) => {
            let claim = ClaimView::new(&claim, &organization.policy.claims, now);
            SubmittedAnswer::Account { claim, message: MESSAGE }
        }
        Claimant::Client(_) => SubmittedAnswer::Client { id: claim.id.to_string() },
    };
    let mut response = once.save_answer(unit, StatusCode::ACCEPTED, &answer).await?;
    count_submitted();
    if let Ok(location) = format!("/v1/claims/{}", claim.id).parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Takes a claim of this login. After a refusal, nothing was written but the account, so nothing need be saved.
pub(crate) async fn take(
    state: &State,
    unit: &mut dyn UnitOfWork,
    login: &AccountKey,
    organization: &Organization,
    demographics: Demographics,
    by: Submitter<'_>,
) -> Result<Box<Claim>, Problem> {
    let now = state.ports.clock.now();
    let account = unit.ensure_account(login, now).await?;
    let wanted = SubmitClaim { organization, account: &account, demographics, by };
    match submit_claim(unit, &state.ports, wanted).await? {
        Submitted::Accepted(claim) => Ok(claim),
        Submitted::Refused(refusal) => Err(Problem::from_submission(refusal, now)),
    }
}

/// Counts it, for operators.
pub(crate) fn count_submitted() {
    metrics::counter!("kinlink_claims_submitted_total").increment(1);
}

/// The account that a client names.
fn account_key(body: &ClaimBody) -> Result<AccountKey, Problem> {
    let invalid = |at, message: String| Problem::new(ProblemType::InvalidMember).at(at, message);
    let needed = |at| invalid(at, "a client names the account by `iss` and `sub`".to_owned());
    let iss = body.iss.clone().ok_or_else(|| needed("/iss"))?;
    let sub = body.sub.clone().ok_or_else(|| needed("/sub"))?;
    Ok(AccountKey {
        iss: Iss::parse(iss).map_err(|error| invalid("/iss", error.to_string()))?,
        sub: Sub::parse(sub).map_err(|error| invalid("/sub", error.to_string()))?,
    })
}

/// The organization that the claim names; for a client, only one of its own.
async fn organization(
    unit: &mut dyn UnitOfWork,
    caller: &Claimant,
    named: &OrganizationReference,
) -> Result<Organization, Problem> {
    let found = named.find(unit).await?;
    match caller {
        Claimant::Account(_) => found.ok_or_else(|| {
            Problem::new(ProblemType::InvalidMember).at("/organization", "there is no such organization")
        }),
        Claimant::Client(client) => found
            .filter(|organization| client.organizations.contains(&organization.id))
            .ok_or_else(|| Problem::new(ProblemType::NotYourOrganization)),
    }
}
