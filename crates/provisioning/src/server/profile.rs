//! Keycloak's user profile: which attributes a realm keeps, and who may change them (`UPConfig`).

use kinlink_domain::provisioning::AttributeName;
use serde_json::Value;

use super::Remark;

/// What a realm does with an attribute that an administrator writes; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Keeping {
    /// Keeps it, and lets nobody else change it.
    Safely,
    /// Keeps it, and lets users change their own.
    UsersMay,
    /// Throws it away or refuses it.
    Never,
}

/// What a realm with this profile does with `name`.
pub(super) fn keeping(profile: &Value, name: &AttributeName) -> Keeping {
    let mut declared = profile["attributes"].as_array().into_iter().flatten();
    let Some(attribute) = declared.find(|attribute| attribute["name"] == name.as_str()) else {
        return match profile["unmanagedAttributePolicy"].as_str() {
            Some("ADMIN_EDIT") => Keeping::Safely,
            Some("ENABLED") => Keeping::UsersMay,
            _ => Keeping::Never,
        };
    };
    let may = |who: &str| {
        let edit = attribute["permissions"]["edit"].as_array();
        edit.into_iter().flatten().any(|role| role == who)
    };
    match (may("admin"), may("user")) {
        (_, true) if may("admin") => Keeping::UsersMay,
        (true, _) => Keeping::Safely,
        (false, _) => Keeping::Never,
    }
}

/// The same for a person who sets the realm up.
pub(super) fn remark(profile: &Value, name: &AttributeName) -> Remark {
    match keeping(profile, name) {
        Keeping::Safely => Remark::good(format!("the realm keeps {name}, and users cannot change it")),
        Keeping::UsersMay => Remark::wrong(format!(
            "users can set {name} themselves, and so open anybody's record: in the realm's user profile, let \
             only admins edit it"
        )),
        Keeping::Never => Remark::wrong(format!(
            "the realm does not keep {name}: declare it in the realm's user profile with the permission to edit \
             for admins only, or set unmanaged attributes to \"Only administrators can write\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_admins_alone_may_edit_is_kept_safely() {
        let name = AttributeName::parse("fhirUser").unwrap();
        let declared =
            |edit: Value| json!({"attributes": [{"name": "fhirUser", "permissions": {"edit": edit}}]});
        for (profile, expected) in [
            (json!({"attributes": []}), Keeping::Never),
            (json!({"unmanagedAttributePolicy": "ADMIN_VIEW"}), Keeping::Never),
            (json!({"unmanagedAttributePolicy": "ADMIN_EDIT"}), Keeping::Safely),
            (json!({"unmanagedAttributePolicy": "ENABLED"}), Keeping::UsersMay),
            (declared(json!(["admin"])), Keeping::Safely),
            (declared(json!(["admin", "user"])), Keeping::UsersMay),
            (declared(json!(["user"])), Keeping::Never),
            (
                json!({"attributes": [{"name": "fhirUser"}], "unmanagedAttributePolicy": "ADMIN_EDIT"}),
                Keeping::Never,
            ),
        ] {
            assert_eq!(keeping(&profile, &name), expected, "{profile}");
        }
    }
}
