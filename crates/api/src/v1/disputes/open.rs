use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::service::dispute::{self, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{self, JsonBody},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenDisputeBody {
    /// The last part of the address in the notice.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "AZfy8xwqfQyObyt_Wh2cIg…")]
    token: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedAnswer {
    /// `in_review`: the access is stopped, and the organization looks into it. `reviewed`: this notice was
    /// answered before, and the organization found nothing wrong. `ended`: the access was ended for good.
    #[schema(example = "in_review")]
    standing: &'static str,
    /// The organization's name.
    #[schema(example = "Northside General Hospital")]
    organization_name: String,
}

/// Say "this was not me": the link that a notice tells of is suspended at once, and a dispute opened. Whoever
/// holds the token; no login. The same token again gives the same answer.
#[utoipa::path(post, path = "/v1/disputes", tag = "disputes", request_body = OpenDisputeBody,
    responses(
        (status = 200, description = "What has become of the link", body = OpenedAnswer),
        Refusals,
    ))]
pub(crate) async fn open(
    request: HttpRequest,
    state: Data<State>,
    body: JsonBody<OpenDisputeBody>,
) -> Result<HttpResponse, Problem> {
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let outcome = dispute::open(&mut *unit, &state.ports, &body.value.token, &address).await;
    // A refusal is saved too, since wrong tokens are counted.
    unit.save().await?;
    let found = outcome.map_err(|refusal| Problem::from_token(refusal, state.ports.clock.now()))?;
    let standing = match found.standing {
        Standing::Open | Standing::InReview => "in_review",
        Standing::Reviewed => "reviewed",
        Standing::Ended => "ended",
    };
    Ok(HttpResponse::Ok().json(OpenedAnswer { standing, organization_name: found.organization.name }))
}
