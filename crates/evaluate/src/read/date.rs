//! Birth dates as they are written, possible or not.

use kinlink_matching::BirthDate;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date by its format. What comes after what can be read is missing; a date whose year cannot be read is
/// none. `%y` is taken for 1926 to 2025.
pub(super) fn parse(text: &str, format: &str) -> Option<BirthDate> {
    let (mut year, mut month, mut day) = (0_u16, 0_u8, 0_u8);
    let mut rest = text.trim();
    let mut format = format.chars();
    while let Some(expected) = format.next() {
        if expected != '%' {
            match rest.strip_prefix(expected) {
                Some(after) => rest = after,
                None => break,
            }
            continue;
        }
        let part = format.next()?;
        if part == 'b' {
            let name = rest.get(..3)?.to_lowercase();
            month = (1_u8..).zip(MONTHS).find(|(_, known)| **known == name)?.0;
            rest = rest.get(3..)?;
            continue;
        }
        let most = if part == 'Y' { 4 } else { 2 };
        let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(length);
        let Ok(number) = digits.parse::<u16>() else { break };
        rest = after;
        match part {
            'Y' => year = number,
            'y' => year = if number < 26 { 2000 + number } else { 1900 + number },
            'm' => month = u8::try_from(number).ok()?,
            _ => day = u8::try_from(number).ok()?,
        }
    }
    // A year alone is written without the rest of the format.
    if year == 0 && text.trim().len() == 4 {
        year = text.trim().parse().ok()?;
        (month, day) = (0, 0);
    }
    BirthDate::of_digits(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        for (text, format, expected) in [
            ("19800412", "%Y%m%d", Some((1980, 4, 12))),
            ("19800231", "%Y%m%d", Some((1980, 2, 31))),
            ("1980-04-12", "%Y-%m-%d", Some((1980, 4, 12))),
            ("1980-04-12T00:00:00", "%Y-%m-%d", Some((1980, 4, 12))),
            ("1980-04", "%Y-%m-%d", Some((1980, 4, 0))),
            ("1980", "%Y-%m-%d", Some((1980, 0, 0))),
            ("1980", "%d/%m/%Y", Some((1980, 0, 0))),
            ("12/4/1980", "%d/%m/%Y", Some((1980, 4, 12))),
            ("12 Apr 1980", "%d %b %Y", Some((1980, 4, 12))),
            ("", "%Y-%m-%d", None),
            ("unknown", "%Y-%m-%d", None),
        ] {
            let expected = expected.and_then(|(year, month, day)| BirthDate::of_digits(year, month, day));
            assert_eq!(parse(text, format), expected, "{text}");
        }
    }
}
