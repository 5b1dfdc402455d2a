//! Whether a link opens its record at a given moment, and what it gives: the one decision that lookups, token
//! hooks, pages and explanations share.
//!
//! It is made when it is asked for, from what stands with the link and the organization's rules. No job has to
//! run for a birthday, a death or the end of a period to count.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    age::{LeapBirthday, TimeZone, first_day_at, surely_from},
    link::{Link, LinkRole, LinkStatus},
    partial_date::PartialDate,
    permission::Permissions,
    proofing::Ial,
    relationship::ProxyBasis,
    store::AnswerableLink,
};

mod answering;

pub use answering::{Answering, Fingerprint, Gave};

/// What the rules ask of the patient; kept with each link, encrypted, so that a lookup reads no second table.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PatientFacts {
    /// The birth date on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<PartialDate>,
    /// When the patient died, or since when Kinlink knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deceased_since: Option<DateTime<Utc>>,
    /// What staff recorded against the age rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<AgeException>,
}

/// Shows nothing: a birth date must not reach a log.
impl fmt::Debug for PatientFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientFacts(…)")
    }
}

/// Staff recorded that the age rules do not fit this patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeException {
    /// What holds instead.
    pub kind: AgeExceptionKind,
    /// From when.
    pub from: DateTime<Utc>,
    /// The first moment at which it holds no more; open if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// What holds instead of the age rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgeExceptionKind {
    /// The minor decides as an adult does: what ends for parents at full age has ended.
    Emancipated,
    /// The patient cannot decide, at whatever age: nothing narrows or ends by age.
    Incapacity,
    /// The rules apply as if the patient were this old: a mature minor, or one who matures late.
    TreatedAs {
        /// In years.
        age: u8,
    },
}

impl AgeException {
    fn holds(self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What proxies of a minor may do from an age on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeRule {
    /// In years.
    pub from: u8,
    /// The most that they get; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
}

/// An organization's rules of who opens what, as a lookup needs them: made from its policy
/// ([`crate::policy::FamilyPolicy::rules`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRules {
    /// Where its days begin and end.
    pub time_zone: TimeZone,
    /// When those born on 29 February have their birthday.
    pub leap_birthday: LeapBirthday,
    /// By age, youngest first.
    pub ages: Vec<AgeRule>,
    /// From which age patients open their own record.
    pub self_from_age: u8,
    /// Days for which a patient's own link stays open after their death.
    pub self_days_after_death: u16,
}

/// A step of the age rules that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeStep<'a> {
    /// When it begins to count.
    pub at: DateTime<Utc>,
    /// The rule that counts from then on.
    pub rule: &'a AgeRule,
}

impl AccessRules {
    /// The most that `role` gives now beside what the link itself says, `None` being no bound; or why nothing.
    fn bound(
        &self,
        role: &LinkRole,
        facts: &PatientFacts,
        now: DateTime<Utc>,
    ) -> Result<Option<&Permissions>, LinkStatus> {
        match role {
            LinkRole::SelfRole => self.of_patient(facts, now).map(|()| None),
            LinkRole::Proxy { basis: ProxyBasis::Executor, .. } => match facts.deceased_since {
                Some(since) if since <= now => Ok(None),
                _ => Err(LinkStatus::PatientLiving),
            },
            LinkRole::Proxy { .. } if facts.deceased_since.is_some_and(|since| since <= now) => {
                Err(LinkStatus::PatientDeceased)
            }
            LinkRole::Proxy { basis, .. } if basis.follows_age() => self.of_minor(facts, now),
            LinkRole::Proxy { .. } => Ok(None),
        }
    }

    fn of_patient(&self, facts: &PatientFacts, now: DateTime<Utc>) -> Result<(), LinkStatus> {
        let days = TimeDelta::days(self.self_days_after_death.into());
        if facts.deceased_since.is_some_and(|since| since + days <= now) {
            return Err(LinkStatus::PatientDeceased);
        }
        let old_enough = match facts.exception.filter(|exception| exception.holds(now)).map(|e| e.kind) {
            Some(AgeExceptionKind::Emancipated) => true,
            Some(AgeExceptionKind::TreatedAs { age }) => age >= self.self_from_age,
            // Whose age is not on record is not kept from their own record.
            Some(AgeExceptionKind::Incapacity) | None => facts
                .birth_date
                .and_then(|born| self.own_from(born))
                .is_none_or(|day| day <= self.time_zone.day(now)),
        };
        if old_enough { Ok(()) } else { Err(LinkStatus::TooYoung) }
    }

    /// Whether the patient is not of full age, or may not be: the last age at which the rules narrow what others may
    /// do. Whose age is not on record may be a minor.
    pub fn may_be_minor(&self, facts: &PatientFacts, now: DateTime<Utc>) -> bool {
        let full_age = self.ages.last().map_or(0, |rule| rule.from).max(self.self_from_age);
        match facts.exception.filter(|exception| exception.holds(now)).map(|exception| exception.kind) {
            Some(AgeExceptionKind::Emancipated) => false,
            Some(AgeExceptionKind::TreatedAs { age }) => age < full_age,
            Some(AgeExceptionKind::Incapacity) | None => {
                let born = facts.birth_date.and_then(|born| surely_from(born, full_age, self.leap_birthday));
                born.is_none_or(|day| day > self.time_zone.day(now))
            }
        }
    }

    fn of_minor(&self, facts: &PatientFacts, now: DateTime<Utc>) -> Result<Option<&Permissions>, LinkStatus> {
        let rule = match facts.exception.filter(|exception| exception.holds(now)).map(|e| e.kind) {
            Some(AgeExceptionKind::Incapacity) => return Ok(None),
            Some(AgeExceptionKind::Emancipated) => self.ages.last(),
            Some(AgeExceptionKind::TreatedAs { age }) => self.ages.iter().rfind(|rule| rule.from <= age),
            None => {
                let born = facts.birth_date.ok_or(LinkStatus::AgeUnknown)?;
                let today = self.time_zone.day(now);
                let reached = |rule: &&AgeRule| self.bounds_from(rule, born).is_some_and(|day| day <= today);
                self.ages.iter().rfind(reached)
            }
        };
        match rule {
            None => Ok(None),
            Some(AgeRule { permissions: None, .. }) => Err(LinkStatus::AgedOut),
            Some(AgeRule { permissions: Some(permissions), .. }) => Ok(Some(permissions)),
        }
    }

    /// The next step by which proxies of this minor get another bound, by the birth date alone.
    pub fn next_step(&self, facts: &PatientFacts, now: DateTime<Utc>) -> Option<AgeStep<'_>> {
        let born = facts.birth_date?;
        let at = |rule: &AgeRule| self.bounds_from(rule, born).map(|day| self.time_zone.beginning(day));
        self.ages.iter().find_map(|rule| at(rule).filter(|at| *at > now).map(|at| AgeStep { at, rule }))
    }

    /// The first day on which the rule counts for proxies of who was born then.
    fn bounds_from(&self, rule: &AgeRule, born: PartialDate) -> Option<NaiveDate> {
        first_day_at(born, rule.from, self.leap_birthday)
    }

    /// The first day on which a patient who was born then surely opens their own record.
    fn own_from(&self, born: PartialDate) -> Option<NaiveDate> {
        surely_from(born, self.self_from_age, self.leap_birthday)
    }
}

/// Why a link opens nothing for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// By where it stands.
    Status(LinkStatus),
    /// It is proven less well than is asked for.
    Unproven,
}

/// Whether a link opens its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access<'a> {
    /// It does, and gives this.
    Live(Cow<'a, Permissions>),
    /// It does not.
    Closed(Closed),
}

impl Link {
    /// What it gives at `now`, or where it stands instead; how well it is proven aside.
    pub fn gives<'a>(
        &'a self,
        rules: &'a AccessRules,
        now: DateTime<Utc>,
    ) -> Result<Cow<'a, Permissions>, LinkStatus> {
        match self.stored_status(now) {
            LinkStatus::Active => {}
            closed => return Err(closed),
        }
        match rules.bound(&self.role, &self.facts, now)? {
            None => Ok(Cow::Borrowed(&self.permissions)),
            Some(bound) => {
                let left = self.permissions.intersection(bound);
                if left.is_empty() { Err(LinkStatus::AgedOut) } else { Ok(Cow::Owned(left)) }
            }
        }
    }

    /// Where it stands at `now`, as one word.
    pub fn status(&self, rules: &AccessRules, now: DateTime<Utc>) -> LinkStatus {
        self.gives(rules, now).err().unwrap_or(LinkStatus::Active)
    }

    /// Whether it opens the record at `now` for somebody who asks for at least `minimum`.
    pub fn access<'a>(&'a self, rules: &'a AccessRules, minimum: Ial, now: DateTime<Utc>) -> Access<'a> {
        match self.gives(rules, now) {
            Err(status) => Access::Closed(Closed::Status(status)),
            Ok(_) if self.assurance.at(now).ial < minimum => Access::Closed(Closed::Unproven),
            Ok(permissions) => Access::Live(permissions),
        }
    }
}

impl AnswerableLink {
    /// Whether it opens the record at `now` for a client that asks for at least `minimum`; the organization's
    /// own minimum counts beside it.
    pub fn access(&self, minimum: Option<Ial>, now: DateTime<Utc>) -> Access<'_> {
        let minimum = minimum.unwrap_or(Ial::Ial1).max(self.minimum_assurance);
        self.link.access(&self.rules, minimum, now)
    }
}

#[cfg(test)]
mod tests;
