//! The rules of matching and of claims.

use serde::{Deserialize, Serialize};

use super::{Findings, Violation};
use crate::{claim::Assertion, comparison::MatchCosts, review::ReviewReason};

/// The least input weight of a match that a patient asks for.
const CONSUMER_MATCH: u8 = 10;

/// What follows from a comparison of demographics.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchingPolicy {
    /// What mistakes cost; the thresholds follow from it.
    pub costs: MatchCosts,
}

impl MatchingPolicy {
    pub(super) fn check(&self, findings: &mut Findings) {
        if self.costs.thresholds().is_err() {
            findings.add("costs", Violation::CostsOutOfOrder);
        }
    }
}

/// How claims go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimPolicy {
    /// Days after which a claim is closed. Long enough for a review and a letter of ten days.
    pub valid_days: u16,
    /// Wrong codes after which a claim is closed; as for invitations, far below the 100 of NIST SP 800-63B, 5.2.2.
    pub attempts: u16,
    /// The least weight of what a person gives (HL7 Identity Matching, invariant `idi-L1`).
    pub input_weight: u8,
    /// Days for which a changed contact gets no code: whoever can change a record's contact could otherwise have
    /// its code. Time for the owner to notice a notice.
    pub contact_quarantine_days: u16,
    /// Codes that go to one record's contacts in 24 hours.
    pub codes_per_record_per_day: u16,
    /// Reviews with one of these reasons take two reviewers.
    pub four_eyes: Vec<ReviewReason>,
    /// What clients' word is worth.
    pub trusted_client: TrustedClientPolicy,
}

impl Default for ClaimPolicy {
    fn default() -> Self {
        Self {
            valid_days: 14,
            attempts: 5,
            input_weight: CONSUMER_MATCH,
            contact_quarantine_days: 30,
            codes_per_record_per_day: 3,
            // Somebody already opens this record as the patient: one of both is not.
            four_eyes: vec![ReviewReason::LinkedToAnother],
            trusted_client: TrustedClientPolicy::default(),
        }
    }
}

impl ClaimPolicy {
    pub(super) fn check(&self, findings: &mut Findings) {
        findings.range("valid_days", self.valid_days.into(), 1, 90);
        findings.range("attempts", self.attempts.into(), 1, 100);
        findings.range("contact_quarantine_days", self.contact_quarantine_days.into(), 0, 365);
        findings.range("codes_per_record_per_day", self.codes_per_record_per_day.into(), 1, 20);
        if self.input_weight < CONSUMER_MATCH {
            findings.add("input_weight", Violation::ThinClaims { least: CONSUMER_MATCH.into() });
        }
    }
}

/// What the word of a client is worth that submits a claim on behalf of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustedClientPolicy {
    /// A certain, single match links without a code if the client asserts enough. Off by default.
    pub links_without_code: bool,
    /// Proofing that is enough: one of these. By default NIST SP 800-63A IAL2, which HL7 Identity Matching
    /// (IDIAL1.8) stays below.
    pub proofing: Vec<TrustedAssurance>,
    /// `acr` values that are enough for the login.
    pub acr: Vec<String>,
    /// `amr` values of which one is enough for the login: by default `mfa` (RFC 8176), as AAL2 needs two factors.
    pub amr: Vec<String>,
    /// Whether the client may ask where its claim stands. It learns no more than by a lookup.
    pub may_read: bool,
}

impl Default for TrustedClientPolicy {
    fn default() -> Self {
        Self {
            links_without_code: false,
            proofing: vec![TrustedAssurance {
                trust_framework: "nist_800_63A".to_owned(),
                assurance_level: "ial2".to_owned(),
            }],
            acr: Vec::new(),
            amr: vec!["mfa".to_owned()],
            may_read: true,
        }
    }
}

/// A level of a trust framework (OpenID Connect for Identity Assurance, `verified_claims.verification`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedAssurance {
    /// The framework.
    pub trust_framework: String,
    /// The level within it.
    pub assurance_level: String,
}

impl TrustedClientPolicy {
    /// Whether this assertion lets a certain match link without a code.
    pub fn suffices(&self, assertion: &Assertion) -> bool {
        let same =
            |known: &str, given: Option<&str>| given.is_some_and(|given| known.eq_ignore_ascii_case(given));
        let proven = self.proofing.iter().any(|enough| {
            same(&enough.trust_framework, assertion.trust_framework.as_deref())
                && same(&enough.assurance_level, assertion.assurance_level.as_deref())
        });
        let context = assertion.acr.as_ref().is_some_and(|acr| self.acr.contains(acr));
        let method = assertion.amr.iter().any(|given| self.amr.contains(given));
        self.links_without_code && proven && (context || method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_word_suffices_only_if_proofing_and_login_are_both_good_enough_and_policy_says_so() {
        let on = TrustedClientPolicy {
            links_without_code: true,
            acr: vec!["urn:two".to_owned()],
            ..TrustedClientPolicy::default()
        };
        let off = TrustedClientPolicy::default();
        let word = |framework: &str, level: &str, acr: &str, amr: &str| Assertion {
            acr: Some(acr.to_owned()),
            amr: vec!["pwd".to_owned(), amr.to_owned()],
            trust_framework: Some(framework.to_owned()),
            assurance_level: Some(level.to_owned()),
        };
        for (policy, assertion, enough) in [
            (&on, word("nist_800_63A", "IAL2", "", "mfa"), true),
            (&on, word("nist_800_63A", "ial2", "urn:two", ""), true),
            (&on, word("nist_800_63A", "ial1", "urn:two", "mfa"), false),
            (&on, word("eidas", "ial2", "urn:two", "mfa"), false),
            (&on, word("nist_800_63A", "ial2", "urn:one", "otp"), false),
            (&on, Assertion::default(), false),
            (&off, word("nist_800_63A", "ial2", "urn:two", "mfa"), false),
        ] {
            assert_eq!(policy.suffices(&assertion), enough, "{assertion:?}");
        }
    }
}
