//! The key of a client, and what a server makes of what was signed with it: with `ring`, which is another library
//! than those that Kinlink signs with.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::signature::{
    ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA384, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

/// Both halves.
pub(crate) struct ClientKey {
    /// PKCS #8.
    pub(crate) pem: String,
    pub(crate) public: PublicHalf,
}

/// What the server knows of it, as a JWK has it.
pub(crate) enum PublicHalf {
    /// An uncompressed point.
    Es384(Vec<u8>),
    /// Modulus and exponent.
    Rs384(RsaPublicKeyComponents<Vec<u8>>),
}

impl ClientKey {
    pub(crate) fn es384() -> Self {
        let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap();
        Self { pem: pem(pkcs8.as_ref()), public: PublicHalf::Es384(pair.public_key().as_ref().to_vec()) }
    }

    pub(crate) fn rs384() -> Self {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let public = RsaPublicKeyComponents {
            n: public.modulus().big_endian_without_leading_zero().to_vec(),
            e: public.exponent().big_endian_without_leading_zero().to_vec(),
        };
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        Self { pem: pem(pkcs8.as_ref()), public: PublicHalf::Rs384(public) }
    }
}

fn pem(pkcs8: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8))
}

impl PublicHalf {
    /// Header and claims of a compact JWS (RFC 7515) that the private half signed.
    pub(crate) fn verified(&self, token: &str) -> Option<[Value; 2]> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (header, claims) = signed.split_once('.')?;
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (header, claims) = (read(header)?, read(claims)?);
        let (alg, checked) = match self {
            Self::Es384(point) => {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
                ("ES384", key.verify(signed.as_bytes(), &signature))
            }
            Self::Rs384(key) => {
                ("RS384", key.verify(&RSA_PKCS1_2048_8192_SHA384, signed.as_bytes(), &signature))
            }
        };
        (checked.is_ok() && header["alg"] == alg).then_some([header, claims])
    }
}
