//! Telephone numbers that a text message can be sent to, in the international form of ITU-T E.164.

use std::fmt;

use phonenumber::{Mode, country};
use serde::{Deserialize, Serialize};

/// A number as E.164 writes it: `+` and at most 15 digits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// A text that is no telephone number, or one without a country where none is presumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no telephone number in international form")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// Reads a number as a record or a person writes it. One without a country code is taken for one of
    /// `region`.
    pub fn parse(text: &str, region: Option<PhoneRegion>) -> Result<Self, InvalidPhoneNumber> {
        let number = phonenumber::parse(region.map(|region| region.0), text);
        let number = number.map_err(|_| InvalidPhoneNumber)?;
        let text = number.format().mode(Mode::E164).to_string();
        if (8..=16).contains(&text.len()) { Ok(Self(text)) } else { Err(InvalidPhoneNumber) }
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;
    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        Self::parse(&text, None)
    }
}
impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

/// Shows nothing: a number must not reach a log.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// A country whose national numbers a record holds, as ISO 3166-1 alpha-2 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneRegion(country::Id);

/// A text that names no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters, for example US")]
pub struct InvalidPhoneRegion;

impl TryFrom<String> for PhoneRegion {
    type Error = InvalidPhoneRegion;
    fn try_from(text: String) -> Result<Self, InvalidPhoneRegion> {
        text.parse().map(Self).map_err(|_| InvalidPhoneRegion)
    }
}
impl From<PhoneRegion> for String {
    fn from(region: PhoneRegion) -> Self {
        region.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_records_write_them() {
        let region = |text: &str| PhoneRegion::try_from(text.to_owned()).ok();
        for (text, at, expected) in [
            ("+1 (617) 555-0123", "", Some("+16175550123")),
            ("617-555-0123", "US", Some("+16175550123")),
            ("617-555-0123", "", None),
            ("030 123456", "DE", Some("+4930123456")),
            ("07700 900123", "GB", Some("+447700900123")),
            ("+49 30 123456", "US", Some("+4930123456")),
            ("call me", "US", None),
            ("", "US", None),
            ("+1", "US", None),
        ] {
            let read = PhoneNumber::parse(text, region(at)).ok();
            assert_eq!(read.as_ref().map(PhoneNumber::as_str), expected, "{text} in {at:?}");
        }
    }

    #[test]
    fn a_country_reads_back_and_others_are_refused() {
        let region: PhoneRegion = serde_json::from_str("\"GB\"").unwrap();
        assert_eq!(serde_json::to_string(&region).unwrap(), "\"GB\"");
        for text in ["\"XX\"", "\"\"", "\"United Kingdom\""] {
            assert!(serde_json::from_str::<PhoneRegion>(text).is_err(), "{text}");
        }
    }
}
