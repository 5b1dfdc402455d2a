//! Between rows and the domain's types, where more than one table needs the same.

use kinlink_domain::{
    actor::Actor,
    port::{KeyId, KeyedHash, Sealed, Vault},
    store::StoreError,
};
use serde::{Serialize, de::DeserializeOwned};

/// A row that cannot be read; says which kind and why, never what it holds.
pub(crate) fn corrupt(what: &'static str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what, why: why.to_string() }
}

pub(crate) fn key_id(what: &'static str, stored: i32) -> Result<KeyId, StoreError> {
    u16::try_from(stored).map(KeyId).map_err(|error| corrupt(what, error))
}

pub(crate) fn keyed_hash(what: &'static str, key: i32, bytes: &[u8]) -> Result<KeyedHash, StoreError> {
    let bytes = bytes.try_into().map_err(|_| corrupt(what, "a hash has 32 bytes"))?;
    Ok(KeyedHash { key: key_id(what, key)?, bytes })
}

pub(crate) fn unseal<T: DeserializeOwned>(
    vault: &dyn Vault,
    what: &'static str,
    row: &[u8],
    key: i32,
    bytes: Vec<u8>,
) -> Result<T, StoreError> {
    let sealed = Sealed { key: key_id(what, key)?, bytes };
    let plain = vault.open(row, &sealed).map_err(|error| corrupt(what, error))?;
    // The parser's message may quote what it could not read.
    serde_json::from_slice(&plain).map_err(|_| corrupt(what, "its decrypted contents are malformed"))
}

/// Words and small structures are kept as JSON text; making it from the domain's types does not fail.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| corrupt(what, "a member is malformed"))
}

/// A unit variant of an enum, as its bare word.
pub(crate) fn to_word<T: Serialize>(value: &T) -> String {
    to_json(value).trim_matches('"').to_owned()
}

pub(crate) fn from_word<T: DeserializeOwned>(what: &'static str, word: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(|_| corrupt(what, "it holds a word that this version does not know"))
}

pub(crate) fn actor_columns(actor: Actor) -> (String, Option<uuid::Uuid>) {
    match actor {
        Actor::Staff(id) => ("staff".to_owned(), Some(id.uuid())),
        Actor::Account(id) => ("account".to_owned(), Some(id.uuid())),
        Actor::Client(id) => ("client".to_owned(), Some(id.uuid())),
        Actor::Contact(id) => ("contact".to_owned(), Some(id.uuid())),
        Actor::Operator => ("operator".to_owned(), None),
        Actor::System => ("system".to_owned(), None),
    }
}

pub(crate) fn actor_from_columns(kind: &str, id: Option<uuid::Uuid>) -> Result<Actor, StoreError> {
    use kinlink_domain::id::Id;
    match (kind, id) {
        ("staff", Some(id)) => Ok(Actor::Staff(Id::from_uuid(id))),
        ("account", Some(id)) => Ok(Actor::Account(Id::from_uuid(id))),
        ("client", Some(id)) => Ok(Actor::Client(Id::from_uuid(id))),
        ("contact", Some(id)) => Ok(Actor::Contact(Id::from_uuid(id))),
        ("operator", None) => Ok(Actor::Operator),
        ("system", None) => Ok(Actor::System),
        _ => Err(corrupt("actor", "no such kind of actor")),
    }
}
