use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use kinlink_domain::{signing_key::KeyPurpose, store::Store};
use kinlink_signing::Signer;
use kinlink_testkit::Fixture;
use serde_json::{Value, json};

/// The type of what these tests sign.
const TYPE: &str = "test+jwt";

/// A signer of a replica of its own, which has nothing in memory.
pub(crate) fn signer(it: &Fixture, purpose: KeyPurpose) -> Signer {
    let store: Arc<dyn Store> = Arc::new(it.store.clone());
    Signer::new(purpose, store, it.ports.clock.clone())
}

/// Something signed, and which key did it.
pub(crate) async fn signed(signer: &Signer) -> (String, String) {
    let token = signer.sign(TYPE, &json!({"iss": "https://kinlink.example", "n": 1})).await.unwrap();
    let kid = decode_header(&token).unwrap().kid.unwrap();
    (token, kid)
}

/// The names of the keys that anybody sees.
pub(crate) async fn published(it: &Fixture, purpose: KeyPurpose) -> Vec<String> {
    let keys = signer(it, purpose).key_set().await.unwrap();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Whether a receiver who knows nothing but the published keys believes it.
pub(crate) async fn believed(it: &Fixture, purpose: KeyPurpose, token: &str) -> bool {
    let keys: JwkSet = serde_json::from_value(signer(it, purpose).key_set().await.unwrap()).unwrap();
    let algorithm = match purpose {
        KeyPurpose::Answer => Algorithm::ES256,
        KeyPurpose::Event => Algorithm::RS256,
    };
    let header = decode_header(token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (algorithm, Some(TYPE)));
    let Some(key) = keys.find(&header.kid.unwrap()) else { return false };
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).is_ok()
}
