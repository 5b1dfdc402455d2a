//! What a link can at most give: SMART on FHIR v2 clinical scopes in the patient's context.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One SMART v2 scope: `patient/<Resource|*>.<cruds>[?search]` (SMART App Launch 2.2, "Scopes for
/// requesting FHIR Resources").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    resource: String,
    interactions: String,
    search: Option<String>,
}

/// A text that is no SMART v2 patient scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SMART v2 patient scope such as patient/Observation.rs")]
pub struct InvalidPermission(pub String);

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        let invalid = || InvalidPermission(text.chars().take(80).collect());
        let rest = text.strip_prefix("patient/").ok_or_else(invalid)?;
        let (scope, search) = match rest.split_once('?') {
            Some((scope, search)) => (scope, Some(search)),
            None => (rest, None),
        };
        let (resource, interactions) = scope.split_once('.').ok_or_else(invalid)?;
        let named = resource.starts_with(|c: char| c.is_ascii_uppercase())
            && resource.chars().all(|c| c.is_ascii_alphabetic());
        if !(resource == "*" || named) || !is_subsequence_of_cruds(interactions) {
            return Err(invalid());
        }
        if search.is_some_and(|s| s.is_empty() || s.chars().any(|c| c.is_whitespace() || c.is_control())) {
            return Err(invalid());
        }
        Ok(Self {
            resource: resource.to_owned(),
            interactions: interactions.to_owned(),
            search: search.map(ToOwned::to_owned),
        })
    }
}

/// SMART requires the letters in the order c, r, u, d, s, each at most once.
fn is_subsequence_of_cruds(letters: &str) -> bool {
    let mut order = "cruds".chars();
    !letters.is_empty() && letters.chars().all(|letter| order.any(|next| next == letter))
}

impl Permission {
    /// The parameters that narrow it, of which a resource must meet all.
    fn filters(&self) -> impl Iterator<Item = &str> {
        self.search.iter().flat_map(|search| search.split('&'))
    }

    /// What both give.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let resource = match (self.resource.as_str(), other.resource.as_str()) {
            ("*", resource) | (resource, "*") => resource,
            (one, two) if one == two => one,
            _ => return None,
        };
        let interactions: String =
            self.interactions.chars().filter(|letter| other.interactions.contains(*letter)).collect();
        let filters: BTreeSet<&str> = self.filters().chain(other.filters()).collect();
        let search = filters.into_iter().collect::<Vec<_>>().join("&");
        (!interactions.is_empty()).then(|| Self {
            resource: resource.to_owned(),
            interactions,
            search: (!search.is_empty()).then_some(search),
        })
    }

    /// Whether it gives all that `other` does.
    fn covers(&self, other: &Self) -> bool {
        (self.resource == "*" || self.resource == other.resource)
            && other.interactions.chars().all(|letter| self.interactions.contains(letter))
            && self.filters().all(|filter| other.filters().any(|known| known == filter))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "patient/{}.{}", self.resource, self.interactions)?;
        self.search.as_ref().map_or(Ok(()), |search| write!(f, "?{search}"))
    }
}

/// A set of [`Permission`]s, written as in an OAuth `scope`: separated by single spaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// Everything in the record: `patient/*.cruds`.
    pub fn everything() -> Self {
        Self(BTreeSet::from([Permission {
            resource: "*".into(),
            interactions: "cruds".into(),
            search: None,
        }]))
    }

    /// What both give: of each pair of scopes the narrower type, the letters that both have, and the filters of
    /// both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().filter_map(|two| one.intersection(two)));
        let all: BTreeSet<Permission> = pairs.collect();
        let needed = |one: &&Permission| !all.iter().any(|other| other != *one && other.covers(one));
        Self(all.iter().filter(needed).cloned().collect())
    }

    /// Whether they give all that `other` does.
    pub fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|wanted| self.0.iter().any(|given| given.covers(wanted)))
    }

    /// Whether they give nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Permissions {
    type Err = InvalidPermission;
    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for Permissions {
    type Error = InvalidPermission;
    fn try_from(text: String) -> Result<Self, InvalidPermission> {
        text.parse()
    }
}

impl From<Permissions> for String {
    fn from(permissions: Permissions) -> Self {
        permissions.to_string()
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, permission) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            fmt::Display::fmt(permission, f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smart_v2_scopes_read_back_what_they_show() {
        for text in
            ["patient/*.cruds", "patient/Observation.rs", "patient/Observation.rs?category=laboratory"]
        {
            assert_eq!(text.parse::<Permissions>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn two_sets_give_together_what_both_give() {
        for (one, two, both) in [
            ("patient/*.cruds", "patient/Observation.rs", "patient/Observation.rs"),
            ("patient/*.rs", "patient/Observation.cruds", "patient/Observation.rs"),
            ("patient/Observation.rs", "patient/Condition.rs", ""),
            ("patient/Observation.c", "patient/Observation.rs", ""),
            ("patient/*.rs?a=1", "patient/Observation.rs?b=2", "patient/Observation.rs?a=1&b=2"),
            ("patient/*.rs?a=1", "patient/*.rs?a=1", "patient/*.rs?a=1"),
            ("patient/*.rs patient/Condition.r", "patient/Condition.rs", "patient/Condition.rs"),
        ] {
            let (one, two): (Permissions, Permissions) = (one.parse().unwrap(), two.parse().unwrap());
            assert_eq!(one.intersection(&two).to_string(), both, "{one} and {two}");
            assert_eq!(two.intersection(&one).to_string(), both, "{two} and {one}");
            assert!(one.cover(&one.intersection(&two)) && two.cover(&one.intersection(&two)));
        }
        let (narrow, wide): (Permissions, Permissions) =
            ("patient/*.r?a=1".parse().unwrap(), "patient/Observation.r".parse().unwrap());
        assert!(!narrow.cover(&wide), "a filter gives less");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "user/*.rs",
            "patient/*.read",
            "patient/*.",
            "patient/*.sr",
            "patient/obs.r",
            "patient/A.r?",
            "x",
        ] {
            assert!(text.parse::<Permission>().is_err(), "{text}");
        }
    }
}
