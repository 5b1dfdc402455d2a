use actix_web::{HttpResponse, web::Data};
use kinlink_auth::AuthenticatedClient;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    decide::decide,
    wire::{Asked, Body, Decision, Question, Questions, Semantic, parse},
};
use crate::{
    extract::ClientCaller,
    problem::{Problem, ProblemType},
    state::State,
};

/// The most questions in one request.
const MOST: usize = 100;

/// May this account do this with this record, now? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "authzen", security(("client" = [])),
    request_body = Question,
    responses(
        (status = 200, description = "The decision; a denial is one too", body = Decision),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: never to be taken for a permit", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn one(
    state: Data<State>,
    client: ClientCaller,
    body: Body<Question>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(decide(&state, &client.0, (&body.0).into()).await?))
}

/// The answers, in the order of the questions.
#[derive(Serialize, ToSchema)]
pub(crate) struct Decisions {
    evaluations: Vec<Decision>,
}

/// Decisions, or the one decision where there were no `evaluations`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Answered {
    Many(Decisions),
    One(Decision),
}

/// Several questions at once, at most 100. Without `evaluations` it is one question, and the answer is one decision.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "authzen", security(("client" = [])),
    request_body = Questions,
    responses(
        (status = 200, description = "The decisions", body = Answered),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: never to be taken for a permit", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn many(
    state: Data<State>,
    client: ClientCaller,
    body: Body<Questions>,
) -> Result<HttpResponse, Problem> {
    let (defaults, questions) = (body.0.defaults(), &body.0.evaluations);
    if questions.is_empty() {
        let one = Answered::One(decide(&state, &client.0, defaults).await?);
        return Ok(HttpResponse::Ok().json(one));
    }
    if questions.len() > MOST {
        let problem = Problem::new(ProblemType::MalformedBody);
        return Err(problem.at("/evaluations", format!("at most {MOST} questions at once")));
    }
    let mut evaluations = Vec::with_capacity(questions.len());
    for question in questions {
        let answer = answer(&state, &client.0, defaults, question).await?;
        let last = match body.0.options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !answer.decision,
            Semantic::PermitOnFirstPermit => answer.decision,
        };
        evaluations.push(answer);
        if last {
            break;
        }
    }
    Ok(HttpResponse::Ok().json(Answered::Many(Decisions { evaluations })))
}

/// A question that is not of the standard's form is denied with its error and stands in no other's way; that
/// nothing can be decided is an error of the whole request.
async fn answer(
    state: &State,
    client: &AuthenticatedClient,
    defaults: Asked<'_>,
    question: &RawValue,
) -> Result<Decision, Problem> {
    let question = match parse::<Question>(question.get().as_bytes()) {
        Ok(question) => question,
        Err(problem) => return Ok(Decision::failed(&problem)),
    };
    match decide(state, client, Asked::from(&question).or(defaults)).await {
        Err(problem) if problem.status < 500 => Ok(Decision::failed(&problem)),
        decided => decided,
    }
}
