use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Assurance, ProofingPolicy, assess};
use crate::evidence::{Evidence, EvidenceStatus};

/// What a link's evidence is worth, now and at every later moment at which some of it runs out.
///
/// Evidence that is there only ever runs out, so the whole future is known when it is assessed: no job has
/// to run for a lookup to see it lower, and a cached link lowers by itself, to the microsecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssuranceOverTime {
    first: Assurance,
    later: Vec<AssuranceStep>,
}

/// From a moment on, evidence is worth less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssuranceStep {
    /// From when on.
    pub from: DateTime<Utc>,
    /// What it is worth then.
    #[serde(flatten)]
    pub assurance: Assurance,
}

/// Steps that do not go forward in time and down in worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("assurance steps go forward in time, and down")]
pub struct UnorderedSteps;

impl From<Assurance> for AssuranceOverTime {
    /// The same for ever.
    fn from(first: Assurance) -> Self {
        Self { first, later: Vec::new() }
    }
}

impl AssuranceOverTime {
    /// `first`, and what follows it.
    pub fn new(first: Assurance, later: Vec<AssuranceStep>) -> Result<Self, UnorderedSteps> {
        let ordered = later.is_sorted_by(|a, b| a.from < b.from && a.assurance.covers(b.assurance));
        if ordered && later.first().is_none_or(|step| first.covers(step.assurance)) {
            Ok(Self { first, later })
        } else {
            Err(UnorderedSteps)
        }
    }

    /// What it was worth when it was assessed.
    pub const fn first(&self) -> Assurance {
        self.first
    }

    /// How it lowers.
    pub fn later(&self) -> &[AssuranceStep] {
        &self.later
    }

    /// What it is worth at `now`.
    pub fn at(&self, now: DateTime<Utc>) -> Assurance {
        let passed = self.later.iter().rev().find(|step| step.from <= now);
        passed.map_or(self.first, |step| step.assurance)
    }

    /// When it lowers next.
    pub fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.later.iter().map(|step| step.from).find(|from| now < *from)
    }

    /// The same, as it looks at `now`: steps that lie behind are gone.
    #[must_use]
    pub fn seen_at(&self, now: DateTime<Utc>) -> Self {
        let later = self.later.iter().filter(|step| now < step.from).copied().collect();
        Self { first: self.at(now), later }
    }
}

/// What `evidence` is worth from `now` on: what was withdrawn does not count, what runs out counts until
/// then.
pub fn assess_over_time(
    evidence: &[Evidence],
    policy: &ProofingPolicy,
    now: DateTime<Utc>,
) -> AssuranceOverTime {
    let worth = |at: DateTime<Utc>| {
        let counted = evidence.iter().filter(|evidence| evidence.status(at) == EvidenceStatus::Valid);
        assess(counted.map(|evidence| &evidence.fact), policy)
    };
    let mut ends: Vec<_> = evidence
        .iter()
        .filter(|evidence| evidence.status(now) == EvidenceStatus::Valid)
        .filter_map(|evidence| evidence.valid_until)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let first = worth(now);
    let mut last = first;
    let mut later = Vec::new();
    for from in ends {
        let assurance = worth(from);
        if assurance != last {
            later.push(AssuranceStep { from, assurance });
            last = assurance;
        }
    }
    AssuranceOverTime { first, later }
}
