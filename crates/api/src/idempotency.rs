//! `Idempotency-Key`: the same request again gets the same answer (IETF
//! draft-ietf-httpapi-idempotency-key-header). The key, the work and the answer are one transaction.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use kinlink_domain::{
    port::Purpose,
    store::{IdempotencyClaim, IdempotencyKey, UnitOfWork},
};
use serde::Serialize;

use crate::{
    problem::{Problem, ProblemType},
    state::State,
};

/// A request that may have been answered before.
pub(crate) struct Once {
    key: Option<IdempotencyKey>,
}

impl Once {
    /// Reads the header. Keys are apart for each caller and each operation.
    pub(crate) fn new(
        request: &HttpRequest,
        state: &State,
        caller: impl std::fmt::Display,
        body: &[u8],
    ) -> Result<Self, Problem> {
        let Some(header) = request.headers().get("idempotency-key") else { return Ok(Self { key: None }) };
        let text = header.to_str().unwrap_or_default();
        if !(1..=64).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Problem::new(ProblemType::MalformedIdempotencyKey));
        }
        Ok(Self::named(state, caller, request.path(), text, body))
    }

    /// The same with a key that came another way.
    pub(crate) fn named(
        state: &State,
        caller: impl std::fmt::Display,
        path: &str,
        text: &str,
        body: &[u8],
    ) -> Self {
        let hash = |input: &[u8]| state.ports.vault.index_hash(Purpose::Idempotency, input);
        // The path stands for the operation; none of its parts and no caller's id holds a zero byte.
        let name = [caller.to_string().as_str(), path, text].join("\0");
        Self { key: Some(IdempotencyKey { request: hash(name.as_bytes()), body: hash(body) }) }
    }

    /// The answer given before, if there was one.
    pub(crate) async fn answered(
        &self,
        unit: &mut dyn UnitOfWork,
        state: &State,
    ) -> Result<Option<HttpResponse>, Problem> {
        let Some(key) = &self.key else { return Ok(None) };
        match unit.claim(key, state.ports.clock.now()).await? {
            IdempotencyClaim::Fresh => Ok(None),
            IdempotencyClaim::OtherBody => Err(Problem::new(ProblemType::IdempotencyKeyReused)),
            IdempotencyClaim::Answered { status, body } => {
                let status = StatusCode::from_u16(status).map_err(|_| Problem::new(ProblemType::Internal))?;
                let mut response = HttpResponse::build(status);
                response.insert_header(("idempotent-replayed", "true")).content_type("application/json");
                Ok(Some(response.body(body)))
            }
        }
    }

    /// Answers, and keeps the answer for the next time.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        unit: &mut dyn UnitOfWork,
        status: StatusCode,
        answer: &T,
    ) -> Result<HttpResponse, Problem> {
        let body = serde_json::to_vec(answer).map_err(|_| Problem::new(ProblemType::Internal))?;
        if let Some(key) = &self.key {
            unit.keep_answer(key, status.as_u16(), &body).await?;
        }
        Ok(HttpResponse::build(status).content_type("application/json").body(body))
    }

    /// The same, and saves the work with it.
    pub(crate) async fn save_answer<T: Serialize>(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        status: StatusCode,
        answer: &T,
    ) -> Result<HttpResponse, Problem> {
        let response = self.answer(&mut *unit, status, answer).await?;
        unit.save().await?;
        Ok(response)
    }

    /// Saves a refusal that is decided and counted. A key kept with it would only stand in the next try's way, so
    /// it is given back.
    pub(crate) async fn save_refusal(&self, mut unit: Box<dyn UnitOfWork>) -> Result<(), Problem> {
        if let Some(key) = &self.key {
            unit.release(key).await?;
        }
        Ok(unit.save().await?)
    }
}
