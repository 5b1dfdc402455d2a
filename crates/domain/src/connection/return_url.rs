use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Iss;

/// Where the picker sends the browser back to: https, or this machine; without a fragment. Compared as the
/// exact text, as redirect URIs are (RFC 9700, 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnUrl(Url);

/// A text that is no return URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a return URL is https (http only on a loopback address) and has no fragment and no user name")]
pub struct InvalidReturnUrl;

impl ReturnUrl {
    /// Parses a return URL.
    pub fn parse(text: &str) -> Result<Self, InvalidReturnUrl> {
        let url = Url::parse(text).map_err(|_| InvalidReturnUrl)?;
        let protected = Iss::parse(format!("{}://{}", url.scheme(), url.authority())).is_ok();
        let named = !url.username().is_empty() || url.password().is_some();
        if !protected || named || url.fragment().is_some() || text.len() > 1_000 {
            return Err(InvalidReturnUrl);
        }
        Ok(Self(url))
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// This URL with these parameters behind its own.
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }
}

impl TryFrom<String> for ReturnUrl {
    type Error = InvalidReturnUrl;
    fn try_from(text: String) -> Result<Self, InvalidReturnUrl> {
        Self::parse(&text)
    }
}
impl From<ReturnUrl> for String {
    fn from(url: ReturnUrl) -> Self {
        url.0.into()
    }
}
impl fmt::Display for ReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_behind_those_that_are_there_and_cannot_break_out() {
        let url = ReturnUrl::parse("https://login.example/continue?tenant=a").unwrap();
        let sent = url.with(&[("state", "a&answer=b#c")]);
        assert_eq!(sent, "https://login.example/continue?tenant=a&state=a%26answer%3Db%23c");
        assert_eq!(url.origin(), "https://login.example");
    }

    #[test]
    fn a_return_url_leads_to_where_it_says() {
        for text in [
            "http://login.example/back",
            "https://user@login.example/back",
            "https://login.example/back#here",
            "javascript:alert(1)",
            "/back",
        ] {
            assert_eq!(ReturnUrl::parse(text), Err(InvalidReturnUrl), "{text}");
        }
        assert!(ReturnUrl::parse("http://127.0.0.1:8080/back").is_ok());
    }
}
