//! Token hooks: one URL for each connection, each speaking its authorization server's own request and answer.
//!
//! What goes into a token is decided by `service::token_context`; an adapter below reads who is asked about,
//! and writes the answer. It adds nothing. What cannot be decided is an error in the server's own way, so that
//! no token says what nobody decided: never `patient` without a live link.

mod answer;
pub(crate) mod auth0;
mod call;
pub(crate) mod cognito;
pub(crate) mod entra;
pub(crate) mod hydra;
pub(crate) mod oidc_provider;
pub(crate) mod okta;

use actix_web::{
    Resource,
    web::{ServiceConfig, post},
};

/// Every hook.
pub(crate) fn routes(config: &mut ServiceConfig, resource: fn(&str, &'static str) -> Resource) {
    config
        .service(resource("/hooks/entra/{id}", "POST").route(post().to(entra::hook)))
        .service(resource("/hooks/okta/{id}", "POST").route(post().to(okta::hook)))
        .service(resource("/hooks/hydra/{id}", "POST").route(post().to(hydra::hook)))
        .service(resource("/hooks/auth0/{id}", "POST").route(post().to(auth0::hook)))
        .service(resource("/hooks/cognito/{id}", "POST").route(post().to(cognito::hook)))
        .service(resource("/hooks/oidc-provider/{id}", "POST").route(post().to(oidc_provider::hook)));
}
