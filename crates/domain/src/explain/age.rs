use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    access::{AccessRules, AgeExceptionKind},
    age::first_day_at,
    link::{Link, LinkRole},
};

/// Between which ages a patient is, as the rules count: it tells what applies, and no birth date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AgeBand {
    /// The youngest.
    pub from: u8,
    /// The oldest; open if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u8>,
}

/// The step of the rules that a proxy's patient is on; absent where age does not count, or is not known.
pub(super) fn band(link: &Link, rules: &AccessRules, at: DateTime<Utc>) -> Option<AgeBand> {
    let LinkRole::Proxy { basis, .. } = link.role else { return None };
    if !basis.follows_age() {
        return None;
    }
    let held = link.facts.exception.filter(|it| it.from <= at && it.until.is_none_or(|until| at < until));
    let reached: usize = match held.map(|exception| exception.kind) {
        Some(AgeExceptionKind::Incapacity) => return None,
        Some(AgeExceptionKind::Emancipated) => rules.ages.len(),
        Some(AgeExceptionKind::TreatedAs { age }) => {
            rules.ages.iter().filter(|rule| rule.from <= age).count()
        }
        None => {
            let (born, today) = (link.facts.birth_date?, rules.time_zone.day(at));
            let first = |from| first_day_at(born, from, rules.leap_birthday);
            rules.ages.iter().filter(|rule| first(rule.from).is_some_and(|day| day <= today)).count()
        }
    };
    let from = reached.checked_sub(1).and_then(|last| rules.ages.get(last)).map_or(0, |rule| rule.from);
    let to = rules.ages.get(reached).map(|next| next.from.saturating_sub(1));
    Some(AgeBand { from, to })
}
