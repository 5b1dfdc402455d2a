//! The demo's home page: who can log in, and what to try.

use std::fmt::Write;

use actix_web::{HttpResponse, http::header::ContentType};
use kinlink_domain::actor::Role;

use crate::people::{ACCOUNTS, HOSPITALS};

/// Text made safe for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page of the demo. It has no style of its own, so that a strict content security policy can hold.
pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} · Kinlink demo</title></head>\
         <body><header><nav><a href=\"/demo\">Demo</a> <a href=\"/docs\">API</a> \
         <a href=\"/demo/mailbox\">Mailbox</a></nav><h1>{title}</h1></header><main>{body}</main></body></html>"
    )
}

/// `/demo`.
pub(crate) async fn home() -> HttpResponse {
    let mut staff = String::new();
    for hospital in HOSPITALS {
        let users = Role::ALL.map(|role| format!("<li><code>{role}@{}</code></li>", hospital.slug)).concat();
        let _ = write!(staff, "<h3>{}</h3><ul>{users}</ul>", escape(hospital.name));
    }
    let accounts: String = ACCOUNTS.map(|name| format!("<li><code>{name}</code></li>")).concat();
    let body = format!(
        "<p>Everybody here is invented. A token for any of these users, without a password:</p>\
         <pre>curl -d grant_type=password -d username=anna /demo/idp/token</pre>\
         <h2>Patients who log in</h2><ul>{accounts}</ul><h2>Staff</h2>{staff}\
         <p>The patients are <code>n-001</code> to <code>n-120</code> at Northside and <code>r-001</code> to \
         <code>r-120</code> at Riverside. Every second one, beginning with the first, has an email on \
         record.</p>"
    );
    HttpResponse::Ok().content_type(ContentType::html()).body(page("Kinlink demo", &body))
}
