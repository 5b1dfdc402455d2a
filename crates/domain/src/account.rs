//! Accounts: logins at an identity provider. `(iss, sub)` is the whole identity; email is never a key.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::id::AccountId;

/// Issuer identifier (OpenID Connect Core 1.0, section 2): an https URL without query or fragment,
/// compared as the exact text. Plain http is accepted for loopback hosts only, for tests and the demo.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iss(String);

/// Why a text is no issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIss {
    /// Not an absolute URL of at most 512 characters.
    #[error("an issuer is an absolute URL of at most 512 characters")]
    NotAUrl,
    /// A scheme other than https, to a host other than this machine.
    #[error("an issuer uses https (http only on a loopback address)")]
    Insecure,
    /// A query or a fragment, which OpenID Connect forbids.
    #[error("an issuer has no query and no fragment")]
    QueryOrFragment,
}

impl Iss {
    /// Parses an issuer identifier, keeping its exact text.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidIss> {
        let text = text.into();
        if text.len() > 512 {
            return Err(InvalidIss::NotAUrl);
        }
        let url = url::Url::parse(&text).map_err(|_| InvalidIss::NotAUrl)?;
        match url.scheme() {
            "https" if url.host().is_some() => {}
            "http" if is_loopback(&url) => {}
            "http" | "https" => return Err(InvalidIss::Insecure),
            _ => return Err(InvalidIss::NotAUrl),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidIss::QueryOrFragment);
        }
        Ok(Self(text))
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl TryFrom<String> for Iss {
    type Error = InvalidIss;
    fn try_from(text: String) -> Result<Self, InvalidIss> {
        Self::parse(text)
    }
}

impl From<Iss> for String {
    fn from(iss: Iss) -> Self {
        iss.0
    }
}

impl fmt::Display for Iss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Subject identifier: 1 to 255 characters without control characters (OpenID Connect Core 1.0,
/// section 2, there ASCII; several providers use more). Its `Debug` shows nothing, since a `sub` must not
/// reach a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sub(String);

/// A text that is no subject identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subject has 1 to 255 characters and no control characters")]
pub struct InvalidSub;

impl Sub {
    /// Parses a subject identifier; case counts.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidSub> {
        let text = text.into();
        let length = text.chars().count();
        if length == 0 || length > 255 || text.chars().any(char::is_control) {
            return Err(InvalidSub);
        }
        Ok(Self(text))
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sub {
    type Error = InvalidSub;
    fn try_from(text: String) -> Result<Self, InvalidSub> {
        Self::parse(text)
    }
}

impl From<Sub> for String {
    fn from(sub: Sub) -> Self {
        sub.0
    }
}

impl fmt::Debug for Sub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sub(…)")
    }
}

/// What identifies an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey {
    /// The identity provider.
    pub iss: Iss,
    /// The login at it.
    pub sub: Sub,
}

impl AccountKey {
    /// The account's id: a UUIDv8 (RFC 9562, section 5.8) of the SHA-256 of `iss`, a zero byte, and `sub`.
    ///
    /// Derived rather than drawn, so that a lookup by `(iss, sub)` reads the links by their distribution
    /// key at once, without asking first which account it is, and two replicas that see a login for the
    /// first time agree on its id.
    pub fn id(&self) -> AccountId {
        Self::derive(self.iss.as_str(), self.sub.as_str())
    }

    /// [`AccountKey::id`] from texts that were not parsed: an unknown pair just names no account.
    pub fn derive(iss: &str, sub: &str) -> AccountId {
        let hash = Sha256::new().chain_update(iss).chain_update([0]).chain_update(sub).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        AccountId::from_uuid(Uuid::new_v8(bytes))
    }
}

/// A login that Kinlink has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Derived from the key.
    pub id: AccountId,
    /// `(iss, sub)`.
    pub key: AccountKey,
    /// When Kinlink first saw it.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_keeps_its_exact_text() {
        assert_eq!(Iss::parse("https://login.example/a/").unwrap().as_str(), "https://login.example/a/");
    }

    #[test]
    fn an_insecure_or_malformed_issuer_is_refused() {
        for (text, why) in [
            ("http://login.example", InvalidIss::Insecure),
            ("login.example", InvalidIss::NotAUrl),
            ("ftp://login.example", InvalidIss::NotAUrl),
            ("https://login.example/?a", InvalidIss::QueryOrFragment),
            ("https://login.example/#a", InvalidIss::QueryOrFragment),
        ] {
            assert_eq!(Iss::parse(text), Err(why), "{text}");
        }
        assert!(Iss::parse("http://127.0.0.1:8080/idp").is_ok());
    }

    #[test]
    fn iss_and_sub_cannot_be_shifted_into_each_other() {
        assert_ne!(AccountKey::derive("https://a", "bc"), AccountKey::derive("https://ab", "c"));
    }

    #[test]
    fn a_subject_never_shows_in_debug_output() {
        assert!(!format!("{:?}", Sub::parse("secret-login").unwrap()).contains("secret"));
    }
}
