//! Why a link opens its record at a moment, or does not: in data and in plain words.
//!
//! It is told from the same decision that lookups are answered by ([`Link::access`]); nothing is decided here.
//! Whoever asks is told what they may know: staff all of it, the account neither reasons nor who acted, a client
//! nothing that tells of the patient's age either.

mod age;
mod next;
mod words;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use age::AgeBand;
pub use next::{Cause, NextChange};

use crate::{
    access::{Access, AccessRules, Closed},
    evidence::{Evidence, EvidenceStatus, Fact},
    grant::Grant,
    link::{Link, LinkStatus},
    policy::Policy,
    proofing::{Assurance, assess},
};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// Staff of the organization.
    Staff,
    /// The account that the link belongs to.
    Account,
    /// A client of the organization.
    Client,
}

/// A link as it stood at a moment, with what counts beside it.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The link as it stood then.
    pub link: &'a Link,
    /// Its evidence, all of it.
    pub evidence: &'a [Evidence],
    /// The organization's policy as it was then.
    pub policy: &'a Policy,
    /// The grant that a proxy's link comes from.
    pub grant: Option<&'a Grant>,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Whether somebody ended or suspended it.
    State,
    /// From when to when it holds.
    Period,
    /// Whether the record can be used.
    Record,
    /// How old the patient is, and what the rules say of it.
    Age,
    /// What staff recorded against the rules of age.
    Exception,
    /// Whether the patient is alive.
    Life,
    /// What its evidence is worth, against what the organization asks for.
    Assurance,
    /// Who let a proxy act, and on what terms.
    Grant,
    /// What it gives.
    Permissions,
}

/// One reason for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is about.
    pub about: About,
    /// Whether it speaks for the link opening its record.
    pub holds: bool,
    /// In plain words.
    pub text: String,
}

/// One piece of evidence and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// Which kind of fact.
    pub kind: &'static str,
    /// Whether it counted then.
    pub status: EvidenceStatus,
    /// What it would be worth if there were nothing else.
    pub alone: Assurance,
}

/// Why a link opens its record, or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it opens the record.
    pub live: bool,
    /// Where it stands, but for how well it is proven.
    pub status: LinkStatus,
    /// The answer in a sentence or two.
    pub summary: String,
    /// All that counts, for and against.
    pub reasons: Vec<Reason>,
    /// What it gives; absent where it gives nothing.
    pub gives: Option<String>,
    /// Between which ages the patient is, as the rules count; absent where age does not count.
    pub age: Option<AgeBand>,
    /// What the evidence is worth, each by itself.
    pub evidence: Vec<Worth>,
    /// The next moment at which the answer changes by the clock alone.
    pub next: Option<NextChange>,
}

impl Situation<'_> {
    /// Explains it.
    pub fn explain(self, listener: Listener) -> Explanation {
        let rules = self.policy.family.rules();
        let access = self.link.access(&rules, self.policy.minimum_assurance, self.at);
        let status = self.link.status(&rules, self.at);
        let (live, gives) = match &access {
            Access::Live(permissions) => (true, Some(permissions.to_string())),
            Access::Closed(Closed::Status(_) | Closed::Unproven) => (false, None),
        };
        let next = next::change(self, &rules).filter(|change| change.cause.is_for(listener));
        let age = age::band(self.link, &rules, self.at).filter(|_| self.may_know_age(listener));
        let mut explanation = Explanation {
            live,
            status,
            summary: String::new(),
            reasons: self.reasons(listener, &rules),
            gives,
            age,
            evidence: self.worths(listener),
            next,
        };
        explanation.summary = words::summary(&explanation, self, &access);
        explanation
    }

    /// An exception is not for the account to know of, nor is an age that does not fit because of one.
    fn may_know_age(self, listener: Listener) -> bool {
        match listener {
            Listener::Staff => true,
            Listener::Account => self.link.facts.exception.is_none(),
            Listener::Client => false,
        }
    }

    /// All that counts.
    fn reasons(self, listener: Listener, rules: &AccessRules) -> Vec<Reason> {
        let mut reasons = vec![
            words::state(self.link, listener),
            words::period(self.link, self.at),
            words::record(self.link),
            words::life(self.link, rules, self.at),
        ];
        if listener == Listener::Staff {
            reasons.extend(words::exception(self.link, self.at));
        }
        reasons.extend(words::age(self, rules, listener));
        reasons.extend(self.grant.and_then(|grant| words::grant(grant, self.at, listener)));
        reasons.push(words::assurance(self));
        reasons.push(words::permissions(self, rules));
        reasons
    }

    fn worths(self, listener: Listener) -> Vec<Worth> {
        let there = self.evidence.iter().filter(|evidence| evidence.established_at <= self.at);
        let worth = |evidence: &Evidence| Worth {
            kind: evidence.fact.kind(),
            status: evidence.status_at(self.at),
            alone: assess([&evidence.fact] as [&Fact; 1], &self.policy.proofing),
        };
        let told = |worth: &Worth| match listener {
            Listener::Staff => true,
            // What staff suspect is not for whom they suspect.
            Listener::Account => worth.status != EvidenceStatus::Withdrawn,
            Listener::Client => false,
        };
        there.map(worth).filter(told).collect()
    }
}

#[cfg(test)]
mod tests;
