//! Reading and checking JSON Web Tokens: the parts that bearers and client assertions share.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde_json::Value;

/// A longer token is refused unread.
const MAX_LENGTH: usize = 16 * 1024;
/// How far clocks may differ.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// A token that was read, not yet believed.
pub(crate) struct Unverified<'t> {
    token: &'t str,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) claims: Value,
}

impl<'t> Unverified<'t> {
    /// Reads a token. The error is a stable word.
    pub(crate) fn parse(token: &'t str) -> Result<Self, &'static str> {
        if token.len() > MAX_LENGTH {
            return Err("too_long");
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("not_a_jwt");
        };
        let header = json(header).ok_or("not_a_jwt")?;
        let claims = json(claims).filter(Value::is_object).ok_or("not_a_jwt")?;
        // RFC 7515, 4.1.11: a critical extension that is not understood makes the token invalid.
        if header.get("crit").is_some() {
            return Err("critical_extension");
        }
        let of_known_type = |typ: &str| {
            let typ = typ.to_ascii_lowercase();
            matches!(typ.trim_start_matches("application/"), "jwt" | "at+jwt" | "client-authentication+jwt")
        };
        if header.get("typ").is_some_and(|typ| !typ.as_str().is_some_and(of_known_type)) {
            return Err("unexpected_type");
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(asymmetric).ok_or("algorithm")?;
        let kid = header.get("kid").and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(Self { token, algorithm, kid, claims })
    }

    /// Whether this key may have made the token's signature: of its id, its kind, and for signing.
    pub(crate) fn fits(&self, jwk: &Jwk) -> bool {
        let common = &jwk.common;
        let named = self.kid.is_none() || self.kid == common.key_id;
        let for_signing = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let of_algorithm = common.key_algorithm.is_none_or(|algorithm| {
            algorithm.to_string().parse::<Algorithm>().is_ok_and(|algorithm| algorithm == self.algorithm)
        });
        named && for_signing && of_algorithm && kind_fits(&jwk.algorithm, self.algorithm)
    }

    /// Checks the signature. Time and audience are checked apart, since time is a port.
    pub(crate) fn is_signed_by(&self, jwk: &Jwk) -> bool {
        let Ok(key) = DecodingKey::from_jwk(jwk) else { return false };
        let mut validation = Validation::new(self.algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        decode::<Value>(self.token, &key, &validation).is_ok()
    }

    /// The text of a claim.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// Whether `aud`, a text or an array of texts, names one of these.
    pub(crate) fn is_for<'a>(&self, audiences: impl IntoIterator<Item = &'a str>) -> bool {
        let named: Vec<&str> = match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        audiences.into_iter().any(|audience| named.contains(&audience))
    }

    /// Checks `exp` (which must be there), `nbf` and `iat`, and returns when the token ends: it is accepted for
    /// [`LEEWAY`] longer.
    pub(crate) fn check_time(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
        let exp = self.moment("exp")?.ok_or("exp_missing")?;
        if now >= exp + LEEWAY {
            return Err("expired");
        }
        if self.moment("nbf")?.is_some_and(|nbf| now < nbf - LEEWAY) {
            return Err("not_yet_valid");
        }
        if self.moment("iat")?.is_some_and(|iat| now < iat - LEEWAY) {
            return Err("issued_in_the_future");
        }
        Ok(exp)
    }

    /// A NumericDate (RFC 7519, section 2).
    fn moment(&self, claim: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
        let Some(value) = self.claims.get(claim) else { return Ok(None) };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a fraction of a second does not count, and what is beyond i64 is no date"
        )]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(Some).ok_or("malformed_time")
    }
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// `none` and the HMAC algorithms have no place here: with them, whoever knows a public key could sign.
fn asymmetric(name: &str) -> Option<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let allowed = [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA];
    name.parse().ok().filter(|algorithm| allowed.contains(algorithm))
}

fn kind_fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => algorithm == ES256,
            EllipticCurve::P384 => algorithm == ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(key) => key.curve == EllipticCurve::Ed25519 && algorithm == EdDSA,
        // A shared secret, or a kind that came after this was written.
        _ => false,
    }
}
