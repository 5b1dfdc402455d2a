//! Authenticator apps: to enrol, confirm, give a code, and have one reset by staff.
//!
//! Every service here first locks the account's counter of tries, so that of two requests with one code the
//! second meets what the first left. A refusal is an answer and not an error: the unit of work is to be saved
//! in either case, since wrong tries are counted.

pub mod confirm;
pub mod enrol;
pub mod reset;
pub mod status;
pub mod verify;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Ports;
use crate::{
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    code::Code,
    id::{AccountId, OrganizationId},
    link::LinkState,
    port::{Purpose, Sealed},
    store::{StoreError, UnitOfWork},
    totp::{Authenticator, TotpCode, TotpSecret},
};

/// Who uses an authenticator: a login, as its token says.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The account.
    pub account: AccountId,
    /// The organizations at which it has a staff role.
    pub staff_at: &'a [OrganizationId],
    /// When the person logged in, if the token says so.
    pub logged_in_at: Option<DateTime<Utc>>,
}

/// What is given to prove it is the same person.
#[derive(Debug)]
pub enum Given {
    /// What the app shows.
    Code(TotpCode),
    /// One of the codes kept for the day on which the app is lost.
    Recovery(Code),
}

impl Given {
    const fn word(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::Recovery(_) => "recovery_code",
        }
    }
}

/// Why a code did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpRefusal {
    /// No authenticator is confirmed.
    #[error("no authenticator is confirmed")]
    NotEnrolled,
    /// Nothing waits for its first code.
    #[error("nothing is to be confirmed, or its time is over")]
    NothingPending,
    /// There is one, so enrolling another needs a code of it.
    #[error("a code of the present authenticator is needed")]
    CodeNeeded,
    /// The login is too old to enrol the first authenticator by.
    #[error("the login is too old")]
    LoginTooOld {
        /// How old it may be, in seconds.
        max_age: u32,
    },
    /// Wrong, of another time, or used before. Which of these, nobody is told.
    #[error("the code is not accepted")]
    NotAccepted,
    /// Too many wrong tries in a row: only staff can help.
    #[error("the authenticator is disabled")]
    Disabled,
    /// Too many wrong tries lately.
    #[error("too many wrong tries")]
    TooManyAttempts {
        /// When to try again.
        until: DateTime<Utc>,
    },
}

/// An answer or a refusal; both are to be saved.
pub type Decided<T> = Result<T, TotpRefusal>;

/// Locks the account's tries until the end of the unit, and says whether another one is allowed.
async fn lock(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
) -> Result<Decided<()>, StoreError> {
    let now = ports.clock.now();
    let counter = unit.attempts_for_update(AttemptScope::Totp, key(account), now).await?;
    let locked = counter.and_then(|counter| counter.locked_until(AttemptScope::Totp.limit(), now));
    Ok(locked.map_or(Ok(()), |until| Err(TotpRefusal::TooManyAttempts { until })))
}

/// Checks what was given against the authenticator that counts, and uses it up.
async fn prove(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    authenticator: Authenticator,
    given: &Given,
) -> Result<Decided<Authenticator>, StoreError> {
    let Some(active) = authenticator.active() else { return Ok(Err(TotpRefusal::NotEnrolled)) };
    if authenticator.is_disabled() {
        return Ok(Err(TotpRefusal::Disabled));
    }
    let proven = match given {
        Given::Code(code) => {
            let secret = open(ports, login.account, &active.secret)?;
            let step = secret.step_of(code, ports.clock.now(), Some(active.last_step));
            step.and_then(|step| authenticator.clone().accept(step).ok())
        }
        Given::Recovery(code) => {
            let used = use_recovery_code(unit, ports, login.account, code).await?;
            used.then(|| authenticator.clone().recover())
        }
    };
    if let Some(proven) = proven {
        unit.put_authenticator(&proven).await?;
        Ok(Ok(proven))
    } else {
        unit.put_authenticator(&authenticator.fail()).await?;
        refuse(unit, ports, login, given.word()).await.map(Err)
    }
}

/// Counts a wrong try.
async fn refuse(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    given: &'static str,
) -> Result<TotpRefusal, StoreError> {
    unit.count_failure(AttemptScope::Totp, key(login.account), ports.clock.now()).await?;
    record(unit, ports, login, Action::TotpRefuse, &serde_json::json!({"given": given})).await?;
    Ok(TotpRefusal::NotAccepted)
}

/// Compares with every code of the set, so that the time says nothing about which one it was.
async fn use_recovery_code(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    code: &Code,
) -> Result<bool, StoreError> {
    let input = recovery_input(account, code);
    let mut found = None;
    for kept in unit.recovery_codes(account).await? {
        if ports.vault.verify(Purpose::RecoveryCode, &input, &kept.hash) && kept.used_at.is_none() {
            found = Some(kept.number);
        }
    }
    match found {
        Some(number) => unit.use_recovery_code(account, number, ports.clock.now()).await,
        None => Ok(false),
    }
}

/// What is hashed: the code and whose it is, so that a hash copied to another account is worth nothing.
fn recovery_input(account: AccountId, code: &Code) -> Vec<u8> {
    [account.uuid().as_bytes().as_slice(), &code.hash_input()].concat()
}

fn open(ports: &Ports, account: AccountId, sealed: &Sealed) -> Result<TotpSecret, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { what: "authenticator", why };
    let plain = ports.vault.open(&Authenticator::row(account), sealed);
    let plain = plain.map_err(|error| corrupt(error.to_string()))?;
    TotpSecret::from_stored(&plain).ok_or_else(|| corrupt("its secret has another length".to_owned()))
}

/// Writes an entry for each organization that the account can do something at: it has an unrevoked link, or a
/// staff role there.
async fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    action: Action,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    let mut concerned = BTreeMap::new();
    for link in unit.links_of_account(login.account).await? {
        if link.state == LinkState::Active {
            concerned.insert(link.organization, Actor::Account(login.account));
        }
    }
    for organization in unit.staff_organizations(login.account).await? {
        concerned.insert(organization, Actor::Staff(login.account));
    }
    for organization in login.staff_at {
        concerned.insert(*organization, Actor::Staff(login.account));
    }
    for (organization, actor) in concerned {
        let subject = Subject { account: Some(login.account), ..Subject::default() };
        unit.record(ports.audit(organization, actor, action, subject, detail.clone()));
    }
    Ok(())
}

fn key(account: AccountId) -> [u8; 16] {
    *account.uuid().as_bytes()
}
