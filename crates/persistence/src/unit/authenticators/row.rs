use kinlink_domain::{
    id::Id,
    port::Sealed,
    store::StoreError,
    totp::{Active, Authenticator, Pending, RecoveryCode, Step, TotpState},
};

use crate::{
    convert::{corrupt, key_id, keyed_hash},
    entity::{authenticator::Model, recovery_code},
};

const WHAT: &str = "authenticator";

pub(super) fn row(authenticator: &Authenticator) -> Result<Model, StoreError> {
    let (active, pending) = match &authenticator.state {
        TotpState::Pending(pending) => (None, Some(pending)),
        TotpState::Active(active) => (Some(active), None),
        TotpState::Replacing { active, pending } => (Some(active), Some(pending)),
    };
    let last_step = active.map(|active| i64::try_from(active.last_step.number())).transpose();
    Ok(Model {
        account_id: authenticator.account.uuid(),
        version: i32::try_from(authenticator.version).map_err(|error| corrupt(WHAT, error))?,
        failures: i32::try_from(authenticator.failures).map_err(|error| corrupt(WHAT, error))?,
        active_key_id: active.map(|active| active.secret.key.0.into()),
        active_sealed: active.map(|active| active.secret.bytes.clone()),
        confirmed_at: active.map(|active| active.confirmed_at),
        last_step: last_step.map_err(|error| corrupt(WHAT, error))?,
        pending_key_id: pending.map(|pending| pending.secret.key.0.into()),
        pending_sealed: pending.map(|pending| pending.secret.bytes.clone()),
        enrolled_at: pending.map(|pending| pending.enrolled_at),
    })
}

impl TryFrom<Model> for Authenticator {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let active = match (row.active_key_id, row.active_sealed, row.confirmed_at, row.last_step) {
            (Some(key), Some(bytes), Some(confirmed_at), Some(step)) => Some(Active {
                secret: Sealed { key: key_id(WHAT, key)?, bytes },
                confirmed_at,
                last_step: Step::from_stored(u64::try_from(step).map_err(|error| corrupt(WHAT, error))?),
            }),
            (None, None, None, None) => None,
            _ => return Err(corrupt(WHAT, "its confirmed secret does not fit together")),
        };
        let pending = match (row.pending_key_id, row.pending_sealed, row.enrolled_at) {
            (Some(key), Some(bytes), Some(enrolled_at)) => {
                Some(Pending { secret: Sealed { key: key_id(WHAT, key)?, bytes }, enrolled_at })
            }
            (None, None, None) => None,
            _ => return Err(corrupt(WHAT, "its pending secret does not fit together")),
        };
        let state = match (active, pending) {
            (None, Some(pending)) => TotpState::Pending(pending),
            (Some(active), None) => TotpState::Active(active),
            (Some(active), Some(pending)) => TotpState::Replacing { active, pending },
            (None, None) => return Err(corrupt(WHAT, "it has no secret")),
        };
        Ok(Self {
            account: Id::from_uuid(row.account_id),
            version: u32::try_from(row.version).map_err(|error| corrupt(WHAT, error))?,
            failures: u32::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
            state,
        })
    }
}

pub(super) fn code_from(row: &recovery_code::Model) -> Result<RecoveryCode, StoreError> {
    Ok(RecoveryCode {
        number: u16::try_from(row.number).map_err(|error| corrupt("recovery code", error))?,
        hash: keyed_hash("recovery code", row.key_id, &row.hash)?,
        used_at: row.used_at,
    })
}
