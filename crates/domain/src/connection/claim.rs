use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a claim in a token: 1 to 128 printable ASCII characters without spaces, and none that the
/// authorization server itself answers for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimName(String);

/// Why a text is no name of a claim of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimNameError {
    /// Its length or its characters.
    #[error("a claim's name has 1 to 128 printable ASCII characters and no space")]
    Malformed,
    /// It says who issued the token, to whom, for whom, or when.
    #[error("this claim is the authorization server's own")]
    Reserved,
}

/// Registered claims (RFC 7519, 4.1; OpenID Connect Core 1.0, section 2; RFC 9068) that decide what a token is.
const RESERVED: [&str; 18] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "nonce",
    "acr",
    "amr",
    "auth_time",
    "at_hash",
    "c_hash",
    "sid",
    "cnf",
    "client_id",
    "scp",
];

impl ClaimName {
    /// Parses a name.
    pub fn parse(text: impl Into<String>) -> Result<Self, ClaimNameError> {
        let text = text.into();
        if !(1..=128).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ClaimNameError::Malformed);
        }
        if RESERVED.contains(&text.as_str()) { Err(ClaimNameError::Reserved) } else { Ok(Self(text)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClaimName {
    type Error = ClaimNameError;
    fn try_from(text: String) -> Result<Self, ClaimNameError> {
        Self::parse(text)
    }
}
impl From<ClaimName> for String {
    fn from(name: ClaimName) -> Self {
        name.0
    }
}

/// A member of the SMART context that can go into a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Member {
    /// Who the user is.
    #[serde(rename = "fhirUser")]
    FhirUser,
    /// Whose record is open.
    #[serde(rename = "patient")]
    Patient,
    /// Whether the app must show whose record it is.
    #[serde(rename = "need_patient_banner")]
    NeedPatientBanner,
    /// What the link permits of what was asked, or all that it permits where nobody says what was asked.
    #[serde(rename = "permitted_scope")]
    PermittedScope,
    /// The link's id.
    #[serde(rename = "link")]
    Link,
}

impl Member {
    /// Every member.
    pub const ALL: [Self; 5] =
        [Self::FhirUser, Self::Patient, Self::NeedPatientBanner, Self::PermittedScope, Self::Link];

    /// The word used at the command line, and the claim's name if no other is chosen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FhirUser => "fhirUser",
            Self::Patient => "patient",
            Self::NeedPatientBanner => "need_patient_banner",
            Self::PermittedScope => "permitted_scope",
            Self::Link => "link",
        }
    }
}

/// A member of the context, and the name of its claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRule {
    /// What is said.
    pub member: Member,
    /// Under which name.
    pub name: ClaimName,
}

impl ClaimRule {
    /// A member under its own name.
    pub fn plain(member: Member) -> Self {
        Self { member, name: ClaimName(member.as_str().to_owned()) }
    }
}

/// A text that is no rule of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaimRule {
    /// Before the `=`.
    #[error("the claims are fhirUser, patient, need_patient_banner, permitted_scope and link")]
    UnknownMember,
    /// Behind the `=`.
    #[error(transparent)]
    Name(#[from] ClaimNameError),
}

impl FromStr for ClaimRule {
    type Err = InvalidClaimRule;

    /// `patient`, or `patient=https://apps.example/patient`.
    fn from_str(text: &str) -> Result<Self, InvalidClaimRule> {
        let (member, name) = text.split_once('=').unwrap_or((text, text));
        let member = Member::ALL.into_iter().find(|known| known.as_str() == member);
        let member = member.ok_or(InvalidClaimRule::UnknownMember)?;
        Ok(Self { member, name: ClaimName::parse(name)? })
    }
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.member.as_str())?;
        if self.name.as_str() == self.member.as_str() { Ok(()) } else { write!(f, "={}", self.name.as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_what_it_shows() {
        for text in ["patient", "fhirUser=https://apps.example/fhirUser", "link=kinlink_link"] {
            assert_eq!(text.parse::<ClaimRule>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn no_rule_may_write_what_the_authorization_server_answers_for() {
        for (text, why) in [
            ("patient=sub", InvalidClaimRule::Name(ClaimNameError::Reserved)),
            ("patient=aud", InvalidClaimRule::Name(ClaimNameError::Reserved)),
            ("patient=", InvalidClaimRule::Name(ClaimNameError::Malformed)),
            ("patient=a b", InvalidClaimRule::Name(ClaimNameError::Malformed)),
            ("birth_date", InvalidClaimRule::UnknownMember),
        ] {
            assert_eq!(text.parse::<ClaimRule>(), Err(why), "{text}");
        }
    }
}
