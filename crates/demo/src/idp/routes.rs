use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, Scope,
    web::{self, Data, Form},
};
use serde::Deserialize;
use serde_json::json;

use super::{Idp, login};

/// The provider's endpoints, to be mounted where its issuer identifier points.
pub fn routes(path: &str, idp: Arc<Idp>) -> Scope {
    web::scope(path)
        .app_data(Data::new(idp.clock.clone()))
        .app_data(Data::from(idp))
        .route("/.well-known/openid-configuration", web::get().to(discovery))
        .route("/jwks", web::get().to(jwks))
        .route("/authorize", web::get().to(login::authorize))
        .route("/token", web::post().to(token))
}

async fn discovery(idp: Data<Idp>) -> HttpResponse {
    HttpResponse::Ok().json(idp.discovery())
}

async fn jwks(idp: Data<Idp>) -> HttpResponse {
    HttpResponse::Ok().json(idp.key().jwks())
}

#[derive(Deserialize)]
pub(super) struct TokenRequest {
    grant_type: String,
    username: Option<String>,
    pub(super) code: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<String>,
}

/// A code is exchanged, or, as in RFC 6749, section 4.3, but for the password, a name: everybody may be
/// anybody in the demo.
async fn token(idp: Data<Idp>, http: HttpRequest, request: Form<TokenRequest>) -> HttpResponse {
    if request.grant_type == "authorization_code" {
        let authorization = http.headers().get("authorization").and_then(|value| value.to_str().ok());
        return login::exchange(&idp, idp.clock.now(), authorization, &request);
    }
    if request.grant_type != "password" {
        return HttpResponse::BadRequest().json(json!({"error": "unsupported_grant_type"}));
    }
    let Some(user) = request.username.as_deref().and_then(|name| idp.user(name)) else {
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
