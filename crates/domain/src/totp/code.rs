use std::fmt;

use zeroize::Zeroize;

/// Six digits, as an authenticator app shows them. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode(String);

/// A text that no authenticator app shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has six digits")]
pub struct MistypedTotp;

impl TotpCode {
    /// Reads what a person typed; apps show the digits in groups, so spaces and hyphens do not count.
    pub fn parse(typed: &str) -> Result<Self, MistypedTotp> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(7).collect();
        if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(MistypedTotp)
        }
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for TotpCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(…)")
    }
}
