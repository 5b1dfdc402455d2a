//! SMART Backend Services (SMART App Launch 2.2): an access token for a signed assertion (RFC 7523, sections 2.2
//! and 3).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kinlink_domain::port::Random;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::error::PullError;

/// How long an assertion is good: SMART allows five minutes.
const LIFETIME: TimeDelta = TimeDelta::minutes(4);

/// What is asked for: reading and searching Patients.
pub(crate) const SCOPE: &str = "system/Patient.rs";

/// What a token endpoint answers (RFC 6749, section 5.1).
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: Zeroizing<String>,
}

/// What a FHIR server says of its authorization, as far as it is used here.
#[derive(Deserialize)]
pub(crate) struct SmartConfiguration {
    pub(crate) token_endpoint: String,
}

/// Whether assertions can be signed with this key.
pub fn check_key(pem: &str) -> Result<(), PullError> {
    sign(pem, None, &json!({})).map(|_| ())
}

/// The assertion that a client presents at this token endpoint.
pub(crate) fn assertion(
    client_id: &str,
    pem: &str,
    kid: Option<&str>,
    token_url: &str,
    now: DateTime<Utc>,
    random: &dyn Random,
) -> Result<String, PullError> {
    let mut jti = [0; 16];
    random.fill(&mut jti);
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now.timestamp(),
        "exp": (now + LIFETIME).timestamp(),
        "jti": URL_SAFE_NO_PAD.encode(jti),
    });
    sign(pem, kid, &claims)
}

/// SMART asks every server for RS384 and ES384.
fn sign(pem: &str, kid: Option<&str>, claims: &serde_json::Value) -> Result<String, PullError> {
    let signed = |algorithm, key: EncodingKey| {
        let header = Header { kid: kid.map(ToOwned::to_owned), ..Header::new(algorithm) };
        encode(&header, claims, &key)
    };
    let (ec, rsa) = (EncodingKey::from_ec_pem(pem.as_bytes()), EncodingKey::from_rsa_pem(pem.as_bytes()));
    let token = match (ec, rsa) {
        (Ok(key), _) => signed(Algorithm::ES384, key),
        (_, Ok(key)) => signed(Algorithm::RS384, key),
        (Err(_), Err(_)) => return Err(PullError::Key),
    };
    token.map_err(|_| PullError::Key)
}
