use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Adds `meta`. What these resources say depends on the clock as well as on what is stored, so their version is made of
/// their contents: it changes when they do, and comes back when they do.
pub(crate) fn versioned(mut resource: Value, updated_at: DateTime<Utc>) -> Value {
    let hash = Sha256::digest(resource.to_string());
    let version: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    resource["meta"] = json!({"versionId": version, "lastUpdated": updated_at});
    resource
}

/// The version of a resource that has one.
pub fn version_of(resource: &Value) -> Option<&str> {
    resource["meta"]["versionId"].as_str()
}
