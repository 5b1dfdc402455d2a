//! What evidence is worth: a pure function of the facts and the organization's policy.
//!
//! Assurance is never entered. The identity assurance levels are those of NIST SP 800-63A; the four levels
//! of FHIR `Person.link.assurance` are what is shown beside them. The table of what gives what is
//! [`rules::RULES`]; everything else here reads it.

mod explain;
mod over_time;
mod policy;
pub mod rules;

use serde::{Deserialize, Serialize};

pub use explain::{Explanation, Raise, explain};
pub use over_time::{AssuranceOverTime, AssuranceStep, UnorderedSteps, assess_over_time};
pub use policy::{DocumentRule, DocumentStrengths, FederatedRule, ProofingPolicy, Strength};

use crate::evidence::Fact;

/// NIST SP 800-63A identity assurance level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Ial {
    /// Little confidence in the claimed identity.
    Ial1,
    /// High confidence: the person was compared with validated evidence.
    Ial2,
}

impl Ial {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ial1 => "IAL1",
            Self::Ial2 => "IAL2",
        }
    }
}

/// FHIR R4 `identity-assuranceLevel` (`Person.link.assurance`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssuranceLevel {
    /// Little or no confidence.
    Level1,
    /// Some confidence.
    Level2,
    /// High confidence.
    Level3,
    /// Very high confidence.
    Level4,
}

impl AssuranceLevel {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Level1 => "level1",
            Self::Level2 => "level2",
            Self::Level3 => "level3",
            Self::Level4 => "level4",
        }
    }
}

/// What the evidence for a link is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Assurance {
    /// NIST SP 800-63A.
    pub ial: Ial,
    /// FHIR.
    pub level: AssuranceLevel,
}

impl Assurance {
    /// What no evidence at all is worth.
    pub const LEAST: Self = Self { ial: Ial::Ial1, level: AssuranceLevel::Level1 };

    /// The better of both, in each respect.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { ial: self.ial.max(other.ial), level: self.level.max(other.level) }
    }

    /// Whether this is at least `other` in both respects.
    pub fn covers(self, other: Self) -> bool {
        self.or(other) == self
    }
}

/// What `facts` are worth under `policy`: the best that any rule gives whose needs they meet.
///
/// Every need is met by having more and by nothing else, so more evidence never lowers what this returns,
/// and less never raises it.
pub fn assess<'a>(facts: impl IntoIterator<Item = &'a Fact>, policy: &ProofingPolicy) -> Assurance {
    let proven = rules::Proven::by(facts, policy);
    let met = rules::RULES.iter().filter(|rule| rule.is_met(&proven, policy));
    met.fold(Assurance::LEAST, |best, rule| best.or(rule.gives))
}

/// Whether these facts can carry a link at all: something that was given to the record's owner must have
/// come back from the account. A demographic match alone never can, since whoever knows a person knows
/// what it compares; nor can a document alone, which says nothing of an account; nor can a provider's
/// word, which says who holds the account and not whose the record is.
pub fn sufficient_for_link<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> bool {
    facts.into_iter().any(|fact| match fact {
        // A proxy's link stands on the decision of whoever may decide.
        Fact::CodeRedeemed { .. } | Fact::ContactConfirmed { .. } | Fact::Granted { .. } => true,
        Fact::BirthDateConfirmed
        | Fact::RelationshipSeen { .. }
        | Fact::DocumentSeen { .. }
        | Fact::DemographicMatch { .. }
        | Fact::FederatedAssurance { .. } => false,
    })
}

#[cfg(test)]
mod tests;
