use kinlink_domain::{account::Iss, organization::Slug};
use zeroize::Zeroizing;

/// An identity provider that people log in to the pages with, and Kinlink's registration there.
#[derive(Debug, Clone)]
pub struct LoginProvider {
    /// The provider.
    pub iss: Iss,
    /// What Kinlink's pages are called there; the audience of its ID tokens.
    pub client_id: String,
    /// The secret, unless the registration is of a public client.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for; `openid` must be among it.
    pub scopes: String,
    /// What the button says after "Log in with".
    pub label: String,
    /// Logins here are for this organization alone, which need not name `client_id` among its trusted audiences.
    pub organization: Option<Slug>,
}

/// A client secret. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Takes a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}
