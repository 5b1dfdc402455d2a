//! Finds the records that are the same person: pure, knows no database.

#![warn(missing_docs)]

mod blocking;
mod compare;
mod identifier;
mod level;
mod matcher;
mod model;
mod normalise;
mod person;
mod train;

pub use blocking::{BlockingKey, BlockingKind, MOST_KEYS, lookup_keys, stored_keys};
pub use identifier::identifier_key;
pub use model::{InvalidModel, Model, Prior};
pub use normalise::{
    birth::BirthDate,
    contact::{PhoneRegion, UnknownRegion},
};
pub use person::{Person, PersonBuilder, Sex};
pub use train::{Trained, TrainingOptions, TrainingSet, Warning, train};
