//! Searches: who may do this with this record, with which records, and what. The answers are those that the
//! evaluation would give, in pages.

pub(crate) mod action;
mod page;
pub(crate) mod resource;
pub(crate) mod subject;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use self::page::{AskedPage, Page, Pages};
use super::wire::{Asked, Form, Question, parse};
use crate::problem::Problem;

/// What is looked for; which of its members may be left out, each search says.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "account", "id": "https://login.example|248289761001"},
    "action": {"name": "Observation.rs"},
    "resource": {"type": "Patient"},
    "page": {"limit": 50},
}))]
pub(crate) struct Search {
    #[serde(flatten)]
    #[schema(inline)]
    question: Question,
    /// Which part of what is found.
    #[serde(default)]
    page: AskedPage,
    /// All that was asked but which part: it must be the same for the next one.
    #[serde(skip)]
    #[schema(ignore)]
    unchanging: Vec<u8>,
}

impl Form for Search {
    fn read(json: &[u8]) -> Result<Self, Problem> {
        let mut all: Map<String, Value> = parse(json)?;
        if let Some(Value::Object(page)) = all.get_mut("page") {
            page.retain(|name, _| !matches!(name.as_str(), "token" | "limit"));
        }
        all.retain(|name, value| name != "page" || value.as_object().is_some_and(|page| !page.is_empty()));
        let search: Self = parse(json)?;
        Ok(Self { unchanging: Value::Object(all).to_string().into_bytes(), ..search })
    }
}

impl Search {
    fn asked(&self) -> Asked<'_> {
        (&self.question).into()
    }
}

/// A part of what was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found<T> {
    page: Page,
    results: Vec<T>,
}

fn found<T: Serialize>(page: Page, results: Vec<T>) -> HttpResponse {
    HttpResponse::Ok().json(Found { page, results })
}

/// Nothing was found, and that is an answer.
fn nothing(pages: &Pages<'_>) -> HttpResponse {
    let (page, _) = pages.cut(Vec::<(Vec<u8>, ())>::new());
    found(page, Vec::<()>::new())
}
