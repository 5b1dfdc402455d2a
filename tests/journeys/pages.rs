//! The pages, as people use them.

mod codes;
mod disputes;
mod endings;
mod family;
mod find;
mod login;
mod logins;
mod patient;
mod reviews;
mod rights;
mod security;
mod sharing;
mod staff;
