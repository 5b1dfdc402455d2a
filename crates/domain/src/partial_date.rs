//! Dates as FHIR keeps them: a year, a month of a year, or a day (FHIR R4 `date`).

use std::{fmt, str::FromStr};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A date of known precision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PartialDate {
    /// Only the year is known.
    Year(u16),
    /// Year and month are known.
    Month(u16, u8),
    /// The whole date is known.
    Day(NaiveDate),
}

/// A text that is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY, YYYY-MM or YYYY-MM-DD, between the years 1850 and 2200")]
pub struct InvalidDate;

impl PartialDate {
    /// The day, if the date is known to the day.
    pub const fn day(self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(day),
            Self::Year(_) | Self::Month(..) => None,
        }
    }
}

fn digits<T: FromStr>(text: &str, length: usize) -> Result<T, InvalidDate> {
    if text.len() != length || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidDate);
    }
    text.parse().map_err(|_| InvalidDate)
}

impl FromStr for PartialDate {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let mut parts = text.splitn(3, '-');
        let year = digits(parts.next().unwrap_or_default(), 4)?;
        if !(1850..=2200).contains(&year) {
            return Err(InvalidDate);
        }
        let Some(month) = parts.next() else { return Ok(Self::Year(year)) };
        let month = digits(month, 2)?;
        if !(1..=12).contains(&month) {
            return Err(InvalidDate);
        }
        let Some(day) = parts.next() else { return Ok(Self::Month(year, month)) };
        NaiveDate::from_ymd_opt(year.into(), month.into(), digits(day, 2)?).map(Self::Day).ok_or(InvalidDate)
    }
}

impl TryFrom<String> for PartialDate {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.to_string()
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => write!(f, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day()),
        }
    }
}

/// Shows nothing: a date of birth must not reach a log.
impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartialDate(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_reads_back_what_it_shows() {
        for text in ["1927", "1927-05", "1927-05-21", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn impossible_and_malformed_dates_are_refused() {
        for text in
            ["", "27", "1849", "1927-5-2", "1927-13", "2023-02-29", "1927-05-21T00:00", "+927", "1927-05-"]
        {
            assert_eq!(text.parse::<PartialDate>(), Err(InvalidDate), "{text}");
        }
    }
}
