//! Who calls: people by the tokens of their identity provider, authorization servers by their own
//! credentials.
//!
//! Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7517 to 7519, RFC 7523, RFC 8725 (best current
//! practice for JWT). Nothing here logs a token, a claim or a `sub`.

mod access_token;
mod api_key;
mod assertion;
mod bearer;
mod client;
mod id_token;
mod jwt;
mod keys;
mod login;
mod server_token;
mod source_token;

pub use api_key::{NewApiKey, issue_api_key, rotate_api_key};
pub use bearer::{Bearer, BearerError, BearerVerifier};
pub use client::{
    AccessToken, AuthenticatedClient, ClientAuthError, ClientAuthenticator, ClientSettings, TokenError,
    TokenRequest,
};
pub use keys::{KeyError, KeyFetcher};
pub use login::{
    AuthorizationAnswer, ClientSecret, LoggedIn, LoginError, LoginProvider, LoginScope, Logins, PendingLogin,
};
pub use server_token::{ServerTokenRule, ServerTokens};
pub use source_token::{accepts_source_token, issue_source_token, source_of_token};
