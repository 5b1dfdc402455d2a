use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_domain::signing_key::KeyPurpose;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Both halves of a key, ready to sign.
pub(crate) enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(rsa::KeyPair),
}

/// A key as it is kept and published.
pub(crate) struct Drawn {
    pub(crate) kid: String,
    pub(crate) public: Value,
    pub(crate) private: Zeroizing<Vec<u8>>,
}

impl Pair {
    /// Draws a key. RSA takes a good part of a second.
    pub(crate) fn draw(purpose: KeyPurpose) -> Option<Drawn> {
        let private = match purpose {
            KeyPurpose::Answer => {
                let drawn =
                    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
                Zeroizing::new(drawn.ok()?.as_ref().to_vec())
            }
            KeyPurpose::Event => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048).ok()?;
                Zeroizing::new(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).ok()?.as_ref().to_vec())
            }
        };
        let (kid, public) = Self::read(purpose, &private)?.public()?;
        Some(Drawn { kid, public, private })
    }

    /// Reads a private half (PKCS #8).
    pub(crate) fn read(purpose: KeyPurpose, private: &[u8]) -> Option<Self> {
        match purpose {
            KeyPurpose::Answer => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private).ok().map(Self::Es256)
            }
            KeyPurpose::Event => rsa::KeyPair::from_pkcs8(private).ok().map(Self::Rs256),
        }
    }

    /// `alg` of what it signs (RFC 7518, section 3.1).
    pub(crate) const fn alg(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        }
    }

    /// The signature as a JWS carries it (RFC 7518, sections 3.3 and 3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Es256(pair) => {
                pair.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
            }
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    /// The public half as a JWK, named by its thumbprint (RFC 7638).
    fn public(&self) -> Option<(String, Value)> {
        let mut jwk = self.members()?;
        let kid = encode(&Sha256::digest(serde_json::to_vec(&jwk).ok()?));
        jwk.extend([("use", "sig".to_owned()), ("alg", self.alg().to_owned()), ("kid", kid.clone())]);
        Some((kid, serde_json::to_value(jwk).ok()?))
    }

    /// The members that a thumbprint is made of, in their order (RFC 7638, section 3.2).
    fn members(&self) -> Option<BTreeMap<&'static str, String>> {
        Some(match self {
            Self::Es256(pair) => {
                // An uncompressed point (SEC 1, 2.3.3): 0x04, then 32 bytes of x and 32 of y.
                let point = pair.public_key().as_ref();
                let (x, y) = (encode(point.get(1..33)?), encode(point.get(33..65)?));
                BTreeMap::from([("kty", "EC".to_owned()), ("crv", "P-256".to_owned()), ("x", x), ("y", y)])
            }
            Self::Rs256(pair) => {
                let public = pair.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                BTreeMap::from([("kty", "RSA".to_owned()), ("n", n), ("e", e)])
            }
        })
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
