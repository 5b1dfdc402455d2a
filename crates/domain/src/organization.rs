//! Organizations: custodians of patient records. Everything but accounts belongs to one.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{id::OrganizationId, patient::FhirId, policy::Policy};

/// A short name for command lines and URLs: 2 to 40 of `a-z 0-9 -`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// A text that is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a short name has 2 to 40 characters of a-z, 0-9 and '-', and starts with a letter")]
pub struct InvalidSlug;

impl Slug {
    /// Parses a slug.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidSlug> {
        let text = text.into();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (2..=40).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
        {
            Ok(Self(text))
        } else {
            Err(InvalidSlug)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;
    fn try_from(text: String) -> Result<Self, InvalidSlug> {
        Self::parse(text)
    }
}
impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}
impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The base URL of a FHIR server, kept without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FhirBase(String);

/// A text that is no FHIR base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a FHIR base is an absolute http or https URL without query or fragment")]
pub struct InvalidFhirBase;

impl FhirBase {
    /// Parses a base URL.
    pub fn parse(text: &str) -> Result<Self, InvalidFhirBase> {
        let url = Url::parse(text).map_err(|_| InvalidFhirBase)?;
        let plain =
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !plain || text.len() > 512 {
            return Err(InvalidFhirBase);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of a Patient, as `fhirUser` carries it (SMART App Launch 2.2, "Scopes for
    /// requesting identity data").
    pub fn patient(&self, id: &FhirId) -> String {
        format!("{}/Patient/{id}", self.0)
    }
}

impl TryFrom<String> for FhirBase {
    type Error = InvalidFhirBase;
    fn try_from(text: String) -> Result<Self, InvalidFhirBase> {
        Self::parse(&text)
    }
}
impl From<FhirBase> for String {
    fn from(base: FhirBase) -> Self {
        base.0
    }
}
impl fmt::Display for FhirBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A custodian of patient records.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its short name, unique.
    pub slug: Slug,
    /// Its name for people to read, 1 to 200 characters.
    pub name: String,
    /// Where its records are.
    pub fhir_base: FhirBase,
    /// Its rules.
    pub policy: Policy,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}
