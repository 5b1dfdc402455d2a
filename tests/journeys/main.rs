//! Journeys over real HTTP, on SQLite and PostgreSQL alike, with real tokens of a real OpenID provider.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

#[macro_use]
mod app;
mod authzen;
mod browser;
mod claims;
mod clients;
mod disputes;
mod endings;
mod events;
mod explain;
mod family;
mod family_merges;
mod fhir;
mod fhir_user;
mod grants;
mod hooks;
mod idempotency;
mod inbound;
mod keys;
mod letters;
mod main_job;
mod no_oracle;
mod organization;
mod pages;
mod patient_match;
mod problems;
mod process;
mod proofing;
mod provisioning;
mod real_mail;
mod redeeming;
mod replicas;
mod reports;
mod requests;
mod restored;
mod reviews;
mod roles;
mod schemathesis;
mod smart;
mod smart_launch;
mod step_up;
mod step_up_reset;
mod tokens;
mod ways_back;
