use kinlink_domain::{
    claim::Assertion,
    demographics::{Address, ContactPoint, ContactSystem, Demographics, Gender, HumanName, Identifier},
    partial_date::PartialDate,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract,
    problem::{Problem, ProblemType},
};

const MOST_NAMES: usize = 5;
const MOST_IDENTIFIERS: usize = 10;
const MOST_WORDS: usize = 10;

/// A claim to be submitted.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "organization": "northside",
    "demographics": {
        "name": {"given": ["Anna", "Maria"], "family": "Kowalski"},
        "birth_date": "1984-02-29",
        "address": {"line": ["1 Elm Street"], "postal_code": "02139", "city": "Cambridge", "state": "MA"},
        "email": "anna@mail.example",
        "identifiers": [{"system": "http://hospital.smarthealthit.org", "value": "1032702", "type": "MR"}]
    }
}))]
pub(crate) struct ClaimBody {
    /// The organization that is to have the record, by id or short name.
    #[schema(example = "northside")]
    pub(super) organization: String,
    #[validate(nested)]
    pub(super) demographics: DemographicsBody,
    /// Only from a client, and needed then: the identity provider of the account.
    pub(super) iss: Option<String>,
    /// Only from a client, and needed then: the account at its identity provider.
    pub(super) sub: Option<String>,
    /// Only from a client: authentication context class reference of the login.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    acr: Option<String>,
    /// Only from a client: authentication methods of the login (RFC 8176).
    #[serde(default)]
    amr: Vec<String>,
    /// Only from a client: how the person was proven (OpenID Connect for Identity Assurance).
    #[validate(nested)]
    verified_claims: Option<VerifiedClaimsBody>,
}

#[derive(Deserialize, Validate, ToSchema)]
struct VerifiedClaimsBody {
    #[validate(nested)]
    verification: VerificationBody,
}

#[derive(Deserialize, Validate, ToSchema)]
struct VerificationBody {
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "nist_800_63A")]
    trust_framework: String,
    #[validate(length(max = 200, message = "at most 200 characters"))]
    #[schema(example = "ial2")]
    assurance_level: Option<String>,
}

/// The person, as far as known. First and last name and birth date are needed, and two of address, phone, email
/// and an identifier, or the number of a passport or driving licence.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DemographicsBody {
    #[validate(nested)]
    name: Option<NameBody>,
    /// Names before marriage, or used otherwise.
    #[serde(default)]
    #[validate(nested)]
    other_names: Vec<NameBody>,
    #[schema(example = "1984-02-29")]
    birth_date: Option<String>,
    /// `male`, `female`, `other` or `unknown`.
    #[schema(value_type = Option<String>, example = "female")]
    sex: Option<Gender>,
    #[validate(nested)]
    address: Option<AddressBody>,
    #[validate(length(max = 50, message = "at most 50 characters"))]
    phone: Option<String>,
    #[validate(
        email(message = "not an email address"),
        length(max = 254, message = "at most 254 characters")
    )]
    email: Option<String>,
    #[serde(default)]
    #[validate(nested)]
    identifiers: Vec<ClaimedIdentifierBody>,
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameBody {
    /// First and middle names, in order.
    #[serde(default)]
    given: Vec<String>,
    #[validate(length(max = 100, message = "at most 100 characters"))]
    family: Option<String>,
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    #[serde(default)]
    line: Vec<String>,
    #[validate(length(max = 100, message = "at most 100 characters"))]
    city: Option<String>,
    #[validate(length(max = 100, message = "at most 100 characters"))]
    state: Option<String>,
    #[validate(length(max = 20, message = "at most 20 characters"))]
    postal_code: Option<String>,
    #[validate(length(max = 100, message = "at most 100 characters"))]
    country: Option<String>,
}

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimedIdentifierBody {
    /// The naming system.
    #[validate(length(min = 1, max = 400, message = "1 to 400 characters"))]
    system: String,
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    value: String,
    /// HL7 v2-0203: `MR` medical record, `PPN` passport, `DL` driving licence, `MB` insurance member …
    #[serde(rename = "type")]
    #[validate(length(max = 20, message = "at most 20 characters"))]
    #[schema(example = "MR")]
    kind: Option<String>,
}

/// A member that only clients send.
pub(super) fn only_from_clients(body: &ClaimBody) -> Result<(), Problem> {
    let sent = [
        (body.iss.is_some(), "/iss"),
        (body.sub.is_some(), "/sub"),
        (body.acr.is_some(), "/acr"),
        (!body.amr.is_empty(), "/amr"),
        (body.verified_claims.is_some(), "/verified_claims"),
    ];
    match sent.into_iter().find(|(sent, _)| *sent) {
        None => Ok(()),
        Some((_, at)) => Err(Problem::new(ProblemType::InvalidMember).at(at, "only a client sends this")),
    }
}

fn few(at: &str, texts: &[String]) -> Result<(), Problem> {
    if texts.len() <= MOST_WORDS && texts.iter().all(|text| text.chars().count() <= 100) {
        return Ok(());
    }
    let message = format!("at most {MOST_WORDS}, each of at most 100 characters");
    Err(Problem::new(ProblemType::InvalidMember).at(at, message))
}

impl ClaimBody {
    /// What a client asserts.
    pub(super) fn assertion(&self) -> Result<Assertion, Problem> {
        few("/amr", &self.amr)?;
        let verification = self.verified_claims.as_ref().map(|claims| &claims.verification);
        Ok(Assertion {
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            trust_framework: verification.map(|verification| verification.trust_framework.clone()),
            assurance_level: verification.and_then(|verification| verification.assurance_level.clone()),
        })
    }
}

impl DemographicsBody {
    pub(crate) fn into_domain(self, today: chrono::NaiveDate) -> Result<Demographics, Problem> {
        let invalid = |at: &str, message: String| Problem::new(ProblemType::InvalidMember).at(at, message);
        let birth_date = self.birth_date.as_deref();
        let birth_date: Option<PartialDate> = birth_date
            .map(|text| extract::parse(ProblemType::InvalidMember, "/demographics/birth_date", text))
            .transpose()?;
        if birth_date.and_then(PartialDate::day).is_some_and(|day| day > today) {
            return Err(invalid("/demographics/birth_date", "a date that is still to come".to_owned()));
        }
        if self.other_names.len() > MOST_NAMES {
            return Err(invalid("/demographics/other_names", format!("at most {MOST_NAMES}")));
        }
        if self.identifiers.len() > MOST_IDENTIFIERS {
            return Err(invalid("/demographics/identifiers", format!("at most {MOST_IDENTIFIERS}")));
        }
        let mut names = Vec::new();
        for name in self.name.into_iter().chain(self.other_names) {
            few("/demographics/name/given", &name.given)?;
            names.push(HumanName { family: name.family, given: name.given, ..HumanName::default() });
        }
        if let Some(address) = &self.address {
            few("/demographics/address/line", &address.line)?;
        }
        let point = |system, value| ContactPoint { system, value, usage: None, rank: None };
        let phone = self.phone.map(|phone| point(ContactSystem::Phone, phone));
        let email = self.email.map(|email| point(ContactSystem::Email, email));
        Ok(Demographics {
            names,
            birth_date,
            gender: self.sex,
            addresses: self.address.into_iter().map(Into::into).collect(),
            telecom: phone.into_iter().chain(email).collect(),
            identifiers: self.identifiers.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<AddressBody> for Address {
    fn from(body: AddressBody) -> Self {
        Self {
            line: body.line,
            city: body.city,
            state: body.state,
            postal_code: body.postal_code,
            country: body.country,
            ..Self::default()
        }
    }
}

impl From<ClaimedIdentifierBody> for Identifier {
    fn from(body: ClaimedIdentifierBody) -> Self {
        Self { system: body.system, value: body.value, kind: body.kind }
    }
}
