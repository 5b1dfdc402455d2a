//! Turns messages of the outbox into mail and delivers them over SMTP.
//!
//! No mail names the person or says anything of their health; no log names a recipient. Delivery is at
//! least once: the `Message-ID` is that of the outbox, so that a second copy is known as such.

mod render;
mod smtp;
mod worker;

use async_trait::async_trait;
use kinlink_domain::outbox::Delivery;

pub use render::{Letterhead, RenderError};
pub use smtp::{Security, SmtpMailer, SmtpSettings, SmtpSetupError};
pub use worker::OutboxWorker;

/// Something that delivers mail.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Delivers one mail and says what became of it.
    async fn deliver(&self, message: lettre::Message) -> Delivery;
}
