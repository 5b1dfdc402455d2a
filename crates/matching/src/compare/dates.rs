//! Birth dates: what typists, forms and memories do to them.

use crate::{level::Birth, normalise::birth::BirthDate};

/// Compares two birth dates.
pub(crate) fn compare(a: BirthDate, b: BirthDate) -> Birth {
    if a == b {
        return if a.is_whole() { Birth::Exact } else { Birth::Partial };
    }
    if a.swapped() == Some(b) {
        return Birth::Transposed;
    }
    let same_year = a.year == b.year;
    let same_month = a.month == b.month && a.month != 0;
    // A side that does not know the day or the month, or was told to the first for want of it.
    if same_year {
        let year_only = a.may_be_year_only() || b.may_be_year_only();
        let month_only = same_month && (a.may_be_month_only() || b.may_be_month_only());
        if year_only || month_only {
            return Birth::Partial;
        }
    }
    if !(a.is_whole() && b.is_whole()) {
        return if same_year { Birth::Year } else { Birth::Different };
    }
    let slips = slips(a.digits(), b.digits());
    // Two years with the first of January for want of a day share no day, and years alone are near often.
    if a.may_be_year_only() && b.may_be_year_only() {
        return if slips == 1 { Birth::TwoDigits } else { Birth::Different };
    }
    match slips {
        1 => Birth::OneDigit,
        _ if same_month && a.day == b.day => Birth::MonthDay,
        _ if same_year && same_month => Birth::YearMonth,
        2 => Birth::TwoDigits,
        _ if same_year => Birth::Year,
        _ => Birth::Different,
    }
}

/// How many digits differ, two neighbours that have changed places counted once.
fn slips(a: [u8; 8], b: [u8; 8]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at < 8 {
        if a[at] != b[at] {
            count += 1;
            if at + 1 < 8 && a[at] == b[at + 1] && a[at + 1] == b[at] {
                at += 1;
            }
        }
        at += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BirthDate {
        let number = |range: std::ops::Range<usize>| text.get(range).map_or(0, |t| t.parse::<u16>().unwrap());
        let small = |n: u16| u8::try_from(n).unwrap();
        BirthDate { year: number(0..4), month: small(number(4..6)), day: small(number(6..8)) }
    }

    #[test]
    fn every_slip_has_its_level() {
        for (a, b, level) in [
            ("19800412", "19800412", Birth::Exact),
            ("19800412", "19801204", Birth::Transposed),
            ("19800412", "19800413", Birth::OneDigit),
            ("19800412", "19800421", Birth::OneDigit),
            ("19800412", "19080412", Birth::OneDigit),
            ("19800412", "19800423", Birth::YearMonth),
            ("19800412", "19800529", Birth::Year),
            ("19800412", "1980", Birth::Partial),
            ("19800412", "198004", Birth::Partial),
            ("19800412", "19800101", Birth::Partial),
            ("19800412", "19800401", Birth::Partial),
            ("19800412", "1981", Birth::Different),
            ("1980", "1980", Birth::Partial),
            ("19800101", "19810101", Birth::TwoDigits),
            ("19800101", "19670101", Birth::Different),
            ("19800412", "19670930", Birth::Different),
            ("19800412", "19610412", Birth::MonthDay),
        ] {
            assert_eq!(compare(date(a), date(b)), level, "{a} {b}");
            assert_eq!(compare(date(b), date(a)), level, "{b} {a}");
        }
    }
}
