use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Iss;

/// Why a text cannot stand for a server or something at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not fit to send a secret to.
    #[error("a server is an https URL without user, query and fragment (http only on a loopback address)")]
    Url,
    /// Not fit for a path.
    #[error("a realm or tenant has 1 to 100 letters, digits, spaces, '-', '_' and '.', not only dots")]
    PathPart,
    /// Not fit for an attribute.
    #[error("an attribute's name has 1 to 120 letters, digits, '-', '_' and '.'")]
    Attribute,
}

macro_rules! text {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

text! {
    /// Where a server is: https, or this machine; kept without a trailing slash.
    ServerUrl;
    /// A realm or a tenant: one segment of a path.
    PathPart;
    /// The name of a user's attribute.
    AttributeName;
}

impl ServerUrl {
    /// Parses a URL.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        // The same rule as for issuers.
        Iss::parse(text.as_str()).map_err(|_| InvalidName::Url)?;
        let url = url::Url::parse(&text).map_err(|_| InvalidName::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidName::Url);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

fn plain(text: &str, longest: usize, beside: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || beside.contains(c))
}

impl PathPart {
    /// Parses a segment.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let fits = plain(&text, 100, " -_.") && text.chars().any(|c| c != '.');
        if fits { Ok(Self(text)) } else { Err(InvalidName::PathPart) }
    }
}

impl AttributeName {
    /// Parses a name.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        if plain(&text, 120, "-_.") { Ok(Self(text)) } else { Err(InvalidName::Attribute) }
    }

    /// The name by which Microsoft Graph knows a directory extension of the application `app`:
    /// `extension_` and the application's id without dashes, `_` and the name.
    pub fn directory_extension(app: &str, name: &str) -> Result<Self, InvalidName> {
        Self::parse(format!("extension_{}_{name}", app.replace('-', "")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_to_no_server_in_the_clear() {
        assert_eq!(ServerUrl::parse("https://id.example/auth/").unwrap().as_str(), "https://id.example/auth");
        assert!(ServerUrl::parse("http://127.0.0.1:8080").is_ok());
        for text in ["http://id.example", "https://me:pw@id.example", "https://id.example/?a", "id.example"] {
            assert_eq!(ServerUrl::parse(text), Err(InvalidName::Url), "{text}");
        }
    }

    #[test]
    fn nothing_leads_out_of_its_place_in_a_path() {
        assert!(PathPart::parse("Patients of 2026").is_ok());
        for text in ["", "..", ".", "a/b", "a?b", "a%2f", "ä"] {
            assert_eq!(PathPart::parse(text), Err(InvalidName::PathPart), "{text}");
        }
        for text in ["", "a b", "a/b", "a\"b", "a,b"] {
            assert_eq!(AttributeName::parse(text), Err(InvalidName::Attribute), "{text}");
        }
    }

    #[test]
    fn a_directory_extension_is_named_after_its_application() {
        let name = AttributeName::directory_extension("b7d8e648-520d-41d3-9c0f-fdeb91768a0a", "fhirUser");
        assert_eq!(name.unwrap().as_str(), "extension_b7d8e648520d41d39c0ffdeb91768a0a_fhirUser");
    }
}
