//! Birth dates as digits: a registry may hold the 31st of February, and it still tells people apart.

use chrono::Datelike;
use kinlink_domain::partial_date::PartialDate;

/// A birth date as it was written, possible or not. A month or day of 0 is not known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BirthDate {
    /// The year, never 0.
    pub year: u16,
    /// The month as written, 1 to 99, or 0.
    pub month: u8,
    /// The day as written, 1 to 99, or 0.
    pub day: u8,
}

/// Shows nothing: a date of birth must not reach a log.
impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(…)")
    }
}

impl BirthDate {
    /// A date of these digits; none if the year is missing or the whole is what forms are filled with.
    pub fn of_digits(year: u16, month: u8, day: u8) -> Option<Self> {
        let date = Self { year, month, day: if month == 0 { 0 } else { day } };
        let made_up = matches!(
            (year, month, day),
            (0 | 1 | 1111 | 9999, _, _) | (1900 | 1800 | 1901 | 1753, 1, 1) | (1899, 12, 30 | 31)
        );
        (!made_up).then_some(date)
    }

    /// Whether it is known to the day.
    pub const fn is_whole(self) -> bool {
        self.day != 0
    }

    /// The digits YYYYMMDD as a text.
    pub(crate) fn text(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The eight digits YYYYMMDD.
    pub(crate) fn digits(self) -> [u8; 8] {
        let Self { year, month, day } = self;
        let digit = |n: u16| u8::try_from(n % 10).unwrap_or(0);
        let (month, day) = (u16::from(month), u16::from(day));
        [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            digit(month / 10),
            digit(month),
            digit(day / 10),
            digit(day),
        ]
    }

    /// Day and month exchanged, where that is another date.
    pub(crate) fn swapped(self) -> Option<Self> {
        let Self { year, month, day } = self;
        (self.is_whole() && day != month).then_some(Self { year, month: day, day: month })
    }

    /// Whether it may have been written for "some day of that year": the first of January.
    pub(crate) const fn may_be_year_only(self) -> bool {
        self.month == 0 || (self.month == 1 && self.day <= 1)
    }

    /// Whether it may have been written for "some day of that month": the first, or no day at all.
    pub(crate) const fn may_be_month_only(self) -> bool {
        self.day <= 1
    }
}

impl From<PartialDate> for BirthDate {
    fn from(date: PartialDate) -> Self {
        let small = |n: u32| u8::try_from(n).unwrap_or(0);
        match date {
            PartialDate::Year(year) => Self { year, month: 0, day: 0 },
            PartialDate::Month(year, month) => Self { year, month, day: 0 },
            PartialDate::Day(day) => Self {
                year: u16::try_from(day.year()).unwrap_or(0),
                month: small(day.month()),
                day: small(day.day()),
            },
        }
    }
}
