//! The pages, as people use them.

mod login;
mod patient;
mod rights;
mod staff;
