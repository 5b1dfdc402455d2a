use serde::Serialize;
use serde_json::Value;

use super::Policy;

/// A member that differs between two policies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyChange {
    /// The member, as a path: `code_validity.post_days`.
    pub at: String,
    /// What it was; null if it was absent.
    pub from: Value,
    /// What it is; null if it is absent.
    pub to: Value,
}

impl Policy {
    /// What differs in `to`, member by member.
    pub fn changes(&self, to: &Self) -> Vec<PolicyChange> {
        // A policy consists of texts, numbers and lists, which always serialize.
        let value = |policy: &Self| serde_json::to_value(policy).unwrap_or_default();
        let mut changes = Vec::new();
        compare("", value(self), value(to), &mut changes);
        changes
    }
}

fn compare(at: &str, from: Value, to: Value, changes: &mut Vec<PolicyChange>) {
    match (from, to) {
        (Value::Object(from), Value::Object(mut to)) => {
            let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
            for (name, old) in from {
                let new = to.remove(&name).unwrap_or_default();
                compare(&path(&name), old, new, changes);
            }
            for (name, new) in to {
                compare(&path(&name), Value::Null, new, changes);
            }
        }
        (from, to) if from != to => changes.push(PolicyChange { at: at.to_owned(), from, to }),
        _ => {}
    }
}
