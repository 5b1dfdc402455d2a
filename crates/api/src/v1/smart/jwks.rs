use actix_web::{HttpResponse, http::header, web::Data};

use crate::{problem::Problem, state::State};

/// The public keys that the picker's answers are signed with.
#[utoipa::path(get, path = "/v1/smart/jwks", tag = "smart",
    responses(
        (status = 200, description = "A JWK Set (RFC 7517)", body = Object),
        (status = "5XX", description = "The database does not answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn jwks(state: Data<State>) -> Result<HttpResponse, Problem> {
    let keys = state.answers.key_set().await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=300")).json(keys))
}
