//! Storage on SQLite and PostgreSQL through sea-orm: the only place that knows SQL.
//!
//! [`Database`] connects and migrates, [`SeaStore`] implements the domain's storage ports, a unit of work is
//! one transaction. Entities never leave this crate: each is converted from and to the domain's types.

mod connect;
mod convert;
mod deliveries;
mod entity;
mod error;
mod event_queue;
mod feed;
mod housekeeping;
mod index;
mod lookups;
mod migrate;
mod queues;
mod reseal;
mod store;
mod unit;

pub use connect::{ConnectError, Database, DatabaseSettings, recreate_postgres_database};
pub use housekeeping::Housekeeping;
pub use index::Unindexed;
pub use migrate::MigrationStatus;
pub use reseal::{KeyUse, KeyUseKind, Resealing};
pub use store::SeaStore;
