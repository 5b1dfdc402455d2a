//! A real SMTP conversation with a real server, the refused, slow and dropped ones included; and the outbox
//! from the database to that server; and webhooks with a real receiver.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

mod conversation;
mod event_receiver;
mod events;
mod outbox;
mod receiver;
mod server;
mod webhook;
