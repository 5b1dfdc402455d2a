//! What an organization answers lookups by, what a link gives by it, and when the clock will next make that
//! something else. What was told of a link is kept as a [`Gave`], so that the next change is seen against it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Access, AccessRules, PatientFacts};
use crate::{
    link::{Link, LinkRole, LinkState},
    organization::{FhirBase, Organization, Slug},
    outbox::Turn,
    proofing::Ial,
    relationship::ProxyBasis,
    store::Turning,
};

/// Stands for something that is only kept to be compared: half of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    fn of(what: &impl Serialize) -> Self {
        // What is serialised here has neither maps nor fallible parts.
        let text = serde_json::to_vec(what).unwrap_or_default();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(text)[..16]);
        Self(bytes)
    }
}

/// What lookups answer of a link, as far as whoever listens is told of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gave {
    /// The link is older than this is kept.
    Unknown,
    /// Nothing.
    Nothing,
    /// This.
    Something(Fingerprint),
}

/// What an organization answers lookups by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    rules: AccessRules,
    minimum: Ial,
    /// How long before the clock changes what a proxy gets they are told.
    notice: TimeDelta,
    slug: Slug,
    fhir_base: FhirBase,
    fingerprint: Fingerprint,
}

impl Organization {
    /// What it answers lookups by.
    pub fn answering(&self) -> Answering {
        let (rules, minimum) = (self.policy.family.rules(), self.policy.minimum_assurance);
        let days = self.policy.family.notice_days;
        let fingerprint = Fingerprint::of(&(&rules, minimum, days, &self.slug, &self.fhir_base));
        Answering {
            rules,
            minimum,
            notice: TimeDelta::days(days.into()),
            slug: self.slug.clone(),
            fhir_base: self.fhir_base.clone(),
            fingerprint,
        }
    }
}

impl Answering {
    /// Another one has another fingerprint.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The organization's rules of who opens what.
    pub const fn rules(&self) -> &AccessRules {
        &self.rules
    }

    /// What lookups answer of the link at `now`. A change of its version alone is none.
    pub fn gave(&self, link: &Link, now: DateTime<Utc>) -> Gave {
        let Access::Live(permissions) = link.access(&self.rules, self.minimum, now) else {
            return Gave::Nothing;
        };
        Gave::Something(Fingerprint::of(&(
            (&self.slug, &self.fhir_base, &link.fhir_id),
            &link.role,
            &*permissions,
            (link.period.start, link.period.end),
            (link.assurance.at(now), link.assurance.until(now)),
        )))
    }

    /// When the clock next changes what lookups answer of the link.
    pub fn next_change(&self, link: &Link, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let gives = self.gave(link, now);
        self.moments(link, now).into_iter().find(|at| self.gave(link, *at) != gives)
    }

    /// When the clock next leaves a proxy with other or no permissions, and which of both.
    pub fn next_turn(&self, link: &Link, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Turn)> {
        let access = |at| link.access(&self.rules, self.minimum, at);
        let Access::Live(gives) = access(now) else { return None };
        if link.role == LinkRole::SelfRole {
            return None;
        }
        self.moments(link, now).into_iter().find_map(|at| match access(at) {
            Access::Live(then) if then == gives => None,
            Access::Live(_) => Some((at, Turn::Changes)),
            Access::Closed(_) => Some((at, Turn::Ends)),
        })
    }

    /// What is to be kept of the link, as it stands at `now`, for those who tell of it. `foretold` is the turn that
    /// people were told of beforehand.
    pub fn turning(&self, link: &Link, foretold: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Turning {
        let next = self.next_turn(link, now).map(|(at, _)| at).filter(|at| foretold != Some(*at));
        let notice = next.map(|at| at - self.notice);
        let active = link.state == LinkState::Active;
        Turning {
            gave: self.gave(link, now),
            // No policy opens what is suspended.
            answered_by: active.then_some(self.fingerprint),
            foretold,
            due_at: self.next_change(link, now).into_iter().chain(notice).min(),
        }
    }

    /// Whether it is time to tell people of a turn, and which.
    pub fn to_foretell(
        &self,
        link: &Link,
        foretold: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Turn)> {
        self.next_turn(link, now).filter(|(at, _)| foretold != Some(*at) && *at - self.notice <= now)
    }

    /// The moments after `now` at which the clock may change what the link gives, in their order.
    fn moments(&self, link: &Link, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        if link.state != LinkState::Active {
            return Vec::new();
        }
        let mut moments = self.rules.moments(&link.role, &link.facts);
        moments.push(link.period.start);
        moments.extend(link.period.end);
        moments.extend(link.assurance.later().iter().map(|step| step.from));
        moments.retain(|at| *at > now);
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

impl AccessRules {
    /// The moments at which the rules may begin to say something else of a link of this role.
    fn moments(&self, role: &LinkRole, facts: &PatientFacts) -> Vec<DateTime<Utc>> {
        let own = *role == LinkRole::SelfRole;
        let mut moments = Vec::new();
        let days = TimeDelta::days(if own { self.self_days_after_death.into() } else { 0 });
        moments.extend(facts.deceased_since.map(|since| since + days));
        if !own && !role.basis().is_some_and(ProxyBasis::follows_age) {
            return moments;
        }
        if let Some(exception) = facts.exception {
            moments.push(exception.from);
            moments.extend(exception.until);
        }
        if let Some(born) = facts.birth_date {
            let own_from = own.then(|| self.own_from(born)).flatten();
            let steps = self.ages.iter().filter(|_| !own).filter_map(|rule| self.bounds_from(rule, born));
            moments.extend(own_from.into_iter().chain(steps).map(|day| self.time_zone.beginning(day)));
        }
        moments
    }
}

#[cfg(test)]
mod tests;
