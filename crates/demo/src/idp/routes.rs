use std::sync::Arc;

use actix_web::{
    HttpResponse, Scope,
    web::{self, Data, Form},
};
use serde::Deserialize;
use serde_json::json;

use super::Idp;

/// The provider's endpoints, to be mounted where its issuer identifier points.
pub fn routes(path: &str, idp: Arc<Idp>) -> Scope {
    web::scope(path)
        .app_data(Data::from(idp))
        .route("/.well-known/openid-configuration", web::get().to(discovery))
        .route("/jwks", web::get().to(jwks))
        .route("/token", web::post().to(token))
}

async fn discovery(idp: Data<Idp>) -> HttpResponse {
    HttpResponse::Ok().json(idp.discovery())
}

async fn jwks(idp: Data<Idp>) -> HttpResponse {
    HttpResponse::Ok().json(idp.key().jwks())
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    username: String,
}

/// RFC 6749, section 4.3, but for the password: everybody may be anybody in the demo.
async fn token(idp: Data<Idp>, request: Form<TokenRequest>) -> HttpResponse {
    if request.grant_type != "password" {
        return HttpResponse::BadRequest().json(json!({"error": "unsupported_grant_type"}));
    }
    let Some(user) = idp.user(&request.username) else {
        let description = "no such demo user; the home page of the demo lists them";
        return HttpResponse::BadRequest()
            .json(json!({"error": "invalid_grant", "error_description": description}));
    };
    match idp.token(&user.sub, &user.claims) {
        Ok(token) => HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 3600,
        })),
        Err(_) => HttpResponse::InternalServerError().json(json!({"error": "server_error"})),
    }
}
