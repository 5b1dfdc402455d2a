//! Authenticator apps: time-based one-time codes (RFC 6238) that prove, beside the login, that it is still
//! the same person.
//!
//! ```text
//! nothing ──► pending ──► active ──► replacing ──► active      each confirmation by a code of the new secret
//!               └► nothing             └► active               not confirmed in time: derived when read
//! ```
//! One secret of 20 bytes, steps of 30 seconds, six digits, SHA-1: what every authenticator app takes. Many
//! ignore another algorithm without a word and then show codes that never fit; and HMAC-SHA-1 is not touched
//! by the collisions of SHA-1 (RFC 4226, appendix B.2).

mod code;
mod secret;

use chrono::{DateTime, TimeDelta, Utc};

pub use code::{MistypedTotp, TotpCode};
pub use secret::{SECRET_BYTES, TotpSecret};

use crate::{
    id::AccountId,
    port::{KeyedHash, Sealed},
};

/// How long a new secret waits for its first code.
pub const PENDING: TimeDelta = TimeDelta::minutes(15);
/// Recovery codes in a set.
pub const RECOVERY_CODES: u16 = 10;
/// Wrong tries in a row that disable an authenticator for good (NIST SP 800-63B, 5.2.2, allows no more).
/// What a person meets long before is the limit by time, [`crate::attempt::AttemptScope::Totp`].
pub const FAILURES_IN_A_ROW: u32 = 100;

/// A step of time: 30 seconds, counted from 1970 (RFC 6238, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(u64);

impl Step {
    /// The step that `now` is in.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(u64::try_from(now.timestamp()).unwrap_or_default() / secret::STEP_SECONDS)
    }

    /// Takes a step from storage.
    pub const fn from_stored(step: u64) -> Self {
        Self(step)
    }

    /// Its number, for storage.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A secret that was shown and that no code has confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The secret, encrypted for [`Authenticator::row`].
    pub secret: Sealed,
    /// When it was shown.
    pub enrolled_at: DateTime<Utc>,
}

impl Pending {
    /// Until when it can be confirmed.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.enrolled_at + PENDING
    }
}

/// A secret whose codes count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The secret, encrypted for [`Authenticator::row`].
    pub secret: Sealed,
    /// When its first code was given.
    pub confirmed_at: DateTime<Utc>,
    /// The step of the newest code that was accepted: neither it nor an older one counts again (RFC 6238,
    /// section 5.2).
    pub last_step: Step,
}

/// Where an authenticator stands, as stored. A pending secret whose time is over shows only in
/// [`Authenticator::pending`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TotpState {
    /// Shown, not confirmed.
    Pending(Pending),
    /// Confirmed.
    Active(Active),
    /// Confirmed, and a new secret waits to take its place.
    Replacing {
        /// What counts until then.
        active: Active,
        /// What was shown.
        pending: Pending,
    },
}

/// An account's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticator {
    /// Whose.
    pub account: AccountId,
    /// Counts its changes, from 1.
    pub version: u32,
    /// Wrong tries since the last right one.
    pub failures: u32,
    /// Where it stands.
    pub state: TotpState,
}

/// A recovery code, as stored: used instead of the app, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    /// Its place in its set.
    pub number: u16,
    /// The hash of its symbols and its account.
    pub hash: KeyedHash,
    /// When it was used, if it was.
    pub used_at: Option<DateTime<Utc>>,
}

/// Nothing waits for a first code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing is to be confirmed, or its time is over")]
pub struct NothingPending;

/// A code of a step that is not newer than the last accepted one, or of an authenticator that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code was used before")]
pub struct StepUsed;

impl Authenticator {
    /// What a secret of this account is sealed for.
    pub fn row(account: AccountId) -> Vec<u8> {
        [b"totp/".as_slice(), account.uuid().as_bytes()].concat()
    }

    /// Shows a new secret. One that counts already goes on counting until the new one is confirmed; that its
    /// owner asks is for the caller to have proven.
    #[must_use]
    pub fn enrol(current: Option<Self>, account: AccountId, secret: Sealed, now: DateTime<Utc>) -> Self {
        let pending = Pending { secret, enrolled_at: now };
        let Some(current) = current else {
            return Self { account, version: 1, failures: 0, state: TotpState::Pending(pending) };
        };
        let version = current.version + 1;
        let state = match current.state {
            TotpState::Pending(_) => TotpState::Pending(pending),
            TotpState::Active(active) | TotpState::Replacing { active, .. } => {
                TotpState::Replacing { active, pending }
            }
        };
        Self { version, state, ..current }
    }

    /// The secret that counts.
    pub const fn active(&self) -> Option<&Active> {
        match &self.state {
            TotpState::Pending(_) => None,
            TotpState::Active(active) | TotpState::Replacing { active, .. } => Some(active),
        }
    }

    /// The secret that waits for its first code.
    pub fn pending(&self, now: DateTime<Utc>) -> Option<&Pending> {
        let pending = match &self.state {
            TotpState::Active(_) => None,
            TotpState::Pending(pending) | TotpState::Replacing { pending, .. } => Some(pending),
        };
        pending.filter(|pending| now < pending.expires_at())
    }

    /// Whether too many wrong tries have ended it: only a reset by staff helps.
    pub const fn is_disabled(&self) -> bool {
        self.failures >= FAILURES_IN_A_ROW
    }

    /// A code of the pending secret, of this step, was given.
    pub fn confirm(self, step: Step, now: DateTime<Utc>) -> Result<Self, NothingPending> {
        let pending = self.pending(now).ok_or(NothingPending)?.clone();
        let active = Active { secret: pending.secret, confirmed_at: now, last_step: step };
        Ok(Self { version: self.version + 1, failures: 0, state: TotpState::Active(active), ..self })
    }

    /// A code of the secret that counts, of this step, was given.
    pub fn accept(self, step: Step) -> Result<Self, StepUsed> {
        let newer = |active: Active| {
            if step > active.last_step { Ok(Active { last_step: step, ..active }) } else { Err(StepUsed) }
        };
        let state = match self.state {
            TotpState::Pending(_) => return Err(StepUsed),
            TotpState::Active(active) => TotpState::Active(newer(active)?),
            TotpState::Replacing { active, pending } => {
                TotpState::Replacing { active: newer(active)?, pending }
            }
        };
        Ok(Self { version: self.version + 1, failures: 0, state, ..self })
    }

    /// A recovery code was given in place of the app.
    #[must_use]
    pub fn recover(self) -> Self {
        Self { version: self.version + 1, failures: 0, ..self }
    }

    /// A wrong code was given.
    #[must_use]
    pub fn fail(self) -> Self {
        Self { version: self.version + 1, failures: self.failures.saturating_add(1), ..self }
    }
}

#[cfg(test)]
mod tests;
