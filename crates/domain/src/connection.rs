//! Connections: how an authorization server is answered when it issues a token. Which server it is, for which
//! organization, whose logins it speaks of, and what goes into its tokens.

mod claim;
mod former;
mod return_url;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use claim::{ClaimName, ClaimNameError, ClaimRule, InvalidClaimRule, Member};
pub use former::Former;
pub use return_url::{InvalidReturnUrl, ReturnUrl};

use crate::{
    account::Iss,
    fhir_user::UrlForm,
    id::{ClientId, ConnectionId, OrganizationId},
    issuer::ClaimPath,
    proofing::Ial,
};

/// A client's connection to one organization's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id; part of the hook's URL.
    pub id: ConnectionId,
    /// Whose it is.
    pub client: ClientId,
    /// Whose records it answers.
    pub organization: OrganizationId,
    /// What its operator chose.
    pub settings: ConnectionSettings,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What an operator chooses about a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSettings {
    /// Which authorization server.
    pub server: Server,
    /// The issuer of the accounts that it speaks of, exactly as in a token's `iss`.
    pub issuer: Iss,
    /// Where in the server's request the account's `sub` stands, if not where the server itself puts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<ClaimPath>,
    /// The server's own ids of the apps that are answered; all, if none is named. Others' tokens are left as
    /// they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<String>,
    /// How `fhirUser` is written.
    pub fhir_user: UrlForm,
    /// What goes into tokens, under which names.
    pub claims: Vec<ClaimRule>,
    /// What becomes of a claim that the app has asked no scope for.
    #[serde(default)]
    pub unasked: Unasked,
    /// Only links at least this well proven count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_assurance: Option<Ial>,
    /// What becomes of an account that may open several records.
    pub several: Several,
    /// What becomes of a token for somebody without a record.
    pub without_record: WithoutRecord,
    /// What becomes of a token whose scopes the server would not cut to what the link permits.
    pub excess: Excess,
    /// Where the picker may send the browser back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub return_urls: Vec<ReturnUrl>,
    /// What was otherwise before.
    #[serde(default, skip_serializing_if = "Former::is_empty")]
    pub former: Former,
}

/// A kind of authorization server, with what only that kind needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Server {
    /// Microsoft Entra, by a custom claims provider.
    Entra {
        /// What the `aud` of Entra's token is: the id of the app registration that stands for Kinlink.
        audience: String,
        /// Who issues Entra's token, if that is another than the accounts' issuer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_issuer: Option<Iss>,
    },
    /// Okta, by a token inline hook of a custom authorization server.
    Okta,
    /// Ory Hydra, by its token hook.
    Hydra,
    /// Auth0, by a post-login Action that calls Kinlink.
    Auth0,
    /// Amazon Cognito, by a pre token generation Lambda that calls Kinlink.
    Cognito,
    /// The npm package `oidc-provider`, by a function that calls Kinlink.
    OidcProvider,
    /// Any other that asks for the SMART context itself.
    Smart,
}

impl Server {
    /// The word used at the command line, in URLs and in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Entra { .. } => "entra",
            Self::Okta => "okta",
            Self::Hydra => "hydra",
            Self::Auth0 => "auth0",
            Self::Cognito => "cognito",
            Self::OidcProvider => "oidc-provider",
            Self::Smart => "smart",
        }
    }

    /// Whether an app can ask for `fhirUser`. Custom scopes of a Cognito user pool always have a slash.
    pub const fn has_scope_of_user(&self) -> bool {
        !matches!(self, Self::Cognito)
    }
}

/// What becomes of a claim that the app has asked no scope for, where the server tells the scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unasked {
    /// It is left out.
    #[default]
    Withhold,
    /// It is given all the same.
    Give,
}

/// What becomes of an account that may open several records and has picked none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// No record.
    None,
    /// Its own, if it has just one of its own.
    #[serde(rename = "self")]
    OwnRecord,
    /// The person is asked, where the server can send the browser; elsewhere no record.
    Picker,
}

/// What becomes of a token for somebody without a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRecord {
    /// It is issued, without any claim of ours.
    Issue,
    /// It is refused, also at a refresh.
    Refuse,
}

/// What becomes of a token whose scopes exceed what the link permits, where the server lets nobody cut them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// It is refused.
    Refuse,
    /// It is issued: the resource server enforces the claim that says what is permitted.
    Issue,
}

impl ConnectionSettings {
    /// The settings that an operator who says nothing else gets: the claims of SMART, and nothing that gives
    /// more than it must.
    pub fn new(server: Server, issuer: Iss) -> Self {
        Self {
            server,
            issuer,
            subject: None,
            apps: Vec::new(),
            fhir_user: UrlForm::Absolute,
            claims: vec![ClaimRule::plain(Member::FhirUser), ClaimRule::plain(Member::Patient)],
            unasked: Unasked::Withhold,
            minimum_assurance: None,
            several: Several::None,
            without_record: WithoutRecord::Issue,
            excess: Excess::Refuse,
            return_urls: Vec::new(),
            former: Former::default(),
        }
    }

    /// Whether tokens of this app are answered.
    pub fn answers_app(&self, app: &str) -> bool {
        self.apps.is_empty() || self.apps.iter().any(|known| known == app)
    }
}
