//! What a connection was before it was changed. An authorization server may keep what it was told then, and send it
//! back for as long as a refresh token lives.

use serde::{Deserialize, Serialize};

use super::{ClaimName, ConnectionSettings, Member};

/// Which names and apps a connection has had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Names of claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimName>,
    /// Apps that were answered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apps: Vec<String>,
    /// Whether every app was answered.
    #[serde(default)]
    every_app: bool,
}

impl Former {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn and(mut self, settings: &ConnectionSettings) -> Self {
        self.every_app |= settings.apps.is_empty();
        add(&mut self.claims, settings.claims.iter().map(|rule| &rule.name));
        add(&mut self.apps, &settings.apps);
        self
    }
}

fn add<'a, T: Clone + PartialEq + 'a>(known: &mut Vec<T>, more: impl IntoIterator<Item = &'a T>) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

impl ConnectionSettings {
    /// These settings in the place of others, which are not forgotten.
    #[must_use]
    pub fn instead_of(self, before: &Self) -> Self {
        Self { former: before.former.clone().and(before), ..self }
    }

    /// The names that the operator gives to claims or has given, each once.
    pub fn names(&self) -> impl Iterator<Item = &ClaimName> {
        let is_now = |name: &ClaimName| self.claims.iter().any(|rule| rule.name == *name);
        let before = self.former.claims.iter().filter(move |name| !is_now(name));
        self.claims.iter().map(|rule| &rule.name).chain(before)
    }

    /// Whether a claim of this name can come from this connection, as it is or as it was: by a name of the
    /// operator's, or by a member's own, which a connection has that nobody ever changed.
    pub fn may_have_given(&self, name: &str) -> bool {
        Member::ALL.iter().any(|member| member.as_str() == name)
            || self.names().any(|known| known.as_str() == name)
    }

    /// Whether tokens of this app are answered, or were.
    pub fn may_have_answered(&self, app: &str) -> bool {
        self.former.every_app || self.former.apps.iter().any(|known| known == app) || self.answers_app(app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account::Iss, connection::Server};

    fn settings(claims: &[&str], apps: &[&str]) -> ConnectionSettings {
        ConnectionSettings {
            claims: claims.iter().map(|rule| rule.parse().unwrap()).collect(),
            apps: apps.iter().map(|app| (*app).to_owned()).collect(),
            ..ConnectionSettings::new(Server::Hydra, Iss::parse("https://login.example").unwrap())
        }
    }

    #[test]
    fn what_was_given_under_an_earlier_name_is_known_however_often_the_name_changes() {
        let first = settings(&["patient=p1", "fhirUser=u1"], &["a"]);
        let second = settings(&["patient=p2", "fhirUser=u1"], &["b"]).instead_of(&first);
        let third = settings(&["patient=p1"], &["c"]).instead_of(&second);
        let names: Vec<_> = third.names().map(ClaimName::as_str).collect();
        assert_eq!(names, ["p1", "u1", "p2"], "each once");
        for name in ["p1", "p2", "u1", "patient", "need_patient_banner"] {
            assert!(third.may_have_given(name), "{name}");
        }
        assert!(!third.may_have_given("tenant"));
        assert!(["a", "b", "c"].iter().all(|app| third.may_have_answered(app)));
        assert!(!third.may_have_answered("d"));
    }

    #[test]
    fn a_connection_that_once_answered_every_app_may_have_answered_any() {
        let narrowed = settings(&["patient"], &["a"]).instead_of(&settings(&["patient"], &[]));
        let again = settings(&["patient"], &["b"]).instead_of(&narrowed);
        assert!(narrowed.may_have_answered("z") && again.may_have_answered("z"));
    }

    #[test]
    fn what_was_stored_before_reads_as_having_no_past() {
        let mut stored = serde_json::to_value(settings(&["patient"], &["a"])).unwrap();
        assert!(stored.get("former").is_none());
        stored.as_object_mut().unwrap().remove("unasked");
        let read: ConnectionSettings = serde_json::from_value(stored).unwrap();
        assert_eq!(read, settings(&["patient"], &["a"]));
    }
}
