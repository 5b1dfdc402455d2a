//! OAuth scopes that an app asks for, and what of them a link permits (SMART App Launch 2.2, "Scopes for
//! requesting FHIR Resources" and "Scopes for requesting context data"; its 1.0 for `.read`, `.write` and `.*`).
//!
//! Clinical scopes in the patient's context are cut to what the link permits. Those of a user or a system are
//! never granted on the strength of a link, which speaks of one patient's record only. For the same reason
//! `launch/patient`, to the letter, is the one context that a link can give: `launch/encounter`, other types,
//! roles, and a patient that the app would rather have (`launch/patient=p2`) are not granted. All others are no
//! matter of ours and pass, such as `openid` and `offline_access`, and `launch`, by which an app says that the
//! server started it: which record that is for, the server knows.

use crate::permission::Permissions;

/// What remains of the scopes that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    /// The scopes, in the order and the spelling that they were asked for.
    pub scopes: Vec<String>,
    /// Asked for and not granted, in whole or in part.
    pub cut: Vec<String>,
}

impl Granted {
    /// As an OAuth `scope`: separated by single spaces.
    pub fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    fn add(&mut self, scope: String) {
        if !self.scopes.contains(&scope) {
            self.scopes.push(scope);
        }
    }
}

/// How a clinical scope was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// `.read`, `.write`, `.*`.
    V1,
    /// `.cruds`.
    V2,
}

/// Whether a scope gives data of the patient in context.
pub fn is_of_the_patient(scope: &str) -> bool {
    scope.starts_with("patient/")
}

/// What of these scopes is granted to somebody whose link permits this; without a link, only what needs none.
pub fn grant<'a>(asked: impl IntoIterator<Item = &'a str>, permitted: Option<&Permissions>) -> Granted {
    let mut granted = Granted::default();
    for scope in asked {
        let kept = kept(scope, permitted);
        if !kept.iter().any(|kept| kept == scope) {
            granted.cut.push(scope.to_owned());
        }
        for scope in kept {
            granted.add(scope);
        }
    }
    granted
}

fn kept(scope: &str, permitted: Option<&Permissions>) -> Vec<String> {
    match scope.split_once('/') {
        Some(("user" | "system", _)) => Vec::new(),
        Some(("launch", context)) if context != "patient" || permitted.is_none() => Vec::new(),
        Some(("patient", _)) => match (parse(scope), permitted) {
            (Some((_, asked)), Some(permitted)) if permitted.cover(&asked) => vec![scope.to_owned()],
            (Some((spelling, asked)), Some(permitted)) => cut(spelling, &asked, permitted),
            (None, _) | (_, None) => Vec::new(),
        },
        _ => vec![scope.to_owned()],
    }
}

/// A clinical scope of either version, as what it gives.
fn parse(scope: &str) -> Option<(Spelling, Permissions)> {
    if let Ok(permission) = scope.parse() {
        return Some((Spelling::V2, permission));
    }
    let (resource, access) = scope.rsplit_once('.')?;
    let letters = match access {
        "read" => "rs",
        "write" => "cud",
        "*" => "cruds",
        _ => return None,
    };
    Some((Spelling::V1, format!("{resource}.{letters}").parse().ok()?))
}

fn cut(spelling: Spelling, asked: &Permissions, permitted: &Permissions) -> Vec<String> {
    let both = permitted.intersection(asked).to_string();
    let each = both.split_ascii_whitespace();
    match spelling {
        Spelling::V2 => each.map(ToOwned::to_owned).collect(),
        Spelling::V1 => each.flat_map(in_first_version).collect(),
    }
}

/// The same in the words of version 1, which knows no search and no single letters: what they cannot say
/// exactly is left out, since anything else would give more.
fn in_first_version(permission: &str) -> Vec<String> {
    let Some((resource, letters)) = permission.rsplit_once('.').filter(|_| !permission.contains('?')) else {
        return Vec::new();
    };
    let has = |wanted: &str| wanted.chars().all(|letter| letters.contains(letter));
    if has("cruds") {
        return vec![format!("{resource}.*")];
    }
    let words = [("rs", "read"), ("cud", "write")];
    words.iter().filter(|(wanted, _)| has(wanted)).map(|(_, word)| format!("{resource}.{word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(asked: &str, permitted: &str) -> String {
        grant(asked.split(' '), Some(&permitted.parse().unwrap())).scope()
    }

    #[test]
    fn clinical_scopes_are_cut_to_what_is_permitted_in_the_words_they_were_asked_in() {
        for (asked, permitted, expected) in [
            ("patient/*.cruds", "patient/*.cruds", "patient/*.cruds"),
            ("patient/*.cruds", "patient/*.rs", "patient/*.rs"),
            ("patient/Observation.rs", "patient/*.cruds", "patient/Observation.rs"),
            ("patient/*.rs", "patient/Observation.rs", "patient/Observation.rs"),
            ("patient/Observation.rs?b=2&a=1", "patient/*.cruds", "patient/Observation.rs?b=2&a=1"),
            ("patient/Observation.cud", "patient/*.rs", ""),
            ("patient/Condition.rs", "patient/Observation.rs", ""),
            ("patient/*.read", "patient/*.cruds", "patient/*.read"),
            ("patient/*.*", "patient/*.cruds", "patient/*.*"),
            ("patient/*.*", "patient/*.rs", "patient/*.read"),
            ("patient/*.write", "patient/*.rs", ""),
            ("patient/Observation.read", "patient/*.r", ""),
            ("patient/*.read", "patient/Observation.rs patient/Condition.cud", "patient/Observation.read"),
            ("patient/*.read", "patient/Observation.rs?category=laboratory", ""),
        ] {
            assert_eq!(granted(asked, permitted), expected, "{asked} of {permitted}");
        }
    }

    #[test]
    fn scopes_of_a_user_or_a_system_and_malformed_ones_are_never_granted() {
        for asked in ["user/*.rs", "system/*.cruds", "user/Patient.read", "patient/*.admin", "patient/x"] {
            assert_eq!(granted(asked, "patient/*.cruds"), "", "{asked}");
        }
    }

    #[test]
    fn what_is_not_clinical_passes_and_a_launch_needs_a_record() {
        let asked = "openid fhirUser launch/patient offline_access patient/*.rs openid";
        assert_eq!(
            granted(asked, "patient/*.cruds"),
            "openid fhirUser launch/patient offline_access patient/*.rs"
        );
        let nothing = grant(asked.split(' '), None);
        assert_eq!(nothing.scope(), "openid fhirUser offline_access");
        assert_eq!(nothing.cut, ["launch/patient", "patient/*.rs"]);
    }

    #[test]
    fn of_the_contexts_of_a_launch_a_link_gives_the_patient_and_no_other() {
        let everything = "patient/*.cruds".parse().unwrap();
        for (asked, with_record, without) in [
            ("launch", true, true),
            ("launch/patient", true, false),
            ("launch/encounter", false, false),
            ("launch/diagnosticreport", false, false),
            ("launch/list?role=https://example.org/med-list-at-home", false, false),
            ("launch/relatedperson?role=friend", false, false),
            ("launch/patient=p2", false, false),
            ("launch/patient?x", false, false),
            ("launch/patient?role=friend", false, false),
            ("launch/patient/p2", false, false),
            ("launch/Patient", false, false),
            ("launch/", false, false),
            ("launch//patient", false, false),
        ] {
            for (permitted, passes) in [(Some(&everything), with_record), (None, without)] {
                let granted = grant([asked], permitted);
                assert_eq!(granted.scopes == [asked], passes, "{asked}: {granted:?}");
                assert_eq!(granted.cut == [asked], !passes, "what was cut is told: {asked}: {granted:?}");
            }
        }
    }

    #[test]
    fn what_was_cut_is_told() {
        let permitted = "patient/Observation.rs".parse().unwrap();
        let granted = grant(["openid", "patient/*.rs", "patient/Observation.rs"], Some(&permitted));
        assert_eq!(granted.cut, ["patient/*.rs"]);
    }
}
