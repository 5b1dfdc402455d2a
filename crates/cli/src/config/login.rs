use std::path::PathBuf;

use kinlink_auth::{ClientSecret, LoginProvider};
use kinlink_domain::{account::Iss, organization::Slug};
use serde::{Deserialize, Serialize};

use crate::exit::ConfigurationError;

/// An identity provider that people log in to the pages with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginConfig {
    issuer: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret_file: Option<PathBuf>,
    #[serde(default = "scopes")]
    scopes: String,
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
}

fn scopes() -> String {
    "openid".to_owned()
}

impl LoginConfig {
    /// The provider that the `index`-th entry describes.
    pub(super) fn provider(&self, index: usize) -> Result<LoginProvider, ConfigurationError> {
        let wrong =
            |name: &str, why: String| ConfigurationError(format!("`pages.logins[{index}].{name}`: {why}"));
        let iss = Iss::parse(self.issuer.as_str()).map_err(|error| wrong("issuer", error.to_string()))?;
        if self.client_id.is_empty() {
            return Err(wrong("client_id", "it is empty".into()));
        }
        if !self.scopes.split_ascii_whitespace().any(|scope| scope == "openid") {
            return Err(wrong("scopes", "`openid` must be among them".into()));
        }
        let client_secret = match (&self.client_secret_file, self.client_secret.as_str()) {
            (None, "") => None,
            (None, secret) => Some(ClientSecret::new(secret)),
            (Some(path), "") => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| wrong("client_secret_file", error.to_string()))?;
                Some(ClientSecret::new(text.trim_end_matches(['\r', '\n'])))
            }
            (Some(_), _) => {
                return Err(wrong("client_secret", "there is a file too; name one of both".into()));
            }
        };
        let organization = self.organization.as_deref().map(Slug::parse).transpose();
        Ok(LoginProvider {
            iss,
            client_id: self.client_id.clone(),
            client_secret,
            scopes: self.scopes.clone(),
            label: self.label.clone(),
            organization: organization.map_err(|error| wrong("organization", error.to_string()))?,
        })
    }

    pub(super) fn hide_secret(&mut self) {
        if !self.client_secret.is_empty() {
            "(hidden)".clone_into(&mut self.client_secret);
        }
    }
}
