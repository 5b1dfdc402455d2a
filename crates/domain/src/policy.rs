//! An organization's rules, as data. Every default has its source or its reason beside it, and what makes no
//! sense, or goes beyond a standard, is found by [`Policy::validate`].

mod change;
mod finding;

mod claims;
mod family;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

pub use change::PolicyChange;
pub use claims::{ClaimPolicy, MatchingPolicy, TrustedAssurance, TrustedClientPolicy};
pub use family::{AgeProfile, FamilyPolicy, Profile, ProxyLimits};
pub use finding::{Finding, Findings, Severity, Violation};

use crate::{
    code::CodeStrength,
    invitation::Channel,
    permission::Permissions,
    phone::PhoneRegion,
    proofing::{Ial, ProofingPolicy},
    step_up::StepUpPolicy,
};

/// The rules of one organization. Missing members take their default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How long a code is valid, by channel.
    pub code_validity: CodeValidity,
    /// Wrong challenge answers or secrets after which an invitation is locked for good.
    pub invitation_attempts: u16,
    /// The most that a self link can give.
    pub self_permissions: Permissions,
    /// Links below this are not answered to anyone.
    pub minimum_assurance: Ial,
    /// What evidence is worth.
    pub proofing: ProofingPolicy,
    /// Which acts want more proof than a login.
    pub step_up: StepUpPolicy,
    /// What follows from a comparison of demographics.
    pub matching: MatchingPolicy,
    /// How claims go.
    pub claims: ClaimPolicy,
    /// What contacts on record are told.
    pub notices: NoticePolicy,
    /// How to write to people.
    pub contact: ContactPolicy,
    /// Who may act for whom.
    pub family: FamilyPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            code_validity: CodeValidity::default(),
            invitation_attempts: 5,
            self_permissions: Permissions::everything(),
            minimum_assurance: Ial::Ial1,
            proofing: ProofingPolicy::default(),
            step_up: StepUpPolicy::default(),
            matching: MatchingPolicy::default(),
            claims: ClaimPolicy::default(),
            notices: NoticePolicy::default(),
            contact: ContactPolicy::default(),
            family: FamilyPolicy::default(),
        }
    }
}

impl Policy {
    /// What is wrong, or doubtful, with it. A new part of the policy gets a line here.
    pub fn validate(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        // SP 800-63B, 5.2.2: no more than 100 consecutive failures.
        findings.range("invitation_attempts", self.invitation_attempts.into(), 1, 100);
        if self.self_permissions.is_empty() {
            findings.add("self_permissions", Violation::NothingPermitted);
        }
        findings.part("code_validity", |findings| self.code_validity.check(findings));
        findings.part("proofing", |findings| self.proofing.check(findings));
        findings.part("step_up", |findings| self.step_up.check(findings));
        findings.part("matching", |findings| self.matching.check(findings));
        findings.part("claims", |findings| self.claims.check(findings));
        findings.part("notices", |findings| self.notices.check(findings));
        findings.part("family", |findings| self.family.check(findings));
        findings.into_vec()
    }

    /// How long a code sent by `channel` is valid.
    pub fn validity(&self, channel: Channel) -> TimeDelta {
        let validity = &self.code_validity;
        match channel {
            Channel::InPerson => TimeDelta::hours(validity.in_person_hours.into()),
            Channel::Post => TimeDelta::days(validity.post_days.into()),
            Channel::Phone => TimeDelta::minutes(validity.phone_minutes.into()),
            Channel::Email => TimeDelta::hours(validity.email_hours.into()),
        }
    }

    /// How hard a code sent by `channel` is to guess.
    ///
    /// NIST SP 800-63A asks for 20 bits; a code that travels through more hands, or lives longer, gets
    /// more. Emailed codes are followed as a link rather than typed, so length costs nothing there: over
    /// 64 bits no rate limit would even be required (SP 800-63B, 5.2.2).
    pub const fn strength(channel: Channel) -> CodeStrength {
        match channel {
            Channel::InPerson | Channel::Phone => CodeStrength::Short,
            Channel::Post => CodeStrength::Medium,
            Channel::Email => CodeStrength::Long,
        }
    }
}

/// How long a code is valid, by the channel it takes.
///
/// Post, phone and email: the longest that NIST SP 800-63A revision 3 (4.4.1.6) and revision 4 (draft,
/// 5.1.6) both allow. Handed over in person: seven days, revision 3, 4.4.1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeValidity {
    /// Hours for a code handed over at the desk.
    pub in_person_hours: u16,
    /// Days for a letter.
    pub post_days: u16,
    /// Minutes for a telephone call or text message.
    pub phone_minutes: u16,
    /// Hours for an email.
    pub email_hours: u16,
}

impl Default for CodeValidity {
    fn default() -> Self {
        Self { in_person_hours: 7 * 24, post_days: 10, phone_minutes: 10, email_hours: 24 }
    }
}

/// What contacts on record are told when a link is made (NIST SP 800-63A, notice of proofing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticePolicy {
    /// Days for which "this was not me" closes the link at once. Later, staff decide: by then a forgotten
    /// mail in a mailbox that changed hands is likelier than a fraud that nobody noticed.
    pub dispute_days: u16,
}

impl NoticePolicy {
    fn check(self, findings: &mut Findings) {
        findings.range("dispute_days", self.dispute_days.into(), 1, 365);
    }
}

impl Default for NoticePolicy {
    fn default() -> Self {
        Self { dispute_days: 90 }
    }
}

/// How an organization writes to people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactPolicy {
    /// The country of telephone numbers on record that do not name one; without it, those get no texts.
    pub phone_region: Option<PhoneRegion>,
    /// The sheet that letters are printed on, which also says where the envelope has its window.
    pub paper: Paper,
    /// Where letters go back to, line by line.
    pub return_address: Vec<String>,
}

/// A sheet of paper, and with it the envelope's window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// ISO 216 A4, with the address field of DIN 5008 form B (ISO 269 DL and C6/C5 envelopes).
    #[default]
    A4,
    /// 8.5 by 11 inches, folded in three for a No. 10 envelope with a left window.
    UsLetter,
}

#[cfg(test)]
mod tests;
