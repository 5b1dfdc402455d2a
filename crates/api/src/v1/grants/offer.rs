use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    grant::ProxyContact,
    id::LinkId,
    relationship::Relationship,
    service::offer_grant::{OfferGrant, offer as offer_grant},
    step_up::SteppedAct,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{GrantView, Sight};
use crate::{
    extract::{AccountUser, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Whom the patient lets act, and what they get.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "link": "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22",
    "relationship": "SPS",
    "profile": "appointments",
    "email": "ben@mail.example"
}))]
pub(crate) struct OfferBody {
    /// The caller's link to the record.
    #[schema(value_type = String)]
    link: LinkId,
    /// HL7 v3-RoleCode: what the person is to the patient.
    #[schema(value_type = String, example = "SPS")]
    relationship: Relationship,
    /// The name of one of the organization's profiles.
    #[schema(example = "appointments")]
    profile: String,
    /// Until when; open if absent.
    until: Option<DateTime<Utc>>,
    /// Where Kinlink sends the code. Without it, the code is in the answer, to hand over.
    #[validate(
        email(message = "not an email address"),
        length(max = 254, message = "at most 254 characters")
    )]
    email: Option<String>,
}

/// An offer with its code.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferedAnswer {
    grant: GrantView,
    /// The code, shown this once; null when Kinlink sends it.
    #[schema(example = "7K3M-Q9ZT-4W2C-8HNP")]
    code: Option<String>,
}

/// Let another person act for me: they get a code, and accept with their own account. Needs step-up, where the
/// organization says so.
#[utoipa::path(post, path = "/v1/grants", tag = "grants", security(("account" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = OfferBody,
    responses(
        (status = 201, description = "Offered", body = OfferedAnswer),
        Refusals,
    ))]
pub(crate) async fn offer(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
    body: JsonBody<OfferBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let once = Once::new(&request, &state, user.id, &bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let link = unit.link(value.link).await?.filter(|link| link.account == user.id);
    let link = link.ok_or_else(|| Problem::new(ProblemType::NotFound).detail("no such link of yours"))?;
    user.login.stepped_up_at(&mut *unit, &state, link.organization, SteppedAct::Grant).await?;
    let wanted = OfferGrant {
        account: user.id,
        link: link.id,
        relationship: value.relationship,
        profile: &value.profile,
        until: value.until,
        email: value.email.map(ProxyContact),
    };
    let now = state.ports.clock.now();
    let offered = offer_grant(&mut *unit, &state.ports, wanted).await;
    let offered = offered.map_err(|error| Problem::from_offer(error, now))?;
    let grant = GrantView::load(&mut *unit, &offered.grant, Sight::Patient, now).await?;
    let answer = OfferedAnswer { grant, code: offered.code.as_ref().map(ToString::to_string) };
    let mut response = once.save_answer(unit, StatusCode::CREATED, &answer).await?;
    if let Ok(location) = format!("/v1/grants/{}", offered.grant.id).parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
