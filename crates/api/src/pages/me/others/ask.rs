//! Somebody asks to act for another person. What comes back never depends on who is a patient.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::NaiveDate;
use kinlink_domain::{
    demographics::Demographics,
    relationship::Relationship,
    service::submit_request::{SubmitRequest, submit as submit_request},
};
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use crate::{
    extract,
    idempotency::Once,
    pages::{
        complaint::Complaints,
        find::ask::{Hospital, hospitals, organizations},
        form::{Form, filled, fresh},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words::{self, Choices},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::claims::body::DemographicsBody,
};

const PATH: &str = "/me/others/ask";

/// The form, as it was filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct AskForm {
    once: String,
    organization: String,
    relationship: String,
    person_given: String,
    person_family: String,
    person_birth_date: String,
    person_street: String,
    person_postal_code: String,
    person_city: String,
    person_phone: String,
    person_email: String,
    person_number: String,
    person_number_system: String,
    my_given: String,
    my_family: String,
    my_birth_date: String,
    my_street: String,
    my_postal_code: String,
    my_city: String,
    my_phone: String,
    my_email: String,
}

#[derive(Template)]
#[template(path = "me/ask.html")]
struct AskPage {
    frame: Frame,
    organizations: Vec<Hospital>,
    relationships: Choices,
    given: AskForm,
    complaints: Complaints,
}

/// `/me/others/ask`: may I act for somebody?
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &visitor, AskForm::default(), StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    given: AskForm,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let page = AskPage {
        frame: Frame::new(visitor, "/me/access"),
        organizations: hospitals(organizations(&mut *unit, &visitor.account_at).await?),
        relationships: words::family(),
        given: AskForm { once: fresh(state), ..given },
        complaints,
    };
    Ok(show(state, visitor, status, &page))
}

impl AskForm {
    fn read(&self, today: NaiveDate) -> Result<(Relationship, Demographics, Demographics), Complaints> {
        let mut complaints = Complaints::default();
        let relationship = Relationship::parse(&self.relationship).ok();
        if relationship.is_none() {
            complaints.add("relationship", "Choose what you are to the person");
        }
        let person = json!({
            "name": {"given": words_of(&self.person_given), "family": filled(&self.person_family)},
            "birth_date": filled(&self.person_birth_date),
            "address": address(&self.person_street, &self.person_postal_code, &self.person_city),
            "phone": filled(&self.person_phone),
            "email": filled(&self.person_email),
            "identifiers": self.numbers(),
        });
        let asker = json!({
            "name": {"given": words_of(&self.my_given), "family": filled(&self.my_family)},
            "birth_date": filled(&self.my_birth_date),
            "address": address(&self.my_street, &self.my_postal_code, &self.my_city),
            "phone": filled(&self.my_phone),
            "email": filled(&self.my_email),
        });
        let person = demographics(person, today, PERSON, &mut complaints);
        let asker = demographics(asker, today, ASKER, &mut complaints);
        self.check_names(&mut complaints);
        match (relationship, person, asker) {
            (Some(relationship), Some(person), Some(asker)) if complaints.is_empty() => {
                Ok((relationship, person, asker))
            }
            _ => Err(complaints),
        }
    }

    fn numbers(&self) -> Vec<serde_json::Value> {
        let number = filled(&self.person_number).zip(filled(&self.person_number_system));
        number.map(|(value, system)| json!({"system": system, "value": value})).into_iter().collect()
    }

    fn check_names(&self, complaints: &mut Complaints) {
        for (field, typed, message) in [
            ("person_given", &self.person_given, "Enter the person’s first name"),
            ("person_family", &self.person_family, "Enter the person’s last name"),
            ("person_birth_date", &self.person_birth_date, "Enter the person’s date of birth"),
            ("my_given", &self.my_given, "Enter your first name"),
            ("my_family", &self.my_family, "Enter your last name"),
        ] {
            if filled(typed).is_none() && complaints.at(field).is_none() {
                complaints.add(field, message);
            }
        }
    }
}

fn address(street: &str, postal_code: &str, city: &str) -> serde_json::Value {
    let line: Vec<&str> = filled(street).into_iter().collect();
    json!({"line": line, "postal_code": filled(postal_code), "city": filled(city)})
}

fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(ToOwned::to_owned).collect()
}

/// The fields of a person's last name, first name, birth date, address, telephone, email and number.
type Fields = [&'static str; 7];
const PERSON: Fields = [
    "person_family",
    "person_given",
    "person_birth_date",
    "person_street",
    "person_phone",
    "person_email",
    "person_number",
];
const ASKER: Fields =
    ["my_family", "my_given", "my_birth_date", "my_street", "my_phone", "my_email", "my_given"];

/// Reads it by the rules of the JSON body; what is wrong stands at its field.
fn demographics(
    body: serde_json::Value,
    today: NaiveDate,
    fields: Fields,
    complaints: &mut Complaints,
) -> Option<Demographics> {
    let read = serde_json::from_value::<DemographicsBody>(body)
        .map_err(|_| Problem::new(ProblemType::MalformedBody).at("/birth_date", "cannot be read"))
        .and_then(|body| {
            body.validate().map_err(|errors| extract::invalid(&errors))?;
            body.into_domain(today)
        });
    let problem = match read {
        Ok(person) => return Some(person),
        Err(problem) => problem,
    };
    complaints.add_members(&problem, |at| match at.split('/').next().unwrap_or_default() {
        "name" if at.contains("family") => fields[0],
        "birth_date" => fields[2],
        "address" => fields[3],
        "phone" => fields[4],
        "email" => fields[5],
        "identifiers" => fields[6],
        _ => fields[1],
    });
    None
}

/// Somebody asks to act for a person.
pub(in crate::pages) async fn submit(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(given): Form<AskForm>,
) -> Result<HttpResponse, Refusal> {
    let (unprocessable, now) = (StatusCode::UNPROCESSABLE_ENTITY, state.ports.clock.now());
    let (relationship, person, asker) = match given.read(now.date_naive()) {
        Ok(read) => read,
        Err(complaints) => return ask_again(&state, &visitor, given, unprocessable, complaints).await,
    };
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let organizations = organizations(&mut *unit, &visitor.account_at).await?;
    let Some(organization) = organizations.iter().find(|it| it.slug.as_str() == given.organization) else {
        drop(unit);
        let complaints = Complaints::one("organization", "Choose the hospital");
        return ask_again(&state, &visitor, given, unprocessable, complaints).await;
    };
    let once = Once::named(&state, visitor.account(), PATH, &given.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other("/me/others"));
    }
    let account = unit.ensure_account(&visitor.login, now).await?;
    let (account, address) = (&account, address.as_str());
    let wanted = SubmitRequest { organization, account, person, asker, relationship, address };
    match submit_request(&mut *unit, &state.ports, wanted).await {
        Ok(request) => {
            once.save_answer(unit, StatusCode::ACCEPTED, &request.id).await?;
            Ok(see_other(&format!("/me/others/asked/{}", request.id)))
        }
        Err(error) => {
            drop(unit);
            let problem = Problem::from_request(error, now);
            if problem.kind != ProblemType::TooManyRequests {
                return Err(problem.into());
            }
            let hours = problem.retry_after.unwrap_or_default().div_euclid(3600) + 1;
            let why = format!("You asked many times lately. Try again in {hours} hours");
            let complaints = Complaints::one("organization", why);
            ask_again(&state, &visitor, given, StatusCode::TOO_MANY_REQUESTS, complaints).await
        }
    }
}
