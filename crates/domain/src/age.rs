//! How old somebody is on a day, at a place: the organization's time zone, and 29 February.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, TimeZone as _, Utc};
use serde::{Deserialize, Serialize};

use crate::partial_date::PartialDate;

/// A time zone of the IANA database, such as `Europe/London`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct TimeZone(chrono_tz::Tz);

/// A text that names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is a name of the IANA database such as Europe/London or America/New_York")]
pub struct UnknownTimeZone;

impl TimeZone {
    /// Universal time.
    pub const UTC: Self = Self(chrono_tz::Tz::UTC);

    /// The day that `at` falls on here.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// The moment at which `day` begins here: its first that exists, where a change of the clock skips midnight.
    pub fn beginning(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(chrono::NaiveTime::MIN);
        let hours = (0..24).map(|hour| midnight + chrono::TimeDelta::hours(hour));
        let first = hours.into_iter().find_map(|time| self.0.from_local_datetime(&time).earliest());
        first.map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;
    fn from_str(text: &str) -> Result<Self, UnknownTimeZone> {
        text.parse().map(Self).map_err(|_| UnknownTimeZone)
    }
}

impl TryFrom<String> for TimeZone {
    type Error = UnknownTimeZone;
    fn try_from(text: String) -> Result<Self, UnknownTimeZone> {
        text.parse()
    }
}

impl From<TimeZone> for &'static str {
    fn from(zone: TimeZone) -> Self {
        zone.0.name()
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// When somebody who was born on 29 February has a birthday in other years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeapBirthday {
    /// On 28 February, as in New Zealand.
    February28,
    /// On 1 March, as in England.
    #[default]
    March1,
}

/// The latest birth date that fits: somebody whose day is not known counts as young until they surely are not.
fn latest(born: PartialDate) -> Option<NaiveDate> {
    match born {
        PartialDate::Day(day) => Some(day),
        PartialDate::Month(year, month) => {
            let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            NaiveDate::from_ymd_opt(next.0.into(), next.1.into(), 1)?.pred_opt()
        }
        PartialDate::Year(year) => NaiveDate::from_ymd_opt(year.into(), 12, 31),
    }
}

/// The earliest birth date that fits.
fn earliest(born: PartialDate) -> Option<NaiveDate> {
    match born {
        PartialDate::Day(day) => Some(day),
        PartialDate::Month(year, month) => NaiveDate::from_ymd_opt(year.into(), month.into(), 1),
        PartialDate::Year(year) => NaiveDate::from_ymd_opt(year.into(), 1, 1),
    }
}

/// The day on which somebody born on `born` becomes `age`.
fn birthday(born: NaiveDate, age: u8, leap: LeapBirthday) -> Option<NaiveDate> {
    let year = born.year() + i32::from(age);
    born.with_year(year).or_else(|| match leap {
        LeapBirthday::February28 => NaiveDate::from_ymd_opt(year, 2, 28),
        LeapBirthday::March1 => NaiveDate::from_ymd_opt(year, 3, 1),
    })
}

/// The first day on which somebody may be `age`, if their day of birth is not known: what ends for others at
/// that age ends then.
pub fn first_day_at(born: PartialDate, age: u8, leap: LeapBirthday) -> Option<NaiveDate> {
    birthday(earliest(born)?, age, leap)
}

/// The first day on which somebody is surely `age`: what begins for themselves at that age begins then.
pub fn surely_from(born: PartialDate, age: u8, leap: LeapBirthday) -> Option<NaiveDate> {
    birthday(latest(born)?, age, leap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_birthday_is_a_day_of_the_calendar() {
        use LeapBirthday::{February28, March1};
        for (born, age, leap, first, surely) in [
            ("2014-11-24", 12, March1, "2026-11-24", "2026-11-24"),
            ("2008-02-29", 18, March1, "2026-03-01", "2026-03-01"),
            ("2008-02-29", 18, February28, "2026-02-28", "2026-02-28"),
            ("2008-02-29", 12, March1, "2020-02-29", "2020-02-29"),
            ("2008-02-29", 12, February28, "2020-02-29", "2020-02-29"),
            ("2014", 12, March1, "2026-01-01", "2026-12-31"),
            ("2014-12", 12, March1, "2026-12-01", "2026-12-31"),
            ("2014-02", 12, March1, "2026-02-01", "2026-02-28"),
            ("2012-02", 14, March1, "2026-02-01", "2026-03-01"),
        ] {
            let born = born.parse().unwrap();
            assert_eq!(first_day_at(born, age, leap), Some(day(first)), "{born:?} at {age}");
            assert_eq!(surely_from(born, age, leap), Some(day(surely)), "{born:?} at {age}");
        }
    }

    #[test]
    fn a_day_begins_where_the_organization_is() {
        for (zone, date, begins) in [
            ("UTC", "2026-11-24", "2026-11-24T00:00:00Z"),
            ("Pacific/Auckland", "2026-11-24", "2026-11-23T11:00:00Z"),
            ("America/Los_Angeles", "2026-11-24", "2026-11-24T08:00:00Z"),
            // Midnight was skipped here that day.
            ("Asia/Beirut", "2021-03-28", "2021-03-27T22:00:00Z"),
        ] {
            let zone: TimeZone = zone.parse().unwrap();
            let at = begins.parse::<DateTime<Utc>>().unwrap();
            assert_eq!(zone.beginning(day(date)), at, "{zone}");
            assert_eq!(zone.day(at), day(date), "{zone}");
            assert_eq!(zone.day(at - chrono::TimeDelta::nanoseconds(1)), day(date).pred_opt().unwrap());
        }
        assert!("Middle/Earth".parse::<TimeZone>().is_err());
    }
}
