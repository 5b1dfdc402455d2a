//! SMART launches as a patient sees them: a real OpenID provider (npm `oidc-provider`), set up as
//! docs/connect/oidc-provider.md says, a real SMART app (npm `fhirclient`) in a real Chromium, and the real
//! application between them. Their code is in `tests/smart/`. `story` has it all, from the hospital's desk to the app.

#[macro_use]
mod stage;
mod claims;
mod client;
mod ending;
mod launch;
mod malice;
mod outside;
mod person;
mod picker;
mod story;
mod webdriver;
