//! Pages for people: patients, staff, auditors. Made here on the server; they need no script, and their
//! content security policy allows none.
//!
//! A page is one file: what it shows, its form, its template's name. It calls the same services as the JSON
//! handler of the same operation, within one unit of work, and decides nothing by itself. Who visits is in a
//! sealed cookie (`session`); every form carries that session's token (`form`).

mod assets;
mod authenticator;
mod complaint;
mod cookie;
mod find;
mod form;
mod frame;
mod home;
mod login;
mod me;
mod picker;
mod redeem;
mod refusal;
mod session;
mod staff;
mod step_up;
mod visitor;
mod words;

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header,
    web::{self, ServiceConfig, get, post},
};

use crate::problem::{Problem, ProblemType};
use refusal::Refusal;

pub use assets::style_url;

/// Where a page is. Other methods get a page that says so.
fn page(path: &str, methods: &'static str) -> Resource {
    let refuse = move || async move {
        let problem = Problem::new(ProblemType::MethodNotAllowed).allow(methods);
        Err::<HttpResponse, _>(Refusal::Problem(problem))
    };
    web::resource(path).default_service(web::to(refuse))
}

/// Every page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(page("/assets/style.css", "GET").route(get().to(assets::style)))
        .service(page("/assets/icon.svg", "GET").route(get().to(assets::icon)))
        .service(page("/", "GET").route(get().to(home::home)))
        .service(page("/login", "GET").route(get().to(login::choose::show)))
        .service(page("/login/start", "GET").route(get().to(login::start::start)))
        .service(page("/login/callback", "GET").route(get().to(login::callback::finish)))
        .service(page("/logout", "POST").route(post().to(login::logout::logout)))
        .service(page("/me", "GET").route(get().to(me::records::show_records)))
        .service(
            page("/me/links/{id}/end", "GET, POST")
                .route(get().to(me::end::ask))
                .route(post().to(me::end::end_link)),
        )
        .service(page("/me/access", "GET").route(get().to(me::access::show_access)))
        .service(
            page("/me/access/new", "GET, POST")
                .route(get().to(me::access::give::ask))
                .route(post().to(me::access::give::give)),
        )
        .service(page("/me/access/{id}/end", "POST").route(post().to(me::access::end::end)))
        .service(page("/me/access/{id}/withdraw", "POST").route(post().to(me::access::end::withdraw)))
        .service(page("/me/requests/{id}", "GET").route(get().to(me::requests::ask)))
        .service(page("/me/requests/{id}/approve", "POST").route(post().to(me::requests::approve)))
        .service(page("/me/requests/{id}/decline", "POST").route(post().to(me::requests::decline)))
        .service(page("/me/others", "GET").route(get().to(me::others::show_others)))
        .service(
            page("/me/others/ask", "GET, POST")
                .route(get().to(me::others::ask::ask))
                .route(post().to(me::others::ask::submit)),
        )
        .service(page("/me/others/asked/{id}", "GET").route(get().to(me::others::asked::show_asked)))
        .service(page("/me/others/asked/{id}/withdraw", "POST").route(post().to(me::others::asked::withdraw)))
        .service(page("/me/others/{id}/leave", "POST").route(post().to(me::others::leave::leave)))
        .service(page("/redeem/accept", "POST").route(post().to(me::others::offer::accept)))
        .service(page("/redeem/decline", "POST").route(post().to(me::others::offer::decline)))
        .service(page("/me/security", "GET").route(get().to(me::security::show_security)))
        .service(page("/me/security/enrol", "POST").route(post().to(me::security::enrol::enrol)))
        .service(page("/me/security/confirm", "POST").route(post().to(me::security::confirm::confirm)))
        .service(page("/redeem", "GET, POST").route(get().to(redeem::ask)).route(post().to(redeem::redeem)));
    config
        .service(
            page("/find", "GET, POST").route(get().to(find::ask::ask)).route(post().to(find::ask::submit)),
        )
        .service(
            page("/find/{id}", "GET, POST")
                .route(get().to(find::claim::show_claim))
                .route(post().to(find::claim::enter_code)),
        )
        .service(page("/find/{id}/withdraw", "POST").route(post().to(find::withdraw::withdraw)));
    config.service(
        page("/picker/{token}", "GET, POST")
            .route(get().to(picker::ask::ask))
            .route(post().to(picker::answer::answer)),
    );
    config.service(
        page("/step-up", "GET, POST").route(get().to(step_up::ask)).route(post().to(step_up::give_code)),
    );
    staff::routes(config);
}

/// Nothing is here: a page for browsers, a problem for programs.
pub(crate) async fn not_found(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let problem = Problem::new(ProblemType::NotFound);
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        Err(Refusal::Problem(problem).into())
    } else {
        Err(problem.into())
    }
}
