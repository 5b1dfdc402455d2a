use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{id::LinkId, service::federate::federate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::view::{LinkView, OwnEvidenceView};
use crate::{
    extract::{self, AccountUser, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FederatedBody {
    /// The link to add it to.
    #[schema(example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FederatedAnswer {
    link: LinkView,
    /// What was added; absent if the link had it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<OwnEvidenceView>,
}

/// Let the caller's own token count as evidence of one of the caller's links: what its identity provider says in
/// `acr` and `verified_claims` of how it identified its user, if the organization's policy counts it.
#[utoipa::path(post, path = "/v1/account/evidence/federated", tag = "account", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = FederatedBody,
    responses(
        (status = 200, description = "The link, with what it is worth now", body = FederatedAnswer),
        Refusals,
    ))]
pub(crate) async fn add(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<FederatedBody>,
) -> Result<HttpResponse, Problem> {
    let link: LinkId = extract::parse(ProblemType::InvalidMember, "/link", &body.value.link)?;
    let once = Once::new(&request, &state, user.id, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let (link, added) =
        federate(&mut *unit, &state.ports, user.id, &user.key.iss, &user.asserted, link).await?;
    let now = state.ports.clock.now();
    let added = added.as_ref().and_then(|evidence| OwnEvidenceView::new(evidence, now));
    let answer = FederatedAnswer { link: LinkView::load(&mut *unit, &link, now).await?, added };
    once.save_answer(unit, StatusCode::OK, &answer).await
}
