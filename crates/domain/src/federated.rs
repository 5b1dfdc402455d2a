//! What an identity provider says about how it identified its user, read from a verified token.
//!
//! Sources: OpenID Connect Core 1.0, section 2 (`acr`, `amr`); OpenID Identity Assurance Schema Definition
//! 1.0, section 5 (`verified_claims`: an object or an array of objects, each with a `verification` that names
//! its `trust_framework` and may name an `assurance_level`). What it counts as is the organization's policy.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::{account::Iss, evidence::Fact, partial_date::PartialDate, proofing::ProofingPolicy};

/// Longer words are no words of a framework.
const LONGEST: usize = 200;
/// More are not read.
const MOST: usize = 20;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    iss: Iss,
    acr: Option<String>,
    amr: Vec<String>,
    verified: Vec<Verified>,
}

/// One element of `verified_claims`.
#[derive(Clone, PartialEq, Eq)]
struct Verified {
    trust_framework: String,
    assurance_level: Option<String>,
    birth_date: Option<PartialDate>,
}

/// Shows no birth date.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("trust_framework", &self.trust_framework)
            .field("assurance_level", &self.assurance_level)
            .finish_non_exhaustive()
    }
}

/// A provider's word that the policy counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognized {
    /// As evidence.
    pub fact: Fact,
    /// For how long.
    pub valid_until: Option<DateTime<Utc>>,
}

fn word(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    (1..=LONGEST).contains(&text.len()).then(|| text.to_owned())
}

impl Verified {
    fn read(element: &Value) -> Option<Self> {
        let verification = element.get("verification")?;
        let birth_date = element.pointer("/claims/birthdate").and_then(Value::as_str);
        Some(Self {
            trust_framework: word(verification.get("trust_framework"))?,
            assurance_level: word(verification.get("assurance_level")),
            birth_date: birth_date.and_then(|text| text.parse().ok()),
        })
    }
}

impl Asserted {
    /// Reads the claims of a token of `iss` whose signature was verified. What is malformed says nothing.
    pub fn read(iss: Iss, claims: &Value) -> Self {
        let amr = claims.get("amr").and_then(Value::as_array);
        let amr = amr.into_iter().flatten().filter_map(|method| word(Some(method)));
        let verified: Vec<&Value> = match claims.get("verified_claims") {
            Some(Value::Array(many)) => many.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        Self {
            acr: word(claims.get("acr")),
            amr: amr.take(MOST).collect(),
            verified: verified.into_iter().take(MOST).filter_map(Verified::read).collect(),
            iss,
        }
    }

    /// What of it `policy` counts, at best, for the record of somebody born on `birth_date`.
    ///
    /// A provider that verified another birth date than the record's speaks of another person: then nothing
    /// that it says counts for this record.
    pub fn recognized(
        &self,
        policy: &ProofingPolicy,
        birth_date: Option<PartialDate>,
        now: DateTime<Utc>,
    ) -> Option<Recognized> {
        if self.verified.iter().any(|verified| contradict(verified.birth_date, birth_date)) {
            return None;
        }
        let best = self
            .facts()
            .filter_map(|fact| policy.federated_rule(&fact).cloned().map(|rule| (fact, rule)))
            .max_by_key(|(_, rule)| rule.counts_as)?;
        let (fact, rule) = best;
        let valid_until = rule.valid_days.map(|days| now + TimeDelta::days(days.into()));
        Some(Recognized { fact, valid_until })
    }

    /// One fact for each thing that was said.
    fn facts(&self) -> impl Iterator<Item = Fact> {
        let fact = |verified: Option<&Verified>| Fact::FederatedAssurance {
            iss: self.iss.clone(),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            trust_framework: verified.map(|verified| verified.trust_framework.clone()),
            assurance_level: verified.and_then(|verified| verified.assurance_level.clone()),
        };
        std::iter::once(fact(None)).chain(self.verified.iter().map(move |verified| fact(Some(verified))))
    }
}

fn contradict(said: Option<PartialDate>, recorded: Option<PartialDate>) -> bool {
    match (said, recorded) {
        (Some(said @ PartialDate::Day(_)), Some(recorded @ PartialDate::Day(_))) => said != recorded,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
