use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::Bytes};
use serde::de::DeserializeOwned;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::state;
use crate::problem::{Problem, ProblemType};

/// A JSON body of the documented form, with its bytes for the idempotency key.
pub(crate) struct JsonBody<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: DeserializeOwned + Validate + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json(&request) {
                return Err(Problem::new(ProblemType::UnsupportedMediaType));
            }
            let bytes = read(&mut payload, state(&request)?.settings.body_limit).await?;
            let value: T = serde_json::from_slice(&bytes).map_err(|error| malformed(&error))?;
            value.validate().map_err(|errors| invalid(&errors))?;
            Ok(Self { value, bytes })
        })
    }
}

pub(crate) fn is_json(request: &HttpRequest) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    declared.eq_ignore_ascii_case("application/json")
}

pub(crate) async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
    use futures_util::StreamExt;
    let mut body = actix_web::web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(ProblemType::MalformedBody).detail("it broke off"))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::new(ProblemType::BodyTooLarge).detail(format!("at most {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The parser's own message may quote a value, so only its kind and place are told.
pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Data => data_error(&error.to_string()),
        _ => "it is not JSON".to_owned(),
    };
    Problem::new(ProblemType::MalformedBody).detail(format!("{what} ({place})"))
}

/// Names of members are the API's own and may be told.
pub(super) fn data_error(message: &str) -> String {
    for known in ["unknown field `", "missing field `", "unknown variant `"] {
        if let Some(rest) = message.strip_prefix(known) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let shown = known != "unknown variant `" && name.len() <= 40;
            return if shown {
                format!("{known}{name}`")
            } else {
                "a member has a word that is not known".into()
            };
        }
    }
    "a member is of the wrong type or form".to_owned()
}

pub(crate) fn invalid(errors: &ValidationErrors) -> Problem {
    let mut problem = Problem::new(ProblemType::InvalidMember);
    collect(errors, "", &mut problem);
    problem
}

fn collect(errors: &ValidationErrors, path: &str, problem: &mut Problem) {
    for (member, kind) in errors.errors() {
        let path = format!("{path}/{member}");
        match kind {
            ValidationErrorsKind::Field(errors) => {
                for error in errors {
                    let message = error.message.clone().unwrap_or_else(|| error.code.clone());
                    *problem = problem.clone().at(path.clone(), message);
                }
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &path, problem),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{path}/{index}"), problem);
                }
            }
        }
    }
}

/// Query parameters of the documented form.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Parameters<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = actix_web::web::Query::<T>::from_query(request.query_string());
        std::future::ready(parsed.map(|query| Self(query.into_inner())).map_err(|error| {
            let what = match &error {
                actix_web::error::QueryPayloadError::Deserialize(error) => data_error(&error.to_string()),
                _ => "the query cannot be read".to_owned(),
            };
            Problem::new(ProblemType::MalformedParameter).detail(what)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_body_never_comes_back_in_the_problem() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            #[serde(rename = "code")]
            _code: u8,
        }
        for body in [r#"{"code": "SECRET"}"#, r#""SECRET""#, r#"{"code": SECRET}"#, r#"["SECRET"]"#] {
            let problem = malformed(&serde_json::from_str::<Form>(body).unwrap_err());
            assert!(!serde_json::to_string(&problem).unwrap().contains("SECRET"), "{body}");
        }
        let unknown = malformed(&serde_json::from_str::<Form>(r#"{"cod": 1}"#).unwrap_err());
        assert!(unknown.detail.unwrap().starts_with("unknown field `cod`"));
    }
}
