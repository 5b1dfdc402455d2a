//! The pages, as people use them.

mod disputes;
mod endings;
mod family;
mod find;
mod login;
mod patient;
mod reviews;
mod rights;
mod security;
mod sharing;
mod staff;
