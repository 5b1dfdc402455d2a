//! The pages, as people use them.

mod find;
mod login;
mod patient;
mod reviews;
mod rights;
mod staff;
