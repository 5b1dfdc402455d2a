//! Cookies: sealed, so that the browser keeps what it can neither read nor change, and any replica can open.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_domain::{
    account::Iss,
    port::{KeyId, Sealed, Vault},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::state::State;

/// A cookie of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Jar {
    /// Who is logged in.
    Session,
    /// A login that is under way.
    Login,
    /// Which browser this is, to the pickers that it opens.
    Picker,
}

/// Browsers keep at least 4096 bytes, name and attributes included (RFC 6265, 6.1).
const MOST: usize = 3800;

impl Jar {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-kinlink",
            (Self::Session, false) => "kinlink",
            (Self::Login, true) => "__Host-kinlink-login",
            (Self::Login, false) => "kinlink-login",
            (Self::Picker, true) => "__Host-kinlink-picker",
            (Self::Picker, false) => "kinlink-picker",
        }
    }

    /// Bound to its purpose: one cookie cannot be put in the other's place.
    const fn row(self) -> &'static [u8] {
        match self {
            Self::Session => b"pages/cookie/session",
            Self::Login => b"pages/cookie/login",
            Self::Picker => b"pages/cookie/picker",
        }
    }

    /// Seals a value; none if it is too long for a browser to keep.
    pub(super) fn fill<T: Serialize>(self, state: &State, value: &T) -> Option<Cookie<'static>> {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(value).ok()?);
        let sealed = state.ports.vault.seal(self.row(), &plain);
        let text = URL_SAFE_NO_PAD.encode([&sealed.key.0.to_be_bytes(), sealed.bytes.as_slice()].concat());
        (text.len() <= MOST).then(|| self.cookie(state, text).finish())
    }

    /// What was sealed, if it is there and unchanged.
    pub(super) fn open<T: DeserializeOwned>(self, request: &HttpRequest, state: &State) -> Option<T> {
        let cookie = request.cookie(self.name(is_secure(&state.settings.public_url)))?;
        open(&*state.ports.vault, self.row(), cookie.value())
    }

    /// Tells the browser to forget it.
    pub(super) fn empty(self, state: &State) -> Cookie<'static> {
        self.cookie(state, String::new()).max_age(Duration::ZERO).finish()
    }

    fn cookie(self, state: &State, value: String) -> actix_web::cookie::CookieBuilder<'static> {
        let secure = is_secure(&state.settings.public_url);
        // Lax, since the provider's answer comes by a link from another site.
        Cookie::build(self.name(secure), value)
            .path("/")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
    }
}

fn open<T: DeserializeOwned>(vault: &dyn Vault, row: &[u8], text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (key, bytes) = bytes.split_first_chunk::<2>()?;
    let sealed = Sealed { key: KeyId(u16::from_be_bytes(*key)), bytes: bytes.to_vec() };
    serde_json::from_slice(&vault.open(row, &sealed).ok()?).ok()
}

/// Plain http is for a loopback address only; anywhere else such a cookie would not be kept, which is right.
fn is_secure(public_url: &str) -> bool {
    !(public_url.starts_with("http:") && Iss::parse(public_url).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_goes_without_secure() {
        for (url, secure) in [
            ("https://kinlink.example", true),
            ("http://kinlink.example", true),
            ("http://127.0.0.1:8080", false),
            ("http://localhost:8080", false),
            ("https://localhost:8080", true),
        ] {
            assert_eq!(is_secure(url), secure, "{url}");
        }
    }
}
