//! The token endpoint for authorization servers (RFC 6749, 4.4, with RFC 7523), and its metadata (RFC 8414).

use actix_web::{
    HttpResponse,
    web::{Bytes, Data},
};
use kinlink_auth::{TokenError, TokenRequest};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{problem::Problem, state::State};

/// The form of a token request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form is documented here and read by kinlink-auth")]
pub(crate) struct TokenForm {
    #[schema(example = "client_credentials")]
    grant_type: String,
    #[schema(example = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    client_assertion_type: String,
    /// A JWT signed with the client's private key: `iss` and `sub` its `client_id`, `aud` this endpoint, a
    /// fresh `jti`, and an `exp` at most ten minutes ahead.
    client_assertion: String,
}

/// RFC 6749, 5.1.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the answer is documented here and made by kinlink-auth")]
pub(crate) struct TokenAnswer {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: String,
    #[schema(example = 600)]
    expires_in: i64,
}

/// RFC 6749, 5.2.
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthError {
    #[schema(example = "invalid_client")]
    error: &'static str,
    error_description: String,
}

/// Get an access token with a signed assertion.
#[utoipa::path(post, path = "/oauth2/token", tag = "clients",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "The request is not of the right form", body = OAuthError),
        (status = 401, description = "The assertion is not accepted", body = OAuthError),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn token(state: Data<State>, body: Bytes) -> Result<HttpResponse, Problem> {
    let Some(request) = read_form(&body) else {
        return Ok(refusal(400, "invalid_request", "grant_type is missing, or the form cannot be read"));
    };
    let answer = match state.clients.token(&request).await {
        Ok(token) => HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .insert_header(("pragma", "no-cache"))
            .json(token),
        Err(TokenError::Store(error)) => return Err(error.into()),
        Err(error @ TokenError::UnsupportedGrantType) => {
            refusal(400, "unsupported_grant_type", &error.to_string())
        }
        Err(error @ TokenError::InvalidRequest) => refusal(400, "invalid_request", &error.to_string()),
        Err(error @ TokenError::InvalidClient(_)) => refusal(401, "invalid_client", &error.to_string()),
    };
    Ok(answer)
}

fn read_form(body: &[u8]) -> Option<TokenRequest> {
    let text = std::str::from_utf8(body).ok()?;
    actix_web::web::Query::<TokenRequest>::from_query(text).ok().map(actix_web::web::Query::into_inner)
}

fn refusal(status: u16, error: &'static str, description: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    let body = OAuthError { error, error_description: description.to_owned() };
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(body)
}

/// Metadata of the token endpoint.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "clients",
    responses((status = 200, description = "RFC 8414 metadata")))]
pub(crate) async fn metadata(state: Data<State>) -> HttpResponse {
    let url = &state.settings.public_url;
    HttpResponse::Ok().json(json!({
        "issuer": url,
        "token_endpoint": format!("{url}/oauth2/token"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "ES384", "EdDSA"],
    }))
}
