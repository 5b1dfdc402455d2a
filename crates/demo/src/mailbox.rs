//! A mailbox that everybody can look into: in the demo, mails, texts and letters go nowhere else.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{
    HttpResponse, Scope,
    http::header::ContentType,
    web::{self, Data},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_delivery::{Mailer, Pages, Sender, letter_html, text_words};
use kinlink_domain::outbox::{Delivery, Message as Outgoing, MessageBody};
use lettre::Message;
use serde::Serialize;

/// Mails kept; the oldest go first.
const CAPACITY: usize = 200;

/// The mails of the demo, newest last.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Vec<Received>>);

#[derive(Debug, Clone, Serialize)]
struct Received {
    to: Vec<String>,
    source: String,
}

#[async_trait]
impl Mailer for Mailbox {
    async fn deliver(&self, message: Message) -> Delivery {
        let to = message.envelope().to().iter().map(ToString::to_string).collect();
        let source = String::from_utf8_lossy(&message.formatted()).into_owned();
        self.keep(Received { to, source });
        Delivery::Sent
    }
}

/// Stands for a gateway of text messages and a print service.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) pages: Pages,
}

#[async_trait]
impl Sender for Gateway {
    async fn send(&self, message: &Outgoing, _: DateTime<Utc>) -> Delivery {
        let (to, source) = match &message.body {
            MessageBody::Text { to, text } => (to.as_str().to_owned(), text_words(text, &self.pages)),
            MessageBody::Letter { to, letter } => (to.name.clone(), letter_html(to, letter, &self.pages)),
            MessageBody::Mail { .. } => return Delivery::dead("mail has a sender of its own"),
        };
        match source {
            Ok(source) => {
                self.mailbox.keep(Received { to: vec![to], source });
                Delivery::Sent
            }
            Err(_) => Delivery::dead("it cannot be put together"),
        }
    }
}

impl Mailbox {
    fn keep(&self, received: Received) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() == CAPACITY {
            mails.remove(0);
        }
        mails.push(received);
    }

    fn mails(&self) -> Vec<Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `/demo/mailbox` for people, `/demo/mailbox.json` for the walkthrough.
pub(crate) fn routes(mailbox: Arc<Mailbox>) -> Scope {
    web::scope("/demo/mailbox")
        .app_data(Data::from(mailbox))
        .route("", web::get().to(page))
        .route("/messages.json", web::get().to(messages))
}

async fn messages(mailbox: Data<Mailbox>) -> HttpResponse {
    HttpResponse::Ok().json(mailbox.mails())
}

async fn page(mailbox: Data<Mailbox>) -> HttpResponse {
    let mails: String = mailbox.mails().iter().rev().map(article).collect();
    let body = if mails.is_empty() { "<p>No mail yet.</p>".to_owned() } else { mails };
    HttpResponse::Ok().content_type(ContentType::html()).body(crate::home::page("Mailbox", &body))
}

fn article(mail: &Received) -> String {
    format!(
        "<article><h2>To {}</h2><pre tabindex=\"0\">{}</pre></article>",
        crate::home::escape(&mail.to.join(", ")),
        crate::home::escape(&mail.source)
    )
}
