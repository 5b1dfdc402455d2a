//! Version 1 of the API: one file for each operation.

pub(crate) mod access_requests;
pub(crate) mod account_evidence;
pub(crate) mod account_links;
pub(crate) mod age_exceptions;
pub(crate) mod audit;
pub(crate) mod bars;
pub(crate) mod claims;
pub(crate) mod disputes;
pub(crate) mod endings;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod invitations;
pub(crate) mod links;
pub(crate) mod provisioning;
pub(crate) mod reports;
pub(crate) mod reviews;
pub(crate) mod smart;
pub(crate) mod totp;
pub(crate) mod view;
pub(crate) mod webhooks;

use actix_web::{
    HttpResponse, Resource,
    middleware::from_fn,
    web::{self, ServiceConfig, delete, get, patch, post, put},
};

use crate::{
    authzen, docs, fhir, health, hooks, not_me, oauth,
    problem::{Problem, ProblemType},
    ssf,
};

/// A resource that answers other methods with 405 instead of 404.
fn resource(path: &str, methods: &'static str) -> Resource {
    let refuse = move || async move {
        Err::<HttpResponse, _>(Problem::new(ProblemType::MethodNotAllowed).allow(methods))
    };
    web::resource(path).default_service(web::to(refuse))
}

/// What tells clients that something changed.
fn event_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/.well-known/ssf-configuration", "GET").route(get().to(ssf::discovery::configuration)),
        )
        .service(resource("/ssf/jwks.json", "GET").route(get().to(ssf::discovery::keys)))
        .service(
            resource("/ssf/streams", "DELETE, GET, PATCH, POST, PUT")
                .route(post().to(ssf::stream::create::create))
                .route(get().to(ssf::stream::read::read))
                .route(patch().to(ssf::stream::update::update))
                .route(put().to(ssf::stream::replace::replace))
                .route(delete().to(ssf::stream::delete::delete)),
        )
        .service(
            resource("/ssf/status", "GET, POST")
                .route(get().to(ssf::status::read))
                .route(post().to(ssf::status::update)),
        )
        .service(resource("/ssf/subjects/add", "POST").route(post().to(ssf::subject::add)))
        .service(resource("/ssf/subjects/remove", "POST").route(post().to(ssf::subject::remove)))
        .service(resource("/ssf/verify", "POST").route(post().to(ssf::verify::verify)))
        .service(resource("/ssf/poll/{id}", "POST").route(post().to(ssf::poll::poll)))
        .service(
            resource("/v1/webhooks", "GET, POST")
                .route(post().to(webhooks::create::create))
                .route(get().to(webhooks::list::list)),
        )
        .service(
            resource("/v1/webhooks/{id}", "DELETE, GET, PATCH")
                .route(get().to(webhooks::read::read))
                .route(patch().to(webhooks::update::update))
                .route(delete().to(webhooks::delete::delete)),
        )
        .service(
            resource("/v1/webhooks/{id}/rotate-secret", "POST").route(post().to(webhooks::rotate::rotate)),
        )
        .service(resource("/v1/webhooks/{id}/test", "POST").route(post().to(webhooks::test::test)))
        .service(resource("/v1/events/dead", "GET").route(get().to(events::dead::dead)))
        .service(resource("/v1/events/replay", "POST").route(post().to(events::replay::replay)));
}

/// Every route of the API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .configure(token_routes)
        .configure(event_routes)
        .configure(family_routes)
        .configure(ending_routes)
        .service(resource("/v1/links/{id}", "GET").route(get().to(links::read::read)))
        .service(resource("/v1/links/{id}/explain", "GET").route(get().to(links::explain::explain)))
        .service(resource("/v1/links/{id}/revoke", "POST").route(post().to(links::revoke::revoke)))
        .service(resource("/v1/links/{id}/suspend", "POST").route(post().to(links::suspend::suspend)))
        .service(resource("/v1/links/{id}/reinstate", "POST").route(post().to(links::reinstate::reinstate)))
        .service(
            resource("/v1/disputes", "GET, POST")
                .route(post().to(disputes::open::open))
                .route(get().to(disputes::list::list)),
        )
        .service(resource("/v1/disputes/{id}", "GET").route(get().to(disputes::read::read)))
        .service(resource("/v1/disputes/{id}/uphold", "POST").route(post().to(disputes::uphold::uphold)))
        .service(resource("/v1/disputes/{id}/dismiss", "POST").route(post().to(disputes::dismiss::dismiss)))
        .service(resource("/not-me/style.css", "GET").route(get().to(not_me::style)))
        .service(
            resource("/not-me/{token}", "GET, POST")
                .route(get().to(not_me::show))
                .route(post().to(not_me::press)),
        )
        .service(resource("/v1/links/{id}/evidence", "POST").route(post().to(links::evidence::add::add)))
        .service(
            resource("/v1/links/{id}/evidence/{evidence}/withdraw", "POST")
                .route(post().to(links::evidence::withdraw::withdraw)),
        )
        .service(resource("/v1/account/evidence/federated", "POST").route(post().to(account_evidence::add)))
        .service(resource("/v1/account/links", "GET").route(get().to(account_links::list)))
        .service(
            resource("/v1/invitations", "GET, POST")
                .route(post().to(invitations::issue::issue))
                .route(get().to(invitations::list::list)),
        )
        .service(resource("/v1/invitations/redeem", "POST").route(post().to(invitations::redeem::redeem)))
        .service(resource("/v1/invitations/{id}", "GET").route(get().to(invitations::read::read)))
        .service(
            resource("/v1/invitations/{id}/revoke", "POST").route(post().to(invitations::revoke::revoke)),
        )
        .service(
            resource("/v1/invitations/{id}/reissue", "POST").route(post().to(invitations::reissue::reissue)),
        )
        .service(resource("/v1/totp", "GET").route(get().to(totp::status::read)))
        .service(resource("/v1/totp/enrol", "POST").route(post().to(totp::enrol::enrol)))
        .service(resource("/v1/totp/confirm", "POST").route(post().to(totp::confirm::confirm)))
        .service(resource("/v1/totp/verify", "POST").route(post().to(totp::verify::verify)))
        .service(resource("/v1/totp/reset", "POST").route(post().to(totp::reset::reset)))
        .service(
            resource("/v1/claims", "GET, POST")
                .route(post().to(claims::submit::submit))
                .route(get().to(claims::list::list)),
        )
        .service(resource("/v1/claims/{id}", "GET").route(get().to(claims::read::read)))
        .service(resource("/v1/claims/{id}/confirm", "POST").route(post().to(claims::confirm::confirm)))
        .service(resource("/v1/claims/{id}/withdraw", "POST").route(post().to(claims::withdraw::withdraw)))
        .service(resource("/v1/reviews", "GET").route(get().to(reviews::list::list)))
        .service(resource("/v1/reviews/{id}", "GET").route(get().to(reviews::read::read)))
        .service(resource("/v1/reviews/{id}/approve", "POST").route(post().to(reviews::approve::approve)))
        .service(resource("/v1/reviews/{id}/ask", "POST").route(post().to(reviews::ask::ask)))
        .service(resource("/v1/reviews/{id}/decline", "POST").route(post().to(reviews::decline::decline)))
        .service(resource("/v1/smart/jwks", "GET").route(get().to(smart::jwks::jwks)))
        .configure(fhir::routes)
        .service(resource("/v1/provisioning", "GET").route(get().to(provisioning::list::list)))
        .service(resource("/v1/provisioning/{id}", "GET").route(get().to(provisioning::read::read)))
        .service(
            resource("/v1/provisioning/{id}/reconcile", "POST")
                .route(post().to(provisioning::reconcile::reconcile)),
        )
        .service(resource("/v1/audit", "GET").route(get().to(audit::list)))
        .service(resource("/oauth2/token", "POST").route(post().to(oauth::token)))
        .service(resource("/.well-known/oauth-authorization-server", "GET").route(get().to(oauth::metadata)))
        .service(resource("/health/live", "GET").route(get().to(health::live)))
        .service(resource("/health/ready", "GET").route(get().to(health::ready)))
        .service(resource("/metrics", "GET").route(get().to(health::metrics)))
        .service(resource("/openapi.json", "GET").route(get().to(docs::document)))
        .service(resource("/docs", "GET").route(get().to(docs::page)))
        .service(resource("/docs/style.css", "GET").route(get().to(docs::style)));
}

/// Those that are asked for every token. Patterns are tried in their order, so they come first.
fn token_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/v1/links/lookup", "GET, POST")
                .route(post().to(links::lookup::post))
                .route(get().to(links::lookup::get)),
        )
        .service(resource("/v1/smart/context", "POST").route(post().to(smart::context::context)))
        .configure(authzen_routes)
        .configure(|config| hooks::routes(config, resource));
}

/// Those of ending every access at once, and of what is unusual.
fn ending_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/v1/endings", "GET, POST")
                .route(post().to(endings::end::end))
                .route(get().to(endings::list::list)),
        )
        .service(resource("/v1/endings/preview", "POST").route(post().to(endings::preview::preview)))
        .service(resource("/v1/endings/{id}", "GET").route(get().to(endings::read::read)))
        .service(resource("/v1/endings/{id}/undo", "POST").route(post().to(endings::undo::undo)))
        .service(
            resource("/v1/reports/unusual-proxies", "GET").route(get().to(reports::unusual_proxies::list)),
        );
}

/// Those of AuthZEN.
fn authzen_routes(config: &mut ServiceConfig) {
    config
        .service(
            web::scope("/access/v1")
                .wrap(from_fn(authzen::echo_request_id))
                .service(resource("/evaluation", "POST").route(post().to(authzen::evaluate::one)))
                .service(resource("/evaluations", "POST").route(post().to(authzen::evaluate::many)))
                .service(
                    resource("/search/subject", "POST").route(post().to(authzen::search::subject::subjects)),
                )
                .service(
                    resource("/search/resource", "POST")
                        .route(post().to(authzen::search::resource::resources)),
                )
                .service(
                    resource("/search/action", "POST").route(post().to(authzen::search::action::actions)),
                ),
        )
        .service(resource("/.well-known/authzen-configuration", "GET").route(get().to(authzen::metadata)));
}

/// Those of who acts for whom.
fn family_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/v1/grants", "GET, POST")
                .route(post().to(grants::offer::offer))
                .route(get().to(grants::list::list)),
        )
        .service(resource("/v1/grants/accept", "POST").route(post().to(grants::accept::accept)))
        .service(resource("/v1/grants/decline", "POST").route(post().to(grants::accept::decline)))
        .service(resource("/v1/grants/{id}", "GET").route(get().to(grants::read::read)))
        .service(resource("/v1/grants/{id}/end", "POST").route(post().to(grants::end::end)))
        .service(resource("/v1/grants/{id}/withdraw", "POST").route(post().to(grants::withdraw::withdraw)))
        .service(resource("/v1/grants/{id}/renew", "POST").route(post().to(grants::renew::renew)))
        .service(
            resource("/v1/access-requests", "GET, POST")
                .route(post().to(access_requests::submit::submit))
                .route(get().to(access_requests::list::list)),
        )
        .service(resource("/v1/access-requests/{id}", "GET").route(get().to(access_requests::read::read)))
        .service(
            resource("/v1/access-requests/{id}/withdraw", "POST")
                .route(post().to(access_requests::withdraw::withdraw)),
        )
        .service(
            resource("/v1/access-requests/{id}/approve", "POST")
                .route(post().to(access_requests::approve::approve)),
        )
        .service(
            resource("/v1/access-requests/{id}/decline", "POST")
                .route(post().to(access_requests::decline::decline)),
        )
        .service(
            resource("/v1/bars", "GET, POST")
                .route(post().to(bars::record::record))
                .route(get().to(bars::list::list)),
        )
        .service(resource("/v1/bars/{id}/lift", "POST").route(post().to(bars::lift::lift)))
        .service(
            resource("/v1/age-exceptions", "GET, POST")
                .route(post().to(age_exceptions::record::record))
                .route(get().to(age_exceptions::read::read)),
        )
        .service(resource("/v1/age-exceptions/end", "POST").route(post().to(age_exceptions::end::end)));
}
