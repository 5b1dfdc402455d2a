//! Databases of their own for tests, on SQLite and on PostgreSQL, and ports that a test moves by hand.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must say so and end")]

mod database;
mod fixture;
mod matcher;
mod servers;
mod smtp;

pub use database::{Kind, TestDatabase};
pub use fixture::{Fixture, birth_date, imported};
pub use matcher::ExactMatcher;
pub use servers::{GraphDouble, KeycloakDouble, Taken, Trouble, UserProfile};
pub use smtp::SmtpServer;

/// Makes two tests of one body, `name::sqlite` and `name::postgres`, each with a [`Fixture`] of its own.
#[macro_export]
macro_rules! on_both_databases {
    ($(#[$meta:meta])* async fn $name:ident($fixture:ident: Fixture) $body:block) => {
        mod $name {
            #[expect(clippy::wildcard_imports, reason = "the body is written as if it stood outside")]
            use super::*;

            async fn body($fixture: &$crate::Fixture) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let fixture = $crate::Fixture::new($crate::Kind::Sqlite).await;
                body(&fixture).await;
                fixture.close().await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let fixture = $crate::Fixture::new($crate::Kind::Postgres).await;
                body(&fixture).await;
                fixture.close().await;
            }
        }
    };
}
