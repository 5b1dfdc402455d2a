//! Who is logged in. The session is in the browser's cookie and nowhere else, so that replicas share it
//! without asking each other; what may have changed since (whom an organization trusts) is asked anew at
//! every visit.

use actix_web::{HttpRequest, cookie::Cookie};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_auth::{LoggedIn, LoginScope};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    actor::Role,
    id::OrganizationId,
    step_up::{Authentication, TokenHash},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::cookie::Jar;
use crate::state::State;

/// A session ends when nothing was done for so long (NIST SP 800-63B, 4.2.3: at most 30 minutes).
const IDLE: TimeDelta = TimeDelta::minutes(30);
/// And in any case after this (there: at most 12 hours).
const LONGEST: TimeDelta = TimeDelta::hours(8);
/// The cookie is written again only when it has grown this old.
const RENEW: TimeDelta = TimeDelta::minutes(1);

/// A session, as the cookie holds it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    iss: Iss,
    sub: Sub,
    /// As the ID token said.
    pub(super) roles: Vec<(OrganizationId, Role)>,
    /// Where this login counts.
    pub(super) scope: LoginScope,
    pub(super) authentication: Authentication,
    /// Names this session, as a bearer token names a login.
    id: String,
    /// What every form of this session carries.
    form_token: String,
    began_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
}

impl Session {
    pub(super) fn begin(login: LoggedIn, state: &State) -> Self {
        let now = state.ports.clock.now();
        let secret = || {
            let mut bytes = [0; 16];
            state.ports.random.fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self {
            iss: login.key.iss,
            sub: login.key.sub,
            roles: login.roles,
            scope: login.scope,
            authentication: login.authentication,
            id: secret(),
            form_token: secret(),
            began_at: now,
            seen_at: now,
        }
    }

    /// The session that this request belongs to, unless it is over.
    pub(super) fn read(request: &HttpRequest, state: &State) -> Option<Self> {
        let session: Self = Jar::Session.open(request, state)?;
        let now = state.ports.clock.now();
        (now < session.seen_at + IDLE && now < session.began_at + LONGEST).then_some(session)
    }

    pub(super) fn login(&self) -> AccountKey {
        AccountKey { iss: self.iss.clone(), sub: self.sub.clone() }
    }

    /// What a code of the authenticator app is bound to.
    pub(super) fn token(&self, state: &State) -> TokenHash {
        TokenHash::of(&self.id, &*state.ports.vault)
    }

    pub(super) const fn iss(&self) -> &Iss {
        &self.iss
    }

    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    pub(super) fn accepts(&self, token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// The cookie; none if it were too long to be kept.
    pub(super) fn cookie(&self, state: &State) -> Option<Cookie<'static>> {
        Jar::Session.fill(state, self)
    }

    /// The cookie that keeps the session from going idle, when it is time for one.
    pub(super) fn renewed(&self, state: &State) -> Option<Cookie<'static>> {
        let now = state.ports.clock.now();
        if now < self.seen_at + RENEW {
            return None;
        }
        Self { seen_at: now, ..self.clone() }.cookie(state)
    }
}
