use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use kinlink_domain::port::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

#[cfg(test)]
pub(super) const EXAMPLE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The secrets that requests are signed with, newest first: while the receiver changes from one to the next,
/// both signatures are sent.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Zeroizing<Vec<u8>>>);

/// A text that holds no secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and 24 to 64 bytes in base64; several are separated by spaces")]
pub struct InvalidSecret;

impl WebhookSecrets {
    /// Reads one secret, or several.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let secrets = text.split_whitespace().map(secret).collect::<Result<Vec<_>, _>>()?;
        if secrets.is_empty() { Err(InvalidSecret) } else { Ok(Self(secrets)) }
    }

    /// Draws a secret: the text that its receiver is shown once.
    pub fn draw(random: &dyn Random) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&mut *bytes);
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(*bytes)))
    }

    /// The value of `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signatures = self.0.iter().map(|secret| {
            // HMAC takes keys of any length.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn secret(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
    let encoded = text.strip_prefix("whsec_").ok_or(InvalidSecret)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
    if (24..=64).contains(&bytes.len()) { Ok(Zeroizing::new(bytes)) } else { Err(InvalidSecret) }
}

/// Shows none of them.
impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standards_own_example() {
        // From the test suite of the reference implementation, standard-webhooks/standard-webhooks.
        let secrets = WebhookSecrets::parse(EXAMPLE).unwrap();
        let signed = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_make_two_signatures() {
        let both = format!("whsec_{} {EXAMPLE}", STANDARD.encode([7; 32]));
        let signed = WebhookSecrets::parse(&both).unwrap().sign("a", 1, b"x");
        let alone = WebhookSecrets::parse(EXAMPLE).unwrap().sign("a", 1, b"x");
        assert_eq!(signed.split(' ').count(), 2);
        assert!(signed.ends_with(&alone));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for text in ["", "secret", "whsec_", "whsec_????", &EXAMPLE[6..], &short, &long] {
            assert_eq!(WebhookSecrets::parse(text).err(), Some(InvalidSecret), "{text}");
        }
    }
}
