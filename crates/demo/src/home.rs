//! The demo's home page: who can log in, and what to try.

use std::fmt::Write;

use actix_web::{HttpResponse, http::header::ContentType};
use kinlink_domain::actor::Role;

use crate::people::{ACCOUNTS, HOSPITALS};

/// Text made safe for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page of the demo, in the style of all pages. `body` is HTML.
pub(crate) fn page(title: &str, body: &str) -> String {
    let style = kinlink_api::pages::style_url();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · Kinlink demo</title>\
         <link rel=\"stylesheet\" href=\"{style}\"></head>\
         <body><a class=\"skip\" href=\"#main\">Skip to the content</a>\
         <header class=\"top\"><div class=\"wide\"><a class=\"brand\" href=\"/demo\">Kinlink demo</a>\
         <nav aria-label=\"Main\"><ul><li><a href=\"/\">The pages</a></li>\
         <li><a href=\"/demo/mailbox\">Mailbox</a></li><li><a href=\"/docs\">API</a></li></ul></nav></div></header>\
         <main id=\"main\" tabindex=\"-1\"><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// `/demo`.
pub(crate) async fn home() -> HttpResponse {
    let mut staff = String::new();
    for hospital in HOSPITALS {
        let users = Role::ALL.map(|role| format!("<li><code>{role}@{}</code></li>", hospital.slug)).concat();
        let _ = write!(staff, "<section><h3>{}</h3><ul>{users}</ul></section>", escape(hospital.name));
    }
    let accounts: String = ACCOUNTS.map(|name| format!("<li><code>{name}</code></li>")).concat();
    let body = format!(
        "<p class=\"lead\">Everybody here is invented, and everybody may be anybody.</p>\
         <h2>Try this</h2><ol class=\"steps\">\
         <li><a href=\"/login?return_to=/staff/invitations/new?organization=northside%26patient=n-002\">Invite a \
         patient</a>: log in as <code>registrar@northside</code> and issue an invitation for <code>n-002</code> \
         to hand over.</li>\
         <li>Log out, and <a href=\"/login?return_to=/redeem\">enter the code</a> as <code>anna</code>.</li>\
         <li>See <a href=\"/me\">what Anna’s login opens</a>.</li>\
         <li><a href=\"/login?return_to=/find\">Find a record without a code</a> as <code>ben</code>; what is in \
         doubt waits for <code>reviewer@northside</code> among the <a \
         href=\"/login?return_to=/staff/reviews?organization=northside\">reviews</a>.</li>\
         <li>Look at the <a href=\"/login?return_to=/staff/audit?organization=northside\">audit</a> as \
         <code>auditor@northside</code>.</li></ol>\
         <p>Emailed codes arrive in the <a href=\"/demo/mailbox\">mailbox</a>.</p>\
         <h2>Who takes part</h2><div class=\"doors\"><section><h3>People with a login</h3><ul>{accounts}</ul>\
         </section>{staff}</div>\
         <p>The patients are <code>n-001</code> to <code>n-120</code> at Northside and <code>r-001</code> to \
         <code>r-120</code> at Riverside. Every second one, beginning with the first, has an email on \
         record.</p>\
         <h2>For programs</h2><p>A token for any of these users, without a password:</p>\
         <pre>curl -d grant_type=password -d username=anna /demo/idp/token</pre>"
    );
    HttpResponse::Ok().content_type(ContentType::html()).body(page("Kinlink demo", &body))
}
