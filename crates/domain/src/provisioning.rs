//! User attributes kept true at authorization servers that have no hook: where they are, what they are to say,
//! and how what was found there is judged.
//!
//! A target is one such server, bound to one organization. What an attribute says is worked out when it is
//! sent, from the links as they are then ([`ProvisioningTarget::desired`]): a late task writes no old value.

mod drift;
mod finding;
mod names;
mod run;
mod values;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use drift::{Drift, Known, drift};
pub use finding::{Change, Finding, Verdict};
pub use names::{AttributeName, InvalidName, PathPart, ServerUrl};
pub use run::{Cause, Counts, Ended, Report, Run, RunKind, RunPhase, last_night};
pub use values::{Basis, Desired, Values};

use crate::{
    account::Iss,
    fhir_user::UrlForm,
    id::{AccountId, OrganizationId, ProvisioningTargetId},
};

/// An authorization server whose users carry attributes for Kinlink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningTarget {
    /// Its id.
    pub id: ProvisioningTargetId,
    /// Whose links its users' attributes tell of.
    pub organization: OrganizationId,
    /// Whose accounts its users are: a login's `sub` is the user's id there.
    pub issuer: Iss,
    /// Where the server is, and what is written.
    pub settings: Settings,
    /// Kinlink's own client at the server.
    pub client_id: String,
    /// That client's secret.
    pub secret: ClientSecret,
    /// Whether it is kept true.
    pub state: TargetState,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where the server is, and what is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The server.
    pub server: Server,
    /// The attribute with the person's FHIR resource (SMART App Launch 2.2, `fhirUser`).
    pub fhir_user: AttributeName,
    /// The attribute with the record's id alone, if one is wanted (SMART's launch context, `patient`).
    pub patient: Option<AttributeName>,
    /// How `fhirUser` names the resource.
    pub form: UrlForm,
}

/// The servers whose users can be given attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Server {
    /// Keycloak, by its Admin REST API.
    Keycloak {
        /// Where it is, without `/realms`.
        base: ServerUrl,
        /// The realm.
        realm: PathPart,
    },
    /// Microsoft Entra, by Microsoft Graph.
    Graph {
        /// Where Graph is.
        base: ServerUrl,
        /// Where tokens for it are had.
        login: ServerUrl,
        /// The tenant's id.
        tenant: PathPart,
    },
}

impl Server {
    /// The word used in JSON and tables.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keycloak { .. } => "keycloak",
            Self::Graph { .. } => "graph",
        }
    }
}

/// Whether a target is kept true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// It is.
    On,
    /// What happens is noted, and nothing is sent.
    Off,
    /// Every attribute is being taken away, before the target is removed.
    Clearing,
}

impl TargetState {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Clearing => "clearing",
        }
    }
}

/// The secret of Kinlink's own client. Shown nowhere, encrypted at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret, for the server it is for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// One account whose attributes at one target are to be looked after, taken by one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvisioningTask {
    /// The target's organization.
    pub organization: OrganizationId,
    /// The target.
    pub target: ProvisioningTargetId,
    /// The account.
    pub account: AccountId,
    /// Counts the changes: one that comes while this is worked on makes the account due again.
    pub generation: i64,
    /// How often sending was tried since the last change.
    pub attempts: u16,
    /// What Kinlink knows of its attributes.
    pub known: Known,
    /// Until when it is this worker's.
    pub leased_until: DateTime<Utc>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisioningOutcome {
    /// The server holds what it should.
    Done {
        /// What that is.
        written: Option<[u8; 16]>,
    },
    /// The server has no such user any more.
    Gone,
    /// It may succeed later.
    Retry {
        /// Why, without anything of the person.
        error: String,
        /// When.
        at: DateTime<Utc>,
        /// Whether it counts towards giving up.
        counts: bool,
    },
    /// Nothing is known of this account: its server did not answer.
    Untouched,
    /// It will not succeed until somebody mends something.
    Dead {
        /// Why, without anything of the person.
        error: String,
    },
}

/// How a target's accounts stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// With a change that was not sent yet.
    pub pending: u64,
    /// In order, as far as Kinlink knows.
    pub done: u64,
    /// Whose user is gone.
    pub gone: u64,
    /// Given up.
    pub dead: u64,
}
