use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::service::accept_grant::{self, UseOffer, Used};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{super::view::LinkView, GrantAnswer, GrantView, Sight};
use crate::{
    extract::{self, AccountUser, JsonBody},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UseOfferBody {
    /// The code as it was read: case, spaces and hyphens do not count, and O and 0, I, L and 1 are the same.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "7K3M-Q9ZT-4W2C-8HNP")]
    code: String,
}

/// The grant and the link that came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedAnswer {
    grant: GrantView,
    link: LinkView,
}

/// Accept an offer: the caller's account may then act for the patient.
#[utoipa::path(post, path = "/v1/grants/accept", tag = "grants", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = UseOfferBody,
    responses(
        (status = 201, description = "Accepted", body = AcceptedAnswer),
        (status = "4XX", description = "Refused. A code that never was, and one that is used, taken back or expired, are the same refusal", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn accept(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<UseOfferBody>,
) -> Result<HttpResponse, Problem> {
    let address = extract::address(&request)?;
    let once = Once::new(&request, &state, user.id, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let account = unit.ensure_account(&user.key, state.ports.clock.now()).await?;
    let (code, asserted) = (body.value.code.as_str(), Some(&user.asserted));
    let wanted = UseOffer { account: &account, code, asserted, address: &address };
    let outcome = accept_grant::accept(&mut *unit, &state.ports, &wanted).await?;
    let now = state.ports.clock.now();
    let (grant, link) = match outcome {
        Used::Done(done) => done,
        Used::Refused(refusal) => {
            once.save_refusal(unit).await?;
            return Err(Problem::from_use(refusal, now));
        }
    };
    let answer = AcceptedAnswer {
        grant: GrantView::load(&mut *unit, &grant, Sight::Proxy, now).await?,
        link: LinkView::load(&mut *unit, &link, now).await?.without_reason(),
    };
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}

/// Decline an offer.
#[utoipa::path(post, path = "/v1/grants/decline", tag = "grants", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = UseOfferBody,
    responses(
        (status = 200, description = "Declined", body = GrantAnswer),
        Refusals,
    ))]
pub(crate) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<UseOfferBody>,
) -> Result<HttpResponse, Problem> {
    let address = extract::address(&request)?;
    let once = Once::new(&request, &state, user.id, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let account = unit.ensure_account(&user.key, state.ports.clock.now()).await?;
    let code = body.value.code.as_str();
    let wanted = UseOffer { account: &account, code, asserted: None, address: &address };
    let outcome = accept_grant::decline(&mut *unit, &state.ports, &wanted).await?;
    let now = state.ports.clock.now();
    let grant = match outcome {
        Used::Done(grant) => grant,
        Used::Refused(refusal) => {
            once.save_refusal(unit).await?;
            return Err(Problem::from_use(refusal, now));
        }
    };
    let answer = GrantAnswer { grant: GrantView::load(&mut *unit, &grant, Sight::Proxy, now).await? };
    once.save_answer(unit, StatusCode::OK, &answer).await
}
