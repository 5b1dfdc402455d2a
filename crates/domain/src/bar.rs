//! Bars: a court's order, or another, that keeps a person from a record whatever else says yes.
//!
//! ```text
//! in force ──► lifted    by staff, with a reference
//!     └──────► over      by the clock: derived when read
//! ```
//! A bar that names an account is enforced: it ends that account's proxy link and refuses every later one. One
//! that names nobody whom Kinlink knows is shown to staff before they give anybody access.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AccountId, BarId, OrganizationId, PatientId},
};

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its id.
    pub id: BarId,
    /// The custodian of the record.
    pub organization: OrganizationId,
    /// The record.
    pub patient: PatientId,
    /// Who is barred, if they have an account that is known.
    pub account: Option<AccountId>,
    /// What staff need to know of it. Encrypted at rest.
    pub about: AboutBar,
    /// The first moment at which it holds no more; open if absent.
    pub until: Option<DateTime<Utc>>,
    /// Who recorded it.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// Who lifted it and when, if anybody did.
    pub lifted: Option<Lifted>,
}

/// Who lifted a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Actor,
}

/// What staff need to know of a bar.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutBar {
    /// The person, by name or description.
    pub person: String,
    /// The order, as the organization files it.
    pub reference: String,
}

/// Shows nothing: a name must not reach a log.
impl fmt::Debug for AboutBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AboutBar(…)")
    }
}

/// A bar that was lifted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bar was lifted before")]
pub struct AlreadyLifted;

impl Bar {
    /// Whether it holds at `now`.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.lifted.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Lifts it.
    pub fn lift(self, by: Actor, now: DateTime<Utc>) -> Result<Self, AlreadyLifted> {
        match self.lifted {
            Some(_) => Err(AlreadyLifted),
            None => Ok(Self { lifted: Some(Lifted { at: now, by }), ..self }),
        }
    }
}

/// Whether one of `bars` keeps this account out at `now`.
pub fn bars_account(bars: &[Bar], account: AccountId, now: DateTime<Utc>) -> bool {
    bars.iter().any(|bar| bar.account == Some(account) && bar.is_in_force(now))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::id::Id;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn bar(account: Option<AccountId>, until: Option<DateTime<Utc>>) -> Bar {
        Bar {
            id: Id::from_uuid(Uuid::nil()),
            organization: Id::from_uuid(Uuid::nil()),
            patient: Id::from_uuid(Uuid::nil()),
            account,
            about: AboutBar { person: String::new(), reference: String::new() },
            until,
            by: Actor::Operator,
            at: NOW,
            lifted: None,
        }
    }

    #[test]
    fn a_bar_keeps_out_whom_it_names_until_it_is_over_or_lifted() {
        let (barred, other) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let hour = TimeDelta::hours(1);
        let lifted = bar(Some(barred), None).lift(Actor::Operator, NOW).unwrap();
        assert_eq!(lifted.clone().lift(Actor::Operator, NOW), Err(AlreadyLifted));
        for (bar, account, expected) in [
            (bar(Some(barred), None), barred, true),
            (bar(Some(barred), None), other, false),
            (bar(None, None), barred, false),
            (bar(Some(barred), Some(NOW + hour)), barred, true),
            (bar(Some(barred), Some(NOW)), barred, false),
            (lifted, barred, false),
        ] {
            assert_eq!(bars_account(std::slice::from_ref(&bar), account, NOW), expected, "{bar:?}");
        }
    }
}
