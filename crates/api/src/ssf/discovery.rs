use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use super::{POLL, PUSH};
use crate::{problem::Problem, state::State};

/// How long receivers may keep the keys: far shorter than a new one is published before it signs.
const KEYS_KEPT: &str = "public, max-age=600";

/// What this transmitter offers (SSF 1.0, section 7).
#[utoipa::path(get, path = "/.well-known/ssf-configuration", tag = "events",
    responses((status = 200, description = "Transmitter configuration metadata", body = serde_json::Value)))]
pub(crate) async fn configuration(state: Data<State>) -> HttpResponse {
    let url = &state.settings.public_url;
    HttpResponse::Ok().json(json!({
        "spec_version": "1_0",
        "issuer": url,
        "jwks_uri": format!("{url}/ssf/jwks.json"),
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": format!("{url}/ssf/streams"),
        "status_endpoint": format!("{url}/ssf/status"),
        "add_subject_endpoint": format!("{url}/ssf/subjects/add"),
        "remove_subject_endpoint": format!("{url}/ssf/subjects/remove"),
        "verification_endpoint": format!("{url}/ssf/verify"),
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }))
}

/// The keys that SETs are signed with: those in force, those that will be, and those that lately were.
#[utoipa::path(get, path = "/ssf/jwks.json", tag = "events",
    responses(
        (status = 200, description = "A JWK Set (RFC 7517)", body = serde_json::Value, content_type = "application/jwk-set+json"),
        (status = "5XX", description = "Not available", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn keys(state: Data<State>) -> Result<HttpResponse, Problem> {
    let keys = state.events.signer.key_set().await?;
    Ok(HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header(("cache-control", KEYS_KEPT))
        .body(keys.to_string()))
}
