//! The picker: a person who may open several records is asked which, in the middle of an authorization.
//!
//! ```text
//! waiting ──► opened ──► answered       once; all of it within minutes
//! ```
//! Its URL carries a token that nobody can make but Kinlink. The authorization server, which has just
//! authenticated the account, asks for it and sends the browser there; so the token is the proof of who
//! comes. The alternative, a login to Kinlink's own pages, would begin a second authorization at the same
//! server in the middle of the first, and might come back as another account than the one that the answer is
//! for. What a stolen URL would be worth is kept small: it lasts minutes, answers once, belongs to the browser
//! that opened it first, shows a given name at most, and its answer is of use only to the authorization
//! session that it names.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    connection::ReturnUrl,
    id::{AccountId, ClientId, ConnectionId, Id, OrganizationId, PickerId},
    port::{KeyedHash, Purpose, Vault},
    signed_text,
};

/// How long a picker may be answered.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// A question which record is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// Its id.
    pub id: PickerId,
    /// Who is asked.
    pub account: AccountId,
    /// On behalf of which authorization server.
    pub client: ClientId,
    /// By which of its connections.
    pub connection: ConnectionId,
    /// Whose records.
    pub organization: OrganizationId,
    /// What the answer is for.
    pub session: PickerSession,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// Where it stands.
    pub state: PickerState,
}

/// The authorization session that an answer is for, in the authorization server's own words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickerSession {
    /// Names the session.
    pub id: String,
    /// Comes back with the answer. A server that puts a `state` of its own behind the picker's URL, which it
    /// makes too late to tell, gives none: the answer then brings back what the browser brought.
    pub state: Option<String>,
    /// Where the answer goes.
    pub return_url: ReturnUrl,
}

/// As long as a `state` may be that a browser brings.
const LONGEST_STATE: usize = 1_000;

impl PickerSession {
    /// What comes back with the answer to a browser that brought this.
    pub fn state_for<'a>(&'a self, brought: Option<&'a str>) -> Option<&'a str> {
        let usable = |state: &&str| (1..=LONGEST_STATE).contains(&state.len());
        self.state.as_deref().or_else(|| brought.filter(usable))
    }
}

/// Shows neither session nor state: they may be secrets.
impl std::fmt::Debug for PickerSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PickerSession").finish_non_exhaustive()
    }
}

/// Where a picker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickerState {
    /// No browser has come.
    Waiting,
    /// A browser has come; it belongs to that one.
    Opened {
        /// Of what that browser keeps.
        browser: KeyedHash,
    },
    /// It was answered.
    Answered {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Why a picker does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PickerRefusal {
    /// It was answered before.
    #[error("the question was answered before")]
    Answered,
    /// Its time is over.
    #[error("the question has expired")]
    Expired,
    /// Another browser opened it first.
    #[error("the question belongs to another browser")]
    AnotherBrowser,
}

impl Picker {
    /// Lets a browser in: the first one, and that one again. `secret` is what the browser keeps.
    pub fn open(self, secret: &[u8], vault: &dyn Vault, now: DateTime<Utc>) -> Result<Self, PickerRefusal> {
        self.check_time(now)?;
        match &self.state {
            PickerState::Answered { .. } => Err(PickerRefusal::Answered),
            PickerState::Waiting => {
                let browser = vault.keyed_hash(Purpose::PickerBrowser, secret);
                Ok(Self { state: PickerState::Opened { browser }, ..self })
            }
            PickerState::Opened { browser } if vault.verify(Purpose::PickerBrowser, secret, browser) => {
                Ok(self)
            }
            PickerState::Opened { .. } => Err(PickerRefusal::AnotherBrowser),
        }
    }

    /// Takes the answer of the browser that opened it, once.
    pub fn answer(self, secret: &[u8], vault: &dyn Vault, now: DateTime<Utc>) -> Result<Self, PickerRefusal> {
        self.check_time(now)?;
        match &self.state {
            PickerState::Answered { .. } => Err(PickerRefusal::Answered),
            PickerState::Opened { browser } if vault.verify(Purpose::PickerBrowser, secret, browser) => {
                Ok(Self { state: PickerState::Answered { at: now }, ..self })
            }
            PickerState::Waiting | PickerState::Opened { .. } => Err(PickerRefusal::AnotherBrowser),
        }
    }

    fn check_time(&self, now: DateTime<Utc>) -> Result<(), PickerRefusal> {
        if now < self.expires_at { Ok(()) } else { Err(PickerRefusal::Expired) }
    }

    /// What the picker's URL carries.
    pub const fn token(&self) -> PickerToken {
        PickerToken { account: self.account, picker: self.id }
    }
}

/// What a picker's URL carries: whose it is and which, and a keyed hash over both, so that nobody can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickerToken {
    /// Who is asked: pickers are stored by it.
    pub account: AccountId,
    /// The picker.
    pub picker: PickerId,
}

impl PickerToken {
    /// The token as text that can stand in a path.
    pub fn write(&self, vault: &dyn Vault) -> String {
        let (account, picker) = (self.account.uuid(), self.picker.uuid());
        let signed = [account.as_bytes().as_slice(), picker.as_bytes()].concat();
        signed_text::write(Purpose::PickerToken, &signed, vault)
    }

    /// The token that this text is, if Kinlink made it.
    pub fn read(text: &str, vault: &dyn Vault) -> Option<Self> {
        let signed = signed_text::read::<{ 16 + 16 }>(Purpose::PickerToken, text, vault)?;
        let (account, picker) = signed.split_first_chunk::<16>()?;
        Some(Self {
            account: Id::from_uuid(Uuid::from_bytes(*account)),
            picker: Id::from_uuid(Uuid::from_bytes(picker.try_into().ok()?)),
        })
    }
}
