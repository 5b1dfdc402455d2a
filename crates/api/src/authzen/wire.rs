use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use kinlink_domain::{
    account::AccountKey, id::AccountId, patient::FhirId, permission::Permissions, proofing::Ial,
    service::lookup::OrganizationReference,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;

use super::decide::ACCOUNT;
use crate::{
    extract::{self, is_json},
    problem::{Problem, ProblemType},
    state::State,
};

/// A subject or resource. Members that are not known are passed over, as the standard asks.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub(crate) struct Entity {
    /// `account`, or `Patient`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Which one. Of an account, `<iss>|<sub>`.
    pub(super) id: Option<String>,
    /// Of an account, the two parts of the id once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<Properties>,
}

/// What is read of an entity's properties. Other types of entity may have anything there.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub(crate) struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) iss: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) sub: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct ActionEntity {
    /// For example `Observation.rs`, or `read`.
    #[schema(example = "Observation.rs")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub(crate) struct Context {
    /// `IAL1` or `IAL2`: links that are proven less well permit nothing.
    #[schema(value_type = Option<String>, example = "IAL2")]
    pub(super) minimum_assurance: Option<Ial>,
}

/// May this account do this with this record?
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "account", "id": "https://login.example|248289761001"},
    "action": {"name": "Observation.rs"},
    "resource": {"type": "Patient", "id": "northside/n-002"},
}))]
pub(crate) struct Question {
    subject: Option<Entity>,
    action: Option<ActionEntity>,
    resource: Option<Entity>,
    context: Option<Context>,
}

/// A question as it is answered: what it leaves out may stand beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    subject: Option<&'a Entity>,
    action: Option<&'a ActionEntity>,
    resource: Option<&'a Entity>,
    context: Option<Context>,
}

impl<'a> From<&'a Question> for Asked<'a> {
    fn from(question: &'a Question) -> Self {
        Self {
            subject: question.subject.as_ref(),
            action: question.action.as_ref(),
            resource: question.resource.as_ref(),
            context: question.context,
        }
    }
}

impl<'a> Asked<'a> {
    /// What it leaves out, taken whole from `defaults`.
    pub(super) fn or(self, defaults: Self) -> Self {
        Self {
            subject: self.subject.or(defaults.subject),
            action: self.action.or(defaults.action),
            resource: self.resource.or(defaults.resource),
            context: self.context.or(defaults.context),
        }
    }

    pub(super) fn subject(&self) -> Result<Named<'a>, Problem> {
        Named::new("/subject", self.subject)
    }

    pub(super) fn resource(&self) -> Result<Named<'a>, Problem> {
        Named::new("/resource", self.resource)
    }

    /// The permission that the action needs; absent if there is no such act.
    pub(super) fn needed(&self) -> Result<Option<Permissions>, Problem> {
        let action = required("", "/action", self.action)?;
        Ok(permission(required("/action", "/name", action.name.as_deref())?))
    }

    /// The least that a link must be proven, as far as the question says.
    pub(super) fn minimum(&self) -> Option<Ial> {
        self.context.and_then(|context| context.minimum_assurance)
    }
}

/// Several questions; what one leaves out is taken from beside them.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Questions {
    subject: Option<Entity>,
    action: Option<ActionEntity>,
    resource: Option<Entity>,
    context: Option<Context>,
    /// Each may leave out what stands beside this list.
    #[serde(default)]
    #[schema(value_type = Vec<Question>)]
    pub(super) evaluations: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) options: Options,
}

impl Questions {
    /// What stands beside the questions.
    pub(super) fn defaults(&self) -> Asked<'_> {
        Asked {
            subject: self.subject.as_ref(),
            action: self.action.as_ref(),
            resource: self.resource.as_ref(),
            context: self.context,
        }
    }
}

#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Options {
    #[serde(default)]
    pub(super) evaluations_semantic: Semantic,
}

/// When the questions that are left are not answered any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    pub(super) decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<DecisionContext>,
}

/// What is told beside an answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DecisionContext {
    /// Why it is denied: `unknown_subject_type`, `unknown_resource_type`, `unknown_action`, `no_live_link` or
    /// `not_permitted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// This one could not be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ItemError {
    status: u16,
    message: String,
}

impl Decision {
    pub(super) const PERMIT: Self = Self { decision: true, context: None };

    pub(super) fn deny(reason: &'static str) -> Self {
        let context = DecisionContext { reason: Some(reason), error: None };
        Self { decision: false, context: Some(context) }
    }

    pub(super) fn failed(problem: &Problem) -> Self {
        let places = problem.errors.iter().map(|error| format!("{} {}", error.at, error.message));
        let message = problem.detail.clone().into_iter().chain(places).collect::<Vec<_>>().join("; ");
        let error = ItemError { status: problem.status, message };
        Self { decision: false, context: Some(DecisionContext { reason: None, error: Some(error) }) }
    }
}

/// Something that the standard asks for, by its place.
fn required<'a, T: ?Sized>(within: &str, at: &str, given: Option<&'a T>) -> Result<&'a T, Problem> {
    given
        .ok_or_else(|| Problem::new(ProblemType::MalformedBody).at(format!("{within}{at}"), "it is required"))
}

/// A subject or resource with its place in the question, and the type that it must have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    at: &'static str,
    pub(super) kind: &'a str,
    entity: &'a Entity,
}

impl<'a> Named<'a> {
    fn new(at: &'static str, given: Option<&'a Entity>) -> Result<Self, Problem> {
        let entity = required("", at, given)?;
        Ok(Self { at, kind: required(at, "/type", entity.kind.as_deref())?, entity })
    }

    /// The account that its id names. Properties that name another are no second opinion but a mistake, or a trick.
    pub(super) fn account(&self) -> Result<AccountId, Problem> {
        let id = required(self.at, "/id", self.entity.id.as_deref())?;
        // An issuer is a URL, which has no bar; a subject may have one.
        let (iss, sub) = id.split_once('|').unwrap_or((id, ""));
        let properties = self.entity.properties.iter().filter(|_| self.kind == ACCOUNT);
        for properties in properties {
            for (name, said, named) in [("iss", &properties.iss, iss), ("sub", &properties.sub, sub)] {
                if said.as_ref().is_some_and(|said| said != named) {
                    let problem = Problem::new(ProblemType::MalformedBody);
                    return Err(problem.at(format!("{}/properties/{name}", self.at), "the id names another"));
                }
            }
        }
        Ok(AccountKey::derive(iss, sub))
    }

    /// The record that it names; absent if nothing can be named like this.
    pub(super) fn record(&self) -> Result<Option<(OrganizationReference, FhirId)>, Problem> {
        let id = required(self.at, "/id", self.entity.id.as_deref())?;
        let Some((organization, record)) = id.split_once('/') else { return Ok(None) };
        let organization =
            extract::organization_reference(ProblemType::MalformedBody, self.at, organization).ok();
        Ok(organization.zip(FhirId::parse(record).ok()))
    }
}

/// Words for what is done with the Patient resource itself, and the letters of SMART v2 for them.
pub(super) const WORDS: [(&str, &str); 5] =
    [("create", "c"), ("read", "r"), ("update", "u"), ("delete", "d"), ("search", "s")];

pub(super) fn permission(name: &str) -> Option<Permissions> {
    if name.contains(char::is_whitespace) {
        return None;
    }
    match WORDS.iter().find(|(word, _)| *word == name) {
        Some((_, letter)) => format!("patient/Patient.{letter}").parse(),
        None if name.starts_with("patient/") => name.parse(),
        None => format!("patient/{name}").parse(),
    }
    .ok()
}

/// A body of the standard's form. Whatever is wrong with it is a 400, its media type too.
pub(crate) struct Body<T>(pub(super) T);

impl<T: Form> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json(&request) {
                let problem = Problem::new(ProblemType::MalformedBody);
                return Err(problem.detail("send Content-Type: application/json"));
            }
            let state: &State = extract::state(&request)?;
            let bytes = extract::read_body(&mut payload, state.settings.body_limit).await?;
            T::read(&bytes).map(Self)
        })
    }
}

/// What a body can be read as.
pub(crate) trait Form: Sized + 'static {
    /// Reads a body.
    fn read(json: &[u8]) -> Result<Self, Problem>;
}

impl Form for Question {
    fn read(json: &[u8]) -> Result<Self, Problem> {
        parse(json)
    }
}

impl Form for Questions {
    fn read(json: &[u8]) -> Result<Self, Problem> {
        parse(json)
    }
}

pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(json).map_err(|error| extract::malformed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_a_permission_or_a_word_for_one() {
        for (name, needs) in [
            ("read", Some("patient/Patient.r")),
            ("search", Some("patient/Patient.s")),
            ("Observation.rs", Some("patient/Observation.rs")),
            ("patient/*.r", Some("patient/*.r")),
            ("can_read", None),
            ("Observation.rs patient/Condition.rs", None),
            ("user/Observation.rs", None),
            ("", None),
        ] {
            assert_eq!(permission(name).map(String::from).as_deref(), needs, "{name}");
        }
    }

    #[test]
    fn an_account_is_named_by_issuer_and_subject_at_the_first_bar() {
        let entity =
            |id: &str| Entity { kind: Some("account".into()), id: Some(id.to_owned()), ..Entity::default() };
        let account = |entity: &Entity| Named::new("/subject", Some(entity))?.account();
        let of = |iss: &str, sub: &str| AccountKey::derive(iss, sub);
        assert_eq!(
            account(&entity("https://a.example|auth0|7")).unwrap(),
            of("https://a.example", "auth0|7")
        );
        let nobody = Entity { id: None, ..entity("") };
        assert_eq!(account(&nobody).unwrap_err().errors[0].at, "/subject/id");
    }

    #[test]
    fn properties_say_what_the_id_says_or_are_refused() {
        let of = |iss: Value, sub: Value| Properties { iss: Some(iss), sub: Some(sub) };
        let (iss, sub) = (Value::from("https://a.example"), Value::from("7"));
        for (id, properties, refused) in [
            ("https://a.example|7", of(iss.clone(), sub.clone()), None),
            ("https://a.example|8", of(iss.clone(), sub.clone()), Some("/subject/properties/sub")),
            ("https://b.example|7", of(iss.clone(), sub.clone()), Some("/subject/properties/iss")),
            (
                "https://b.example|7",
                Properties { iss: Some(iss.clone()), sub: None },
                Some("/subject/properties/iss"),
            ),
            ("7", of(iss.clone(), sub.clone()), Some("/subject/properties/iss")),
            ("https://a.example|7", of(iss.clone(), Value::from(7)), Some("/subject/properties/sub")),
        ] {
            let (kind, id) = (Some("account".to_owned()), Some(id.to_owned()));
            let entity = Entity { kind, id, properties: Some(properties) };
            let named = Named::new("/subject", Some(&entity)).unwrap();
            let at = named.account().map_err(|problem| problem.errors[0].at.clone());
            assert_eq!(at.err().as_deref(), refused, "{entity:?}");
            let other = Entity { kind: Some("user".into()), ..entity };
            Named::new("/subject", Some(&other)).unwrap().account().unwrap();
        }
    }
}
