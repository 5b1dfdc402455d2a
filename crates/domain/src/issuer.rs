//! Identity providers that an organization trusts, and for what.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{account::Iss, actor::Role, id::OrganizationId};

/// A path of member names into a token's claims, written with dots: `realm_access.roles`. A member whose
/// own name holds dots or slashes is written in brackets: `["https://claims.example/roles"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimPath(String);

/// A text that is no claim path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a claim path is names separated by dots, such as realm_access.roles or [\"https://a.example/roles\"]"
)]
pub struct InvalidClaimPath;

impl ClaimPath {
    /// Parses a path.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidClaimPath> {
        let text = text.into();
        let path = Self(text);
        if path.0.len() <= 200 && path.segments().is_some() { Ok(path) } else { Err(InvalidClaimPath) }
    }

    fn segments(&self) -> Option<Vec<&str>> {
        let mut rest = self.0.as_str();
        let mut segments = Vec::new();
        loop {
            let (segment, tail) = if let Some(quoted) = rest.strip_prefix("[\"") {
                quoted.split_once("\"]")?
            } else {
                rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))
            };
            if segment.is_empty() {
                return None;
            }
            segments.push(segment);
            match tail.strip_prefix('.') {
                Some(more) => rest = more,
                None if tail.is_empty() => return Some(segments),
                None if tail.starts_with("[\"") => rest = tail,
                None => return None,
            }
        }
    }

    /// The value at this path, if the claims have one.
    pub fn find<'a>(&self, claims: &'a serde_json::Value) -> Option<&'a serde_json::Value> {
        self.segments()?.into_iter().try_fold(claims, |value, segment| value.get(segment))
    }

    /// The words at this path: a string is split at spaces, an array gives its strings.
    pub fn words<'a>(&self, claims: &'a serde_json::Value) -> Vec<&'a str> {
        match self.find(claims) {
            Some(serde_json::Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(serde_json::Value::Array(items)) => {
                items.iter().filter_map(serde_json::Value::as_str).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl TryFrom<String> for ClaimPath {
    type Error = InvalidClaimPath;
    fn try_from(text: String) -> Result<Self, InvalidClaimPath> {
        Self::parse(text)
    }
}
impl From<ClaimPath> for String {
    fn from(path: ClaimPath) -> Self {
        path.0
    }
}
impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Facts about an identity provider that hold for every organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its identifier.
    pub iss: Iss,
    /// Which claim counts as `sub`: `oid` for Entra, whose `sub` differs per app; `sub` for the others.
    /// One for all organizations, or a link made at one would not be found at another.
    pub subject_claim: ClaimPath,
}

/// An organization's trust in an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// The identity provider.
    pub issuer: Issuer,
    /// Who trusts it.
    pub organization: OrganizationId,
    /// Audiences of which a token must have one.
    pub audiences: Vec<String>,
    /// Whether its logins may be patients' accounts here.
    pub accounts: bool,
    /// How its logins may be staff here; absent if they may not.
    pub staff: Option<StaffClaims>,
}

/// Where a token says which staff roles its bearer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffClaims {
    /// The claim with the roles.
    pub roles: ClaimPath,
    /// What the provider calls each role; a word that is not here counts if it is a role's own name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Role>,
}

impl StaffClaims {
    /// The roles that these claims give. Words that name no role are passed over.
    pub fn roles(&self, claims: &serde_json::Value) -> Vec<Role> {
        let mut roles: Vec<Role> = self
            .roles
            .words(claims)
            .into_iter()
            .filter_map(|word| self.names.get(word).copied().or_else(|| word.parse().ok()))
            .collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_into_nested_and_dotted_names() {
        let claims = json!({"a": {"b": ["registrar", 7]}, "https://x.example/r": {"c": "auditor admin"}});
        assert_eq!(ClaimPath::parse("a.b").unwrap().words(&claims), ["registrar"]);
        let dotted = ClaimPath::parse("[\"https://x.example/r\"].c").unwrap();
        assert_eq!(dotted.words(&claims), ["auditor", "admin"]);
        assert!(ClaimPath::parse("a.c").unwrap().words(&claims).is_empty());
    }

    #[test]
    fn a_malformed_path_is_refused() {
        for text in ["", ".", "a.", ".a", "a..b", "[\"a", "[\"\"]"] {
            assert_eq!(ClaimPath::parse(text), Err(InvalidClaimPath), "{text}");
        }
    }

    #[test]
    fn roles_are_mapped_and_unknown_words_passed_over() {
        let staff = StaffClaims {
            roles: ClaimPath::parse("roles").unwrap(),
            names: BTreeMap::from([("KL-DESK".to_owned(), Role::Registrar)]),
        };
        let claims = json!({"roles": ["KL-DESK", "auditor", "janitor", "auditor"]});
        assert_eq!(staff.roles(&claims), [Role::Registrar, Role::Auditor]);
    }
}
