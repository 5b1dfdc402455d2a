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
    web::{ServiceConfig, post, scope},
};

/// Every hook.
pub(crate) fn routes(config: &mut ServiceConfig, resource: fn(&str, &'static str) -> Resource) {
    // A scope of its own for each: only the pattern of the one that is called is tried.
    config
        .service(scope("/hooks/entra").service(resource("/{id}", "POST").route(post().to(entra::hook))))
        .service(scope("/hooks/okta").service(resource("/{id}", "POST").route(post().to(okta::hook))))
        .service(scope("/hooks/hydra").service(resource("/{id}", "POST").route(post().to(hydra::hook))))
        .service(scope("/hooks/auth0").service(resource("/{id}", "POST").route(post().to(auth0::hook))))
        .service(scope("/hooks/cognito").service(resource("/{id}", "POST").route(post().to(cognito::hook))))
        .service(
            scope("/hooks/oidc-provider")
                .service(resource("/{id}", "POST").route(post().to(oidc_provider::hook))),
        );
}
