//! Sends what waits in the outbox: mails over SMTP, text messages and letters by a webhook to whoever really
//! sends them, events to the streams and webhooks of clients. Makes the letters that staff print, too.
//!
//! No mail and no text names the person; nothing says anything of their health; no log names a recipient.
//! Delivery is at least once: the `Message-ID` of a mail and the `webhook-id` of a webhook are the id of the
//! message in the outbox, so that a second copy is known as such.

mod events;
mod letter;
mod mail;
mod pages;
mod text;
mod webhook;
mod worker;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::outbox::{Delivery, Message};

pub use events::{EventEar, EventWake, EventWorker, InvalidReceiver, ReceiverRules, polled_set};
pub use letter::letter_html;
pub use mail::{
    Letterhead, MailSender, Mailer, RenderError, Security, SmtpMailer, SmtpSettings, SmtpSetupError,
};
pub use pages::Pages;
pub use text::text_words;
pub use webhook::{InvalidSecret, WebhookSecrets, WebhookSender, WebhookSettings, WebhookSetupError};
pub use worker::OutboxWorker;

/// Something that sends messages of one kind.
#[async_trait]
pub trait Sender: Send + Sync + std::fmt::Debug {
    /// Sends one message and says what became of it.
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Delivery;
}

/// A time as messages write it.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
