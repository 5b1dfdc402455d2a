//! What staff see: each role its own part.

mod account;
mod audit;
mod authenticator;
mod disputes;
mod endings;
mod family;
mod home;
mod invitations;
mod links;
mod papers;
mod proxy;
mod record;
mod reports;
mod requests;
mod reviews;

use actix_web::web::{ServiceConfig, get, post};
use kinlink_domain::{organization::Organization, store::UnitOfWork};
use uuid::Uuid;

use super::page;
use crate::{
    extract::{Cursor, NamedOrganization, StaffCaller},
    pages::refusal::Refusal,
};

/// The organization that a page is about.
async fn organization(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    named: Option<&str>,
) -> Result<Organization, Refusal> {
    Ok(NamedOrganization::in_query(named)?.find(unit, staff).await?)
}

/// A query behind a path of ours, without what is empty.
fn link_to(path: &str, parameters: &[(&str, &str)]) -> String {
    let filled = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The rest of a list, by the same filters; none if this was all.
fn rest_of(path: &str, slug: &str, filters: &[(&str, &str)], next: Option<Uuid>) -> Option<String> {
    let cursor = Cursor::write(next?);
    let place = [&[("organization", slug)][..], filters, &[("cursor", cursor.as_str())]].concat();
    Some(link_to(path, &place))
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(page("/staff", "GET").route(get().to(home::show_home)))
        .service(page("/staff/record", "GET").route(get().to(record::show_record)))
        .service(
            page("/staff/invitations", "GET, POST")
                .route(get().to(invitations::list::show_list))
                .route(post().to(invitations::issue::issue)),
        )
        .service(page("/staff/invitations/new", "GET").route(get().to(invitations::issue::ask)))
        .service(page("/staff/invitations/{id}", "GET").route(get().to(invitations::read::show_invitation)))
        .service(page("/staff/invitations/{id}/revoke", "POST").route(post().to(invitations::revoke::revoke)))
        .service(
            page("/staff/invitations/{id}/reissue", "POST").route(post().to(invitations::reissue::reissue)),
        )
        .service(page("/staff/invitations/{id}/letter", "POST").route(post().to(invitations::letter::print)))
        .service(page("/staff/links/{id}", "GET").route(get().to(links::read::show_link)))
        .service(page("/staff/links/{id}/revoke", "POST").route(post().to(links::revoke::revoke)))
        .service(page("/staff/links/{id}/suspend", "POST").route(post().to(links::suspend::suspend)))
        .service(page("/staff/links/{id}/reinstate", "POST").route(post().to(links::reinstate::reinstate)))
        .service(page("/staff/links/{id}/evidence", "POST").route(post().to(links::evidence::add::add)))
        .service(
            page("/staff/links/{id}/evidence/{evidence}/withdraw", "GET, POST")
                .route(get().to(links::evidence::withdraw::ask))
                .route(post().to(links::evidence::withdraw::withdraw)),
        )
        .service(page("/staff/disputes", "GET").route(get().to(disputes::list::show_list)))
        .service(page("/staff/disputes/{id}", "GET").route(get().to(disputes::read::show_dispute)))
        .service(page("/staff/disputes/{id}/uphold", "POST").route(post().to(disputes::decide::uphold)))
        .service(page("/staff/disputes/{id}/dismiss", "POST").route(post().to(disputes::decide::dismiss)))
        .service(page("/staff/reviews", "GET").route(get().to(reviews::list::show_list)))
        .service(page("/staff/reviews/{id}", "GET").route(get().to(reviews::read::show_review)))
        .service(page("/staff/reviews/{id}/approve", "POST").route(post().to(reviews::approve::approve)))
        .service(page("/staff/reviews/{id}/ask", "POST").route(post().to(reviews::ask::ask)))
        .service(page("/staff/reviews/{id}/decline", "POST").route(post().to(reviews::decline::decline)))
        .service(page("/staff/audit", "GET").route(get().to(audit::show_audit)))
        .service(
            page("/staff/accounts", "GET, POST")
                .route(get().to(account::ask))
                .route(post().to(account::search)),
        )
        .service(
            page("/staff/authenticator", "GET, POST")
                .route(get().to(authenticator::ask))
                .route(post().to(authenticator::reset)),
        );
    config
        .service(
            page("/staff/endings", "GET, POST")
                .route(get().to(endings::list::show_list))
                .route(post().to(endings::preview::end)),
        )
        .service(page("/staff/endings/new", "GET").route(get().to(endings::preview::ask)))
        .service(page("/staff/endings/{id}", "GET").route(get().to(endings::read::show_ending)))
        .service(page("/staff/endings/{id}/undo", "POST").route(post().to(endings::undo::undo)))
        .service(page("/staff/reports/unusual-proxies", "GET").route(get().to(reports::show_report)))
        .service(page("/staff/proxies/new", "GET").route(get().to(proxy::ask)))
        .service(page("/staff/proxies", "POST").route(post().to(proxy::issue)))
        .service(page("/staff/requests", "GET").route(get().to(requests::list::show_list)))
        .service(page("/staff/requests/{id}", "GET").route(get().to(requests::read::show_request)))
        .service(page("/staff/requests/{id}/approve", "POST").route(post().to(requests::decide::approve)))
        .service(page("/staff/requests/{id}/decline", "POST").route(post().to(requests::decide::decline)))
        .service(page("/staff/family", "GET").route(get().to(family::show_family)))
        .service(page("/staff/bars", "POST").route(post().to(family::bars::record)))
        .service(page("/staff/bars/{id}/lift", "POST").route(post().to(family::bars::lift)))
        .service(page("/staff/age-exceptions", "POST").route(post().to(family::exceptions::record)))
        .service(page("/staff/age-exceptions/end", "POST").route(post().to(family::exceptions::end)));
}
