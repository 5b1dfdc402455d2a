//! Login in a browser: authorization code with PKCE (RFC 6749, 4.1; RFC 7636), where everybody may choose whom
//! to be.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentType},
    web::{Data, Query},
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::port::{Clock, Random};
use kinlink_vault::OsRandom;
use serde::Deserialize;
use serde_json::json;

use super::{Idp, User};
use crate::home::{escape, page};

/// A code is good for so long (RFC 6749, 4.1.2: ten minutes at most).
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// Who may send browsers here, and where they go back to.
#[derive(Debug, Clone)]
pub struct LoginClient {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: String,
    /// The one place to go back to.
    pub redirect_uri: String,
}

/// Codes that were given and not used yet.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<Vec<Grant>>);

#[derive(Debug)]
struct Grant {
    code: String,
    user: User,
    nonce: Option<String>,
    challenge: String,
    expires_at: DateTime<Utc>,
}

/// An authorization request (OpenID Connect Core 1.0, 3.1.2.1), and, once somebody chose, whom.
#[derive(Deserialize)]
pub(super) struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    /// Not of the standard: who was chosen.
    choose: Option<String>,
}

/// `/authorize`: whom do you want to be?
pub(super) async fn authorize(
    idp: Data<Idp>,
    clock: Data<Arc<dyn Clock>>,
    request: HttpRequest,
    asked: Query<Authorize>,
) -> HttpResponse {
    let known = idp
        .client
        .as_ref()
        .is_some_and(|client| client.id == asked.client_id && client.redirect_uri == asked.redirect_uri);
    let method = asked.code_challenge_method.as_deref();
    let (true, "code", Some("S256"), Some(challenge)) =
        (known, asked.response_type.as_str(), method, asked.code_challenge.clone())
    else {
        return HttpResponse::BadRequest().body("No such client, redirect_uri, response_type or challenge.");
    };
    let Some(choice) = &asked.choose else { return choose(&idp, &request) };
    let mut answer = url::form_urlencoded::Serializer::new(String::new());
    if let Some(state) = &asked.state {
        answer.append_pair("state", state);
    }
    answer.append_pair("iss", idp.issuer());
    match idp.user(choice) {
        Some(user) => {
            let code = idp.codes.give(user.clone(), asked.nonce.clone(), challenge, clock.now());
            answer.append_pair("code", &code);
        }
        None => {
            answer.append_pair("error", "access_denied");
        }
    }
    let location = format!("{}?{}", asked.redirect_uri, answer.finish());
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// The page with everybody on it. Links, so that it works under the strictest policy.
fn choose(idp: &Idp, request: &HttpRequest) -> HttpResponse {
    let query = escape(request.query_string());
    let link = |user: &User| {
        let choice: String = url::form_urlencoded::byte_serialize(user.username.as_bytes()).collect();
        let (name, about) = (escape(&user.username), escape(&user.about));
        format!("<li><a href=\"?{query}&amp;choose={choice}\"><strong>{name}</strong> {about}</a></li>")
    };
    let everybody: String = idp.users.iter().map(link).collect();
    let body = format!(
        "<p class=\"lead\">This is the demo’s login service. Everybody is invented, and there are no passwords.</p>\
         <ul class=\"doors\">{everybody}</ul><p><a href=\"?{query}&amp;choose=\">Nobody: break off</a></p>"
    );
    HttpResponse::Ok().content_type(ContentType::html()).body(page("Whom do you want to be?", &body))
}

impl Codes {
    fn give(&self, user: User, nonce: Option<String>, challenge: String, now: DateTime<Utc>) -> String {
        let mut bytes = [0; 24];
        OsRandom.fill(&mut bytes);
        let code = URL_SAFE_NO_PAD.encode(bytes);
        let mut grants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        grants.retain(|grant| now < grant.expires_at);
        let expires_at = now + CODE_LIFETIME;
        grants.push(Grant { code: code.clone(), user, nonce, challenge, expires_at });
        code
    }

    /// A code is used up by the first who brings it.
    fn take(&self, code: &str, now: DateTime<Utc>) -> Option<Grant> {
        let mut grants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = grants.iter().position(|grant| grant.code == code)?;
        Some(grants.swap_remove(at)).filter(|grant| now < grant.expires_at)
    }
}

/// The code's half of the token endpoint.
pub(super) fn exchange(
    idp: &Idp,
    now: DateTime<Utc>,
    authorization: Option<&str>,
    form: &super::routes::TokenRequest,
) -> HttpResponse {
    let refuse = |error: &str| HttpResponse::BadRequest().json(json!({"error": error}));
    let expected = idp.client.as_ref().map(|client| {
        // RFC 6749, 2.3.1: both are form-encoded before they are put together.
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&client.id), encode(&client.secret));
        let credential = base64::engine::general_purpose::STANDARD.encode(pair);
        (client, format!("Basic {credential}"))
    });
    let Some((client, _)) = expected.filter(|(_, basic)| Some(basic.as_str()) == authorization) else {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    };
    let Some(grant) = form.code.as_deref().and_then(|code| idp.codes.take(code, now)) else {
        return refuse("invalid_grant");
    };
    let verifier = form.code_verifier.as_deref().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    if challenge != grant.challenge || form.redirect_uri.as_deref() != Some(client.redirect_uri.as_str()) {
        return refuse("invalid_grant");
    }
    let mut extra = json!({"aud": client.id, "nonce": grant.nonce, "acr": "demo", "amr": ["user"]});
    if let (Some(extra), Some(claims)) = (extra.as_object_mut(), grant.user.claims.as_object()) {
        extra.extend(claims.clone());
    }
    let tokens = (idp.token(&grant.user.sub, &extra), idp.token(&grant.user.sub, &grant.user.claims));
    let (Ok(id_token), Ok(access_token)) = tokens else {
        return HttpResponse::InternalServerError().json(json!({"error": "server_error"}));
    };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "access_token": access_token,
        "id_token": id_token,
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
}
