//! OpenID AuthZEN Authorization API 1.0: the same decisions as the lookup, asked as a policy decision point is.
//!
//! | entity | here |
//! | --- | --- |
//! | subject | type `account`, id `<iss>\|<sub>`, or properties `iss` and `sub` |
//! | resource | type `Patient`, id `<organization>/<FHIR id>` |
//! | action | a SMART permission such as `Observation.rs`; or `read`, `search`, `create`, `update`, `delete` of the Patient itself |
//! | context | `minimum_assurance`: `IAL1` or `IAL2` |
//!
//! A denial is an answer (200), and so is whatever is not known: an account, a record, a type. Only a request that
//! is not of the standard's form is refused, with 400.

mod decide;
pub(crate) mod evaluate;
pub(crate) mod search;
mod wire;

use actix_web::{
    HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName},
    middleware::Next,
    web::Data,
};
use serde_json::json;

use crate::state::State;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request's id back with its answer (section "Request Identification").
pub(crate) async fn echo_request_id(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = request.headers().get(REQUEST_ID).cloned();
    let mut response = next.call(request).await?;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

/// Where the endpoints are (section "Policy Decision Point Metadata").
///
/// There is no `capabilities`: it names what stands in IANA's registry beside the standard itself, which is nothing,
/// and a member without a value must be left out.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "authzen",
    responses((status = 200, description = "The decision point's metadata")))]
pub(crate) async fn metadata(state: Data<State>) -> HttpResponse {
    let url = &state.settings.public_url;
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=3600")).json(json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{url}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{url}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{url}/access/v1/search/resource"),
        "search_action_endpoint": format!("{url}/access/v1/search/action"),
    }))
}
