use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Adds `meta`. What these resources say depends on the clock as well as on what is stored, so their version is made of
/// their contents: it changes when they do, and comes back when they do.
pub(crate) fn versioned(mut resource: Value, updated_at: DateTime<Utc>) -> Value {
    let hash = Sha256::digest(resource.to_string());
    let version = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    resource["meta"] = json!({"versionId": format!("{version:016x}"), "lastUpdated": updated_at});
    resource
}

/// The version of a resource that has one.
pub fn version_of(resource: &Value) -> Option<&str> {
    resource["meta"]["versionId"].as_str()
}
