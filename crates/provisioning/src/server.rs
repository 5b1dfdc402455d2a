//! The servers, each behind the same three operations.

mod graph;
mod http;
mod keycloak;
mod profile;
mod token;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::TimeDelta;
use kinlink_domain::{
    port::Clock,
    provisioning::{ProvisioningTarget, Server, Values},
};

/// Why a server did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It has no such user.
    #[error("the user is gone")]
    Gone,
    /// It asks for a pause.
    #[error("HTTP {status}: too many requests")]
    Throttled {
        /// The status.
        status: u16,
        /// How long a pause, if it says so.
        after: Option<TimeDelta>,
    },
    /// It does not know Kinlink's client, or takes another secret.
    #[error("HTTP {status} {code}: the client or its secret is not accepted")]
    Unauthorized {
        /// The status.
        status: u16,
        /// Its own code.
        code: Code,
    },
    /// Kinlink's client may not do this.
    #[error("HTTP 403 {code}: the client lacks a permission")]
    Forbidden {
        /// Its own code.
        code: Code,
    },
    /// It took the attribute and does not keep it, or would not.
    #[error(
        "the server does not keep the attribute, or hides it: in the realm's user profile, declare it with the \
         permission to edit for admins only, or set unmanaged attributes to \"Only administrators can write\""
    )]
    NotKept,
    /// Whoever holds the attribute could have set it.
    #[error(
        "users can set the attribute themselves, and so open anybody's record: in the realm's user profile, let \
         only admins edit it. Nothing is written until then"
    )]
    Forgeable,
    /// It refuses, and will again.
    #[error("HTTP {status} {code}")]
    Refused {
        /// The status.
        status: u16,
        /// Its own code.
        code: Code,
    },
    /// Somebody else changed the user at the same time.
    #[error("HTTP 409 {code}")]
    Conflict {
        /// Its own code.
        code: Code,
    },
    /// It does not answer, or cannot just now.
    #[error("{why}")]
    Unavailable {
        /// What was seen.
        why: String,
        /// How long a pause, if it says so.
        after: Option<TimeDelta>,
    },
}

/// A server's own code for what is wrong, if it is a plain word: anything longer may quote a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code(Option<String>);

impl Code {
    /// Takes a text for a code if it looks like one.
    fn of(text: Option<&str>) -> Self {
        let plain = |text: &&str| {
            (1..=60).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | '.'))
        };
        Self(text.filter(plain).map(str::to_owned))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("without a code"))
    }
}

impl ServerError {
    /// Whether the same may succeed later by itself.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Conflict { .. }
            | Self::Unavailable { .. } => true,
            Self::Gone | Self::NotKept | Self::Forgeable | Self::Refused { .. } => false,
        }
    }

    /// Whether it is about the server, and would meet every other user too.
    pub(crate) const fn concerns_all(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Unauthorized { .. }
            | Self::NotKept
            | Self::Forgeable
            | Self::Unavailable { .. } => true,
            Self::Gone | Self::Forbidden { .. } | Self::Refused { .. } | Self::Conflict { .. } => false,
        }
    }

    /// The pause that the server asks for.
    pub(crate) const fn after(&self) -> Option<TimeDelta> {
        match self {
            Self::Throttled { after, .. } | Self::Unavailable { after, .. } => *after,
            _ => None,
        }
    }
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// As it should be.
    Good,
    /// It works, and should be mended.
    Doubtful,
    /// It does not work.
    Wrong,
}

/// What a check of a target found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How much it weighs.
    pub weight: Weight,
    /// What was found, and what to do.
    pub text: String,
}

impl Remark {
    fn good(text: impl Into<String>) -> Self {
        Self { weight: Weight::Good, text: text.into() }
    }

    fn doubtful(text: impl Into<String>) -> Self {
        Self { weight: Weight::Doubtful, text: text.into() }
    }

    fn wrong(text: impl Into<String>) -> Self {
        Self { weight: Weight::Wrong, text: text.into() }
    }
}

/// Why nothing can be sent to a target.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// What is configured gives no address.
    #[error("what is configured gives no address: {0}")]
    Address(#[from] url::ParseError),
}

impl From<SetupError> for ServerError {
    fn from(error: SetupError) -> Self {
        Self::Unavailable { why: error.to_string(), after: None }
    }
}

/// A part of a server's own list of its users.
#[derive(Debug)]
pub(crate) struct UserPage {
    /// How many users are in it.
    pub(crate) users: usize,
    /// The ids of those who have one of the attributes.
    pub(crate) holders: Vec<String>,
    /// Where the list goes on, in the server's words; nothing at its end.
    pub(crate) next: Option<String>,
}

/// A server whose users carry attributes.
#[async_trait]
pub(crate) trait UserAttributes: Send + Sync + fmt::Debug {
    /// Brings the attributes of `user` to what is desired, if they are not; returns what they were.
    async fn keep(&self, user: &str, desired: &Values) -> Result<Values, ServerError>;
    /// What the attributes of `user` are.
    async fn read(&self, user: &str) -> Result<Values, ServerError>;
    /// The server's own list of its users, from `place` on or from its beginning.
    async fn page(&self, place: Option<&str>) -> Result<UserPage, ServerError>;
    /// Whether it would work, without changing anything.
    async fn check(&self) -> Result<Vec<Remark>, ServerError>;
}

/// What speaks to this target's server.
pub(crate) fn connect(
    target: &ProvisioningTarget,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn UserAttributes>, SetupError> {
    let names = (target.settings.fhir_user.clone(), target.settings.patient.clone());
    let credentials = (target.client_id.clone(), target.secret.clone());
    Ok(match &target.settings.server {
        Server::Keycloak { base, realm } => {
            Arc::new(keycloak::Keycloak::new(base, realm, names, credentials, clock.clone())?)
        }
        Server::Graph { base, login, tenant } => {
            Arc::new(graph::Graph::new(base, login, tenant, names, credentials, clock.clone())?)
        }
    })
}

/// Looks whether attributes can be kept at this target, without changing anything.
pub async fn check(target: &ProvisioningTarget, clock: &Arc<dyn Clock>) -> Result<Vec<Remark>, SetupError> {
    let remarks = match connect(target, clock)?.check().await {
        Ok(remarks) => remarks,
        Err(error) => vec![Remark::wrong(error.to_string())],
    };
    Ok(remarks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_kept_only_if_they_are_a_code() {
        let shown = |text| Code::of(Some(text)).to_string();
        assert_eq!(shown("error-user-attribute-read-only"), "error-user-attribute-read-only");
        assert_eq!(shown("Request_ResourceNotFound"), "Request_ResourceNotFound");
        for text in ["User exists with email anna@x.example", "", "8f2c", &"a".repeat(61)] {
            assert_eq!(shown(text), "without a code", "{text}");
        }
    }
}
