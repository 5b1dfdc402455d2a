//! Token hooks: each authorization server is answered in its own words, and nobody else is.

mod auth0;
mod cognito;
mod entra;
mod hydra;
mod oidc_provider;
mod okta;
pub(crate) mod stage;
