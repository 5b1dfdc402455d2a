use std::fmt;

use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{Step, TotpCode};
use crate::port::Random;

/// Length of a secret: as many bytes as SHA-1 gives (RFC 4226, section 4, R6).
pub const SECRET_BYTES: usize = 20;
pub(super) const STEP_SECONDS: u64 = 30;
const DIGITS: u8 = 6;
/// Steps by which the clocks of app and server may differ (RFC 6238, section 5.2, recommends one).
const DRIFT: u64 = 1;

/// A secret shared with an authenticator app. Wiped when dropped, and never shown but when it is new.
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// Draws a new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        random.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Takes a secret from storage; nothing if it has another length.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    /// The secret in base 32, to be typed where no picture can be taken.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(Secret::from(*self.0).to_base32())
    }

    /// What the QR code holds. `issuer` and `login` are what the app shows above its codes.
    pub fn otpauth_uri(&self, issuer: &str, login: &str) -> Zeroizing<String> {
        // A colon stands between the two, so neither may hold one.
        let (issuer, login) = (issuer.replace(':', " "), login.replace(':', " "));
        let named = self.totp(|builder| builder.with_issuer(Some(issuer)).with_account_name(login));
        // It fails for a name that is empty or holds a colon, and then goes without.
        Zeroizing::new(named.to_url().unwrap_or_default())
    }

    /// The step within the drift that this is the code of, if that step is newer than `used`.
    ///
    /// All steps are computed whatever fits, and compared in constant time.
    pub fn step_of(&self, code: &TotpCode, now: DateTime<Utc>, used: Option<Step>) -> Option<Step> {
        let totp = self.totp(|builder| builder);
        let present = Step::at(now).number();
        let steps = present.saturating_sub(DRIFT)..=present + DRIFT;
        steps.map(Step::from_stored).fold(None, |found, step| {
            let fits = totp.check(code.as_str(), step.number() * STEP_SECONDS).is_some();
            found.or_else(|| (fits && used.is_none_or(|used| step > used)).then_some(step))
        })
    }

    fn totp(&self, name: impl FnOnce(Builder) -> Builder) -> Totp {
        let builder = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_skew(0)
            .with_secret(*self.0);
        name(builder).build_noncompliant()
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}
