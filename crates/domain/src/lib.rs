//! What Kinlink's words mean, and the rules that connect them.
//!
//! A **link** says: this account may open this patient record, in this role, from when to when, proven
//! this well. Everything here exists to make links, to end them, and to say why they are there.
//!
//! | word | module |
//! | --- | --- |
//! | organization, its policy | [`organization`], [`policy`] |
//! | account `(iss, sub)`, trusted issuer | [`account`], [`issuer`] |
//! | patient record, demographics | [`patient`], [`demographics`], [`partial_date`] |
//! | invitation and its code | [`invitation`], [`code`] |
//! | claim, its review | [`claim`], [`review`] |
//! | link, permissions | [`link`], [`permission`] |
//! | grant, access request, bar | [`grant`], [`access_request`], [`bar`] |
//! | whether a link opens its record now | [`access`], [`age`] |
//! | proxies and their relationships | [`relationship`] |
//! | what receivers are told | [`event`] |
//! | evidence, assurance | [`evidence`], [`proofing`], [`federated`] |
//! | comparison of demographics, and how it is shown | [`comparison`], [`side_by_side`] |
//! | every access ended in one act | [`ending`] |
//! | where links go when records are merged | [`merge`] |
//! | why a link opens its record, or not | [`explain`] |
//! | "this was not me" | [`dispute`] |
//! | client (authorization server), its connections | [`client`], [`connection`] |
//! | what answers and events are signed with | [`signing_key`] |
//! | what `fhirUser` says of a link | [`fhir_user`] |
//! | what an app asks for, which record it gets | [`scope`], [`picker`] |
//! | FHIR server that is followed | [`source`] |
//! | staff, roles, who acts | [`actor`] |
//! | wrong tries and lockout | [`attempt`] |
//! | authenticator app, step-up | [`totp`], [`step_up`] |
//! | audit chain | [`audit`] |
//! | streams of events to clients | [`stream`] |
//! | attributes kept true at servers without a hook | [`provisioning`] |
//! | texts that only Kinlink can have made | [`signed_text`] |
//! | messages to the outside | [`outbox`], [`phone`], [`postal`] |
//!
//! No I/O lives here. Time, randomness, keys and storage are ports ([`port`], [`store`]); the application
//! services ([`service`]) load, decide and save through them within one unit of work.

pub mod access;
pub mod access_request;
pub mod account;
pub mod actor;
pub mod age;
pub mod attempt;
pub mod audit;
pub mod bar;
pub mod claim;
pub mod client;
pub mod code;
pub mod comparison;
pub mod connection;
pub mod demographics;
pub mod dispute;
pub mod ending;
pub mod event;
pub mod evidence;
pub mod explain;
pub mod federated;
pub mod fhir_user;
pub mod grant;
pub mod id;
pub mod invitation;
pub mod issuer;
pub mod link;
pub mod merge;
pub mod organization;
pub mod outbox;
pub mod page;
pub mod partial_date;
pub mod patient;
pub mod permission;
pub mod phone;
pub mod picker;
pub mod policy;
pub mod port;
pub mod postal;
pub mod proofing;
pub mod provisioning;
pub mod relationship;
pub mod review;
pub mod scope;
pub mod service;
pub mod side_by_side;
pub mod signed_text;
pub mod signing_key;
pub mod source;
pub mod step_up;
pub mod store;
pub mod stream;
pub mod totp;
