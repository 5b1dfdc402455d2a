//! What somebody typed about themselves, read by the rules of the JSON body.

use chrono::NaiveDate;
use kinlink_domain::demographics::Demographics;
use serde::Deserialize;
use serde_json::{Value, json};
use validator::Validate;

use crate::{
    extract,
    pages::{complaint::Complaints, form::filled},
    problem::Problem,
    v1::claims::body::DemographicsBody,
};

/// The form, as it was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the form's field is named as FHIR names it")]
pub(in crate::pages) struct Given {
    pub(super) organization: String,
    pub(super) once: String,
    pub(super) given: String,
    pub(super) family: String,
    pub(super) other_family: String,
    pub(super) birth_date: String,
    pub(super) sex: String,
    pub(super) street: String,
    pub(super) postal_code: String,
    pub(super) city: String,
    pub(super) region: String,
    pub(super) phone: String,
    pub(super) email: String,
    pub(super) passport: String,
    pub(super) passport_country: String,
    pub(super) number_system: String,
    pub(super) number: String,
}

impl Given {
    pub(super) fn demographics(&self, today: NaiveDate) -> Result<Demographics, Complaints> {
        let body: DemographicsBody = serde_json::from_value(self.body())
            .map_err(|_| Complaints::one("birth_date", "Something here cannot be read"))?;
        body.validate().map_err(|errors| complain(&extract::invalid(&errors)))?;
        body.into_domain(today).map_err(|problem| complain(&problem))
    }

    /// As a program would send it.
    fn body(&self) -> Value {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        let given = words(&self.given);
        let other = filled(&self.other_family).map(|family| json!({"given": given, "family": family}));
        let line: Vec<&str> = filled(&self.street).into_iter().collect();
        json!({
            "name": {"given": given, "family": filled(&self.family)},
            "other_names": other.into_iter().collect::<Vec<_>>(),
            "birth_date": filled(&self.birth_date),
            "sex": filled(&self.sex),
            "address": {
                "line": line,
                "postal_code": filled(&self.postal_code),
                "city": filled(&self.city),
                "state": filled(&self.region),
            },
            "phone": filled(&self.phone),
            "email": filled(&self.email),
            "identifiers": self.identifiers(),
        })
    }

    fn identifiers(&self) -> Vec<Value> {
        let passport = filled(&self.passport).zip(filled(&self.passport_country)).map(|(number, country)| {
            // As HL7 names national passport numbers' systems, by ISO 3166-1 alpha-3.
            let system = format!("http://hl7.org/fhir/sid/passport-{}", country.to_ascii_uppercase());
            json!({"system": system, "value": number, "type": "PPN"})
        });
        let number = filled(&self.number).zip(filled(&self.number_system));
        let number = number.map(|(number, system)| json!({"system": system, "value": number}));
        passport.into_iter().chain(number).collect()
    }
}

/// Which field each error belongs to.
pub(super) fn complain(problem: &Problem) -> Complaints {
    let mut complaints = Complaints::default();
    complaints.add_members(problem, |at| match at.split('/').next().unwrap_or_default() {
        "name" if at.contains("family") => "family",
        "name" => "given",
        "other_names" => "other_family",
        "birth_date" => "birth_date",
        "sex" => "sex",
        "address" => "street",
        "phone" => "phone",
        "email" => "email",
        "identifiers" => "passport",
        _ => "organization",
    });
    complaints
}
