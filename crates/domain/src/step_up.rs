//! Step-up: a sensitive act wants proof that it is still the person who logged in.
//!
//! Any one of three is enough: a login that is fresh by the token's `auth_time`, a login of a class (`acr`)
//! that the organization accepts, or a code of the authenticator app given with this very token. How a
//! resource server asks for it is RFC 9470.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    policy::Findings,
    port::{Purpose, Vault},
};

/// The longest that a code can count, whatever the policy says.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// How far the provider's clock may be ahead.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// An act that an organization may want step-up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SteppedAct {
    /// A reviewer approves a claim.
    ReviewApprove,
    /// A patient or staff let another person act for the patient.
    Grant,
    /// Staff end a link.
    LinkRevokeByStaff,
    /// Staff issue an invitation and say which document they saw, which raises the link's assurance.
    InvitationIssue,
    /// Staff reset somebody's authenticator.
    AuthenticatorReset,
}

impl SteppedAct {
    /// Every act.
    pub const ALL: [Self; 5] = [
        Self::ReviewApprove,
        Self::Grant,
        Self::LinkRevokeByStaff,
        Self::InvitationIssue,
        Self::AuthenticatorReset,
    ];
}

/// An organization's rules of step-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepUpPolicy {
    /// The acts that need it.
    pub acts: BTreeSet<SteppedAct>,
    /// Minutes that a code counts for, at most a day.
    pub minutes: u16,
    /// A login that is at most this many seconds old needs no code; 0: a login never replaces a code. Five
    /// minutes: the person has just proven to the provider who they are.
    pub fresh_login_seconds: u32,
    /// Authentication context classes (`acr`) that need no code, for example one that stands for a
    /// hardware key.
    pub acr_values: Vec<String>,
}

impl StepUpPolicy {
    /// A day at most for a code, an hour for a login: longer, and step-up says nothing of the present.
    pub(crate) fn check(&self, findings: &mut Findings) {
        findings.range("minutes", self.minutes.into(), 1, 24 * 60);
        findings.range("fresh_login_seconds", self.fresh_login_seconds.into(), 0, 3_600);
    }
}

impl Default for StepUpPolicy {
    fn default() -> Self {
        Self {
            acts: BTreeSet::from([SteppedAct::ReviewApprove, SteppedAct::Grant]),
            minutes: 10,
            fresh_login_seconds: 300,
            acr_values: Vec::new(),
        }
    }
}

/// How somebody logged in, as their token says (OpenID Connect Core 1.0, section 2; RFC 9068, 2.2.1).
/// A claim that is missing or malformed proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// `auth_time`: when they last proved who they are.
    pub time: Option<DateTime<Utc>>,
    /// `acr`: the class of the login.
    pub acr: Option<String>,
    /// `amr`: the methods, such as `pwd` or `hwk` (RFC 8176).
    pub amr: Vec<String>,
}

/// Names a bearer token without being one: a keyed hash, so that what is stored opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 16]);

impl TokenHash {
    /// The hash of this token.
    pub fn of(token: &str, vault: &dyn Vault) -> Self {
        Self(vault.index_hash(Purpose::StepUp, token.as_bytes()))
    }

    /// The 16 bytes, for storage.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// Why an act may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Satisfied {
    /// The organization does not ask.
    NotAsked,
    /// The login's class is accepted.
    Acr,
    /// The login is fresh.
    FreshLogin,
    /// A code was given with this token.
    Code,
}

/// More proof is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("more proof of who acts is needed")]
pub struct StepUpNeeded {
    /// How old a login may be instead, in seconds.
    pub max_age: Option<u32>,
    /// Which class of login counts instead.
    pub acr_values: Vec<String>,
}

impl StepUpPolicy {
    /// How long a code counts.
    pub fn lasting(&self) -> TimeDelta {
        TimeDelta::minutes(self.minutes.into()).min(LONGEST)
    }

    /// Whether `act` may go on. `code_at` is when a code was last given with this token.
    pub fn decide(
        &self,
        act: SteppedAct,
        login: &Authentication,
        code_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Satisfied, StepUpNeeded> {
        if !self.acts.contains(&act) {
            Ok(Satisfied::NotAsked)
        } else if login.acr.as_ref().is_some_and(|acr| self.acr_values.contains(acr)) {
            Ok(Satisfied::Acr)
        } else if self.is_fresh(login, now) {
            Ok(Satisfied::FreshLogin)
        } else if code_at.is_some_and(|at| at <= now && now < at + self.lasting()) {
            Ok(Satisfied::Code)
        } else {
            let max_age = Some(self.fresh_login_seconds).filter(|seconds| *seconds > 0);
            Err(StepUpNeeded { max_age, acr_values: self.acr_values.clone() })
        }
    }

    fn is_fresh(&self, login: &Authentication, now: DateTime<Utc>) -> bool {
        let most = TimeDelta::seconds(self.fresh_login_seconds.into());
        self.fresh_login_seconds > 0
            && login.time.is_some_and(|time| now - time <= most && time <= now + LEEWAY)
    }
}

#[cfg(test)]
mod tests;
