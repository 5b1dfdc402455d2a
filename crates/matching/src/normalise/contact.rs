//! Telephone numbers in E.164 and email addresses in lower case.

use phonenumber::country;

use super::placeholder::is_made_up;

/// Where a number without a country code is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneRegion(country::Id);

/// A text that names no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is an ISO 3166 code of two letters, such as US")]
pub struct UnknownRegion;

impl std::str::FromStr for PhoneRegion {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        text.parse().map(Self).map_err(|_| UnknownRegion)
    }
}

/// The United States, as in US Core.
impl Default for PhoneRegion {
    fn default() -> Self {
        Self(country::Id::US)
    }
}

/// A number as country code and national number, digits only; none if it is no number that anybody has.
pub(crate) fn phone(text: &str, region: PhoneRegion) -> Option<String> {
    // An extension is no part of the number, and whoever writes more than this writes no number.
    let text = text.split(['x', 'X', ';', ',']).next().unwrap_or_default().trim();
    if text.len() > 40 {
        return None;
    }
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let tail = digits.as_bytes().get(digits.len().saturating_sub(7)..).unwrap_or_default();
    if digits.len() < 6 || is_made_up(digits.as_bytes()) || is_made_up(tail) {
        return None;
    }
    if text.starts_with('+') {
        // `+44 (0)20 …` is often written; the zero is not dialled.
        return Some(if text.contains("(0)") { expensive(text, region).unwrap_or(digits) } else { digits });
    }
    let north_american = matches!(region.0, country::Id::US | country::Id::CA);
    match (north_american, digits.len()) {
        // The library takes a hundred times as long, and numbers of this kind are nearly all there are.
        (true, 10) => digits.insert(0, '1'),
        (true, 11) if digits.starts_with('1') => {}
        _ => return Some(expensive(text, region).unwrap_or(digits)),
    }
    Some(digits)
}

fn expensive(text: &str, region: PhoneRegion) -> Option<String> {
    let number = phonenumber::parse(Some(region.0), text).ok()?;
    Some(format!("{}{}", number.country().code(), number.national().value()))
}

/// An address in lower case; none if it is no address.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("mailto:").map_or(text.clone(), str::to_owned);
    let (local, domain) = text.rsplit_once('@')?;
    let nobody =
        matches!(local, "none" | "noemail" | "no" | "na" | "unknown" | "noreply" | "test" | "nomail");
    (!local.is_empty() && domain.contains('.') && !nobody).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_written_in_several_ways_is_one() {
        let us = PhoneRegion::default();
        for text in
            ["555-321-8842", "(555) 321 8842", "+1 555 321 8842", "1-555-321-8842", "555.321.8842 x12"]
        {
            assert_eq!(phone(text, us).as_deref(), Some("15553218842"), "{text}");
        }
        let gb = "GB".parse().unwrap();
        for text in ["020 7946 0018", "+44 20 7946 0018", "+44 (0)20 7946 0018"] {
            assert_eq!(phone(text, gb).as_deref(), Some("442079460018"), "{text}");
        }
        for text in ["", "999", "000-000-0000", "555-555-5555", "unknown", "1234567890"] {
            assert_eq!(phone(text, us), None, "{text}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_missing() {
        assert_eq!(email(" Ada@Example.ORG ").as_deref(), Some("ada@example.org"));
        for text in ["", "none", "none@example.org", "ada", "@example.org"] {
            assert_eq!(email(text), None, "{text}");
        }
    }
}
