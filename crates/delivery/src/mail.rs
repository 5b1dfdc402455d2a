//! Mail: templates, and SMTP.

mod family;
mod render;
mod smtp;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::outbox::{Delivery, Message, MessageBody};

pub use render::{Letterhead, RenderError};
pub use smtp::{Security, SmtpMailer, SmtpSettings, SmtpSetupError};

/// Something that delivers mail.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Delivers one mail and says what became of it.
    async fn deliver(&self, message: lettre::Message) -> Delivery;
}

/// Sends mails of the outbox.
#[derive(Debug)]
pub struct MailSender {
    mailer: Arc<dyn Mailer>,
    letterhead: Letterhead,
}

impl MailSender {
    /// A sender that writes with this letterhead and delivers by this mailer.
    pub fn new(mailer: Arc<dyn Mailer>, letterhead: Letterhead) -> Self {
        Self { mailer, letterhead }
    }
}

#[async_trait]
impl crate::Sender for MailSender {
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Delivery {
        let MessageBody::Mail { to, mail } = &message.body else {
            return Delivery::dead("this is no mail");
        };
        match self.letterhead.write(message.id, to, mail, now) {
            Ok(mail) => self.mailer.deliver(mail).await,
            Err(error) => Delivery::dead(error.to_string()),
        }
    }
}
