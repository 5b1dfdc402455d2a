use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Listener, Situation};
use crate::{
    access::AccessRules,
    age::{first_day_at, surely_from},
};

/// What makes an answer change by the clock alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The link's period begins or ends.
    Period,
    /// Evidence runs out.
    Evidence,
    /// The patient reaches an age.
    Age,
    /// An exception from the rules of age begins or ends.
    Exception,
    /// The time after the patient's death is over.
    Death,
}

impl Cause {
    /// Whether it may be told: a birthday is not for clients, an exception is for staff alone.
    pub(super) const fn is_for(self, listener: Listener) -> bool {
        match (self, listener) {
            (_, Listener::Staff) | (Self::Period | Self::Evidence, _) | (Self::Age, Listener::Account) => {
                true
            }
            (Self::Age, Listener::Client) | (Self::Exception, _) => false,
            (Self::Death, listener) => matches!(listener, Listener::Account),
        }
    }
}

/// A moment at which the answer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextChange {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
    /// Whether the link opens its record from then on.
    pub live: bool,
}

/// The first moment after the situation at which the answer is another.
pub(super) fn change(situation: Situation<'_>, rules: &AccessRules) -> Option<NextChange> {
    let minimum = situation.policy.minimum_assurance;
    let answer = |at| {
        let access = situation.link.access(rules, minimum, at);
        (access, situation.link.assurance.at(at))
    };
    let now = answer(situation.at);
    let mut moments = moments(situation, rules);
    moments.retain(|(at, _)| *at > situation.at);
    moments.sort_unstable();
    moments.into_iter().find(|(at, _)| answer(*at) != now).map(|(at, cause)| NextChange {
        at,
        cause,
        live: matches!(answer(at).0, crate::access::Access::Live(_)),
    })
}

/// Every moment at which the clock alone may change something.
fn moments(situation: Situation<'_>, rules: &AccessRules) -> Vec<(DateTime<Utc>, Cause)> {
    let link = situation.link;
    let mut moments = vec![(link.period.start, Cause::Period)];
    moments.extend(link.period.end.map(|end| (end, Cause::Period)));
    moments.extend(link.assurance.later().iter().map(|step| (step.from, Cause::Evidence)));
    if let Some(born) = link.facts.birth_date {
        let reached = |from| first_day_at(born, from, rules.leap_birthday);
        let days = rules.ages.iter().filter_map(|rule| reached(rule.from));
        let own = surely_from(born, rules.self_from_age, rules.leap_birthday);
        moments.extend(days.chain(own).map(|day| (rules.time_zone.beginning(day), Cause::Age)));
    }
    if let Some(exception) = link.facts.exception {
        moments.push((exception.from, Cause::Exception));
        moments.extend(exception.until.map(|until| (until, Cause::Exception)));
    }
    if let Some(since) = link.facts.deceased_since {
        let days = TimeDelta::days(rules.self_days_after_death.into());
        moments.extend([since, since + days].map(|at| (at, Cause::Death)));
    }
    moments
}
