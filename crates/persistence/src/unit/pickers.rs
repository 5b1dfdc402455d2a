//! Rows of pickers. What the authorization server calls its session is sealed: it may be a secret of its own.

use kinlink_domain::{
    id::Id,
    picker::{Picker, PickerState},
    port::Vault,
    store::StoreError,
};
use sea_orm::Set;

use crate::{
    convert::{corrupt, keyed_hash, to_json, unseal},
    entity::picker::{ActiveModel, Model},
};

const WHAT: &str = "picker";

pub(super) fn row(picker: &Picker, vault: &dyn Vault) -> ActiveModel {
    let sealed = vault.seal(picker.id.uuid().as_bytes(), to_json(&picker.session).as_bytes());
    ActiveModel {
        client_id: Set(picker.client.uuid()),
        connection_id: Set(picker.connection.uuid()),
        organization_id: Set(picker.organization.uuid()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        expires_at: Set(picker.expires_at),
        ..state_row(picker)
    }
}

/// The columns that say where it stands, and its key.
pub(super) fn state_row(picker: &Picker) -> ActiveModel {
    let (browser, answered_at) = match &picker.state {
        PickerState::Waiting => (None, None),
        PickerState::Opened { browser } => (Some(browser), None),
        PickerState::Answered { at } => (None, Some(*at)),
    };
    ActiveModel {
        account_id: Set(picker.account.uuid()),
        id: Set(picker.id.uuid()),
        browser_key_id: Set(browser.map(|hash| hash.key.0.into())),
        browser_hash: Set(browser.map(|hash| hash.bytes.to_vec())),
        answered_at: Set(answered_at),
        ..Default::default()
    }
}

pub(super) fn picker(row: Model, vault: &dyn Vault) -> Result<Picker, StoreError> {
    Ok(Picker {
        id: Id::from_uuid(row.id),
        account: Id::from_uuid(row.account_id),
        client: Id::from_uuid(row.client_id),
        connection: Id::from_uuid(row.connection_id),
        organization: Id::from_uuid(row.organization_id),
        expires_at: row.expires_at,
        state: state(&row)?,
        session: unseal(vault, WHAT, row.id.as_bytes(), row.key_id, row.sealed)?,
    })
}

fn state(row: &Model) -> Result<PickerState, StoreError> {
    match (row.browser_key_id, &row.browser_hash, row.answered_at) {
        (None, None, None) => Ok(PickerState::Waiting),
        (Some(key), Some(hash), None) => Ok(PickerState::Opened { browser: keyed_hash(WHAT, key, hash)? }),
        (None, None, Some(at)) => Ok(PickerState::Answered { at }),
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}
