//! The pages, as people use them.

mod disputes;
mod find;
mod login;
mod patient;
mod reviews;
mod rights;
mod security;
mod staff;
