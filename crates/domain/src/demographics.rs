//! What a FHIR Patient says about a person: names, birth date, addresses, contacts, identifiers.
//!
//! The shapes follow FHIR R4 `HumanName`, `Address`, `ContactPoint` and `Identifier`, reduced to what
//! matching and contacting need. `Debug` of the whole shows nothing, since none of it may reach a log.

use serde::{Deserialize, Serialize};

use crate::{
    partial_date::PartialDate,
    phone::{PhoneNumber, PhoneRegion},
};

/// All that is known of a person. Encrypted at rest.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demographics {
    /// Names of every use, as recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<HumanName>,
    /// Birth date, possibly partial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<PartialDate>,
    /// Administrative gender: `male`, `female`, `other` or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Addresses of every use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Contacts on record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint>,
    /// Business identifiers: MRN, SSN, others by system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
}

impl Demographics {
    /// Contacts of one kind that are in use, best rank first.
    fn contacts(&self, wanted: impl Fn(&ContactPoint) -> bool) -> Vec<&ContactPoint> {
        let mut points: Vec<_> = self
            .telecom
            .iter()
            .filter(|point| point.usage.as_deref() != Some("old") && wanted(point))
            .collect();
        points.sort_by_key(|point| point.rank.unwrap_or(u32::MAX));
        points
    }

    /// Numbers on record that take text messages and are in use, best rank first, without repetition. Of
    /// plain telephones only those that the record calls mobile.
    pub fn text_numbers(&self, region: Option<PhoneRegion>) -> Vec<PhoneNumber> {
        let takes_texts = |point: &ContactPoint| match point.system {
            ContactSystem::Sms => true,
            ContactSystem::Phone => point.usage.as_deref() == Some("mobile"),
            ContactSystem::Email | ContactSystem::Other => false,
        };
        let mut numbers = Vec::new();
        for point in self.contacts(takes_texts) {
            if let Ok(number) = PhoneNumber::parse(&point.value, region)
                && !numbers.contains(&number)
            {
                numbers.push(number);
            }
        }
        numbers
    }

    /// Telephones on record that are in use and that somebody can call, best rank first, as the record writes them.
    pub fn telephones(&self) -> Vec<&str> {
        let callable =
            |point: &ContactPoint| matches!(point.system, ContactSystem::Phone | ContactSystem::Sms);
        self.contacts(callable).into_iter().map(|point| point.value.as_str()).collect()
    }

    /// Email contacts on record that are in use, best rank first, without repetition.
    pub fn emails(&self) -> Vec<&str> {
        let points = self.contacts(|point| point.system == ContactSystem::Email);
        let mut emails: Vec<&str> = Vec::new();
        for point in points {
            if !emails.iter().any(|seen| seen.eq_ignore_ascii_case(&point.value)) {
                emails.push(&point.value);
            }
        }
        emails
    }
}

/// FHIR R4 `administrative-gender`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Other.
    Other,
    /// Unknown.
    Unknown,
}

/// FHIR R4 `HumanName`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanName {
    /// `usual`, `official`, `maiden`, `old` …
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Given names in order, middle names included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Prefixes such as titles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix: Vec<String>,
    /// Suffixes such as `Jr.`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suffix: Vec<String>,
    /// The whole name as one text, where the parts are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// FHIR R4 `Address`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `home`, `work`, `temp`, `old` …
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Street lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line: Vec<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// District or county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(rename = "postalCode", default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// FHIR R4 `ContactPoint.system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactSystem {
    /// A telephone.
    Phone,
    /// A telephone that takes text messages.
    Sms,
    /// An email address.
    Email,
    /// Fax, pager, URL and whatever else: kept, never used to reach a person.
    #[serde(other)]
    Other,
}

/// FHIR R4 `ContactPoint`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPoint {
    /// The kind of contact.
    pub system: ContactSystem,
    /// The number or address, as recorded.
    pub value: String,
    /// `home`, `work`, `mobile`, `old` …
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Preference, 1 is best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
}

/// FHIR R4 `Identifier`: a value within a naming system.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// The naming system's URI.
    pub system: String,
    /// The value within it.
    pub value: String,
    /// The code of HL7 v2 table 0203 (`MR`, `SS`, `DL`, `PPN` …), if the record says.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// What is personal is not shown, wherever it gets into a log.
macro_rules! silent {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent!(Demographics HumanName Address ContactPoint Identifier);
pub(crate) use silent;
