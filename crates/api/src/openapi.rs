//! The OpenAPI 3.1 document, made from the handlers. `openapi/kinlink.json` is its checked-in copy.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        server::Server,
    },
};

use crate::{authzen, fhir, health, hooks, oauth, ssf, v1};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kinlink",
        description = "Which patient records may a login account open? Staff invite, patients redeem, \
            authorization servers ask. Every refusal is a problem of RFC 9457; docs/errors.md lists them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        v1::links::lookup::post,
        v1::links::lookup::get,
        v1::links::read::read,
        v1::links::explain::explain,
        v1::endings::preview::preview,
        v1::endings::end::end,
        v1::endings::list::list,
        v1::endings::read::read,
        v1::endings::undo::undo,
        v1::reports::unusual_proxies::list,
        v1::links::revoke::revoke,
        v1::links::suspend::suspend,
        v1::links::reinstate::reinstate,
        v1::disputes::open::open,
        v1::disputes::list::list,
        v1::disputes::read::read,
        v1::disputes::uphold::uphold,
        v1::disputes::dismiss::dismiss,
        v1::links::evidence::add::add,
        v1::links::evidence::withdraw::withdraw,
        v1::account_evidence::add,
        v1::account_links::list,
        v1::invitations::issue::issue,
        v1::invitations::list::list,
        v1::invitations::redeem::redeem,
        v1::invitations::read::read,
        v1::invitations::revoke::revoke,
        v1::invitations::reissue::reissue,
        v1::totp::status::read,
        v1::totp::enrol::enrol,
        v1::totp::confirm::confirm,
        v1::totp::verify::verify,
        v1::totp::reset::reset,
        fhir::patient_match::patient_match,
        fhir::metadata::read,
        fhir::person::read,
        fhir::person::search,
        fhir::person::post_search,
        fhir::related_person::read,
        fhir::related_person::search,
        fhir::related_person::post_search,
        fhir::consent::read,
        fhir::consent::search,
        fhir::consent::post_search,
        fhir::audit_event::search,
        fhir::audit_event::post_search,
        fhir::inbound::create,
        fhir::inbound::update,
        fhir::inbound::delete,
        fhir::inbound::notify,
        v1::claims::submit::submit,
        v1::claims::list::list,
        v1::claims::read::read,
        v1::claims::confirm::confirm,
        v1::claims::withdraw::withdraw,
        v1::grants::offer::offer,
        v1::grants::list::list,
        v1::grants::read::read,
        v1::grants::accept::accept,
        v1::grants::accept::decline,
        v1::grants::withdraw::withdraw,
        v1::grants::end::end,
        v1::grants::renew::renew,
        v1::access_requests::submit::submit,
        v1::access_requests::list::list,
        v1::access_requests::read::read,
        v1::access_requests::withdraw::withdraw,
        v1::access_requests::approve::approve,
        v1::access_requests::decline::decline,
        v1::bars::record::record,
        v1::bars::list::list,
        v1::bars::lift::lift,
        v1::age_exceptions::record::record,
        v1::age_exceptions::read::read,
        v1::age_exceptions::end::end,
        v1::reviews::list::list,
        v1::reviews::read::read,
        v1::reviews::approve::approve,
        v1::reviews::ask::ask,
        v1::reviews::decline::decline,
        v1::smart::context::context,
        v1::smart::jwks::jwks,
        hooks::entra::hook,
        hooks::okta::hook,
        hooks::hydra::hook,
        hooks::auth0::hook,
        hooks::cognito::hook,
        hooks::oidc_provider::hook,
        ssf::discovery::configuration,
        ssf::discovery::keys,
        ssf::stream::create::create,
        ssf::stream::read::read,
        ssf::stream::update::update,
        ssf::stream::replace::replace,
        ssf::stream::delete::delete,
        ssf::status::read,
        ssf::status::update,
        ssf::subject::add,
        ssf::subject::remove,
        ssf::verify::verify,
        ssf::poll::poll,
        v1::webhooks::create::create,
        v1::webhooks::list::list,
        v1::webhooks::read::read,
        v1::webhooks::update::update,
        v1::webhooks::delete::delete,
        v1::webhooks::rotate::rotate,
        v1::webhooks::test::test,
        v1::events::dead::dead,
        v1::events::replay::replay,
        authzen::evaluate::one,
        authzen::evaluate::many,
        authzen::search::subject::subjects,
        authzen::search::resource::resources,
        authzen::search::action::actions,
        authzen::metadata,
        v1::provisioning::list::list,
        v1::provisioning::read::read,
        v1::provisioning::reconcile::reconcile,
        v1::audit::list,
        oauth::token,
        oauth::metadata,
        health::live,
        health::ready,
        health::metrics,
    ),
    tags(
        (name = "lookup", description = "For authorization servers, at every token"),
        (name = "smart", description = "Launch context, and a page where a person picks a record"),
        (name = "hooks", description = "In each authorization server's own words; docs/connect has a page for each"),
        (name = "invitations", description = "Staff offer, patients redeem"),
        (name = "claims", description = "Patients without a code ask to be matched to their record"),
        (name = "reviews", description = "Staff decide what is not beyond doubt"),
        (name = "grants", description = "A patient, or staff, let another person act for the patient"),
        (name = "access requests", description = "Somebody asks to act for a person"),
        (name = "bars", description = "Whom a court keeps from a record"),
        (name = "age exceptions", description = "Patients whom the age rules do not fit"),
        (name = "links", description = "Reading and ending links"),
        (name = "endings", description = "Every access to a record, or of an account, ended in one act"),
        (name = "reports", description = "What is unusual"),
        (name = "disputes", description = "\"This was not me\", and what staff decide about it"),
        (name = "account", description = "For account holders"),
        (name = "authenticator", description = "A code of an authenticator app, for acts that want more proof than a login"),
        (name = "fhir", description = "In FHIR's own words; refusals are OperationOutcomes"),
        (name = "authzen", description = "OpenID AuthZEN Authorization API 1.0: the same decisions as the lookup"),
        (name = "provisioning", description = "User attributes kept true at servers that have no hook"),
        (name = "audit", description = "Who did what, and why"),
        (name = "clients", description = "How authorization servers authenticate"),
        (name = "events", description = "Tell authorization servers at once that access changed: Shared Signals and webhooks"),
        (name = "operations", description = "For those who run Kinlink"),
    ),
    modifiers(&Schemes),
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |format: &str, description: &str| {
            let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            SecurityScheme::Http(http.description(Some(description)).build())
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "account",
            bearer("JWT", "An access token or id_token of an identity provider that an organization accepts for patients"),
        );
        components.add_security_scheme(
            "staff",
            bearer(
                "JWT",
                "A token of an identity provider that an organization accepts for staff, with a role",
            ),
        );
        components.add_security_scheme(
            "client",
            bearer("opaque", "An API key (klk_…), or an access token (klt_…) from the token endpoint"),
        );
        components.add_security_scheme(
            "source",
            bearer("opaque", "The token of a followed FHIR server (kls_…), from `kinlink pull add`"),
        );
        document.servers = Some(vec![Server::new("/")]);
        name_operations(document);
    }
}

/// Calls each operation by its method and path. Handlers are called by what they do, so many share a name; but a
/// document in which two operations do is not valid, and clients that are generated from it mix them up.
fn name_operations(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_name(method, path));
            }
        }
    }
}

/// `post_links_id_revoke`.
fn operation_name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && *word != "v1");
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// The document as JSON, in a stable order.
pub fn document() -> String {
    // The derived document consists of maps and texts, which always serialize.
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_checked_in_document_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/kinlink.json");
        if std::env::var_os("KINLINK_UPDATE").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert!(checked_in == document(), "openapi/kinlink.json is stale: run KINLINK_UPDATE=1 ./test");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let mut seen = std::collections::HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path}"));
                assert!(seen.insert(name.to_owned()), "{method} {path} is called {name}, as another is");
            }
        }
        assert!(seen.contains("post_links_id_revoke"));
    }

    #[test]
    fn a_parameter_is_of_the_path_where_the_path_names_it_and_nowhere_else() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let of_the_path = parameters.filter(|parameter| parameter["in"] == "path");
                let told: BTreeSet<_> = of_the_path.map(|it| it["name"].as_str().unwrap()).collect();
                let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
                assert_eq!(told, named.collect(), "{method} {path}");
            }
        }
    }
}
