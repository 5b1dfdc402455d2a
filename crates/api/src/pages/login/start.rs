use actix_web::{HttpResponse, web::Data};
use serde::Deserialize;

use super::{failed, local_path};
use crate::{
    pages::{cookie::Jar, form::Filters, frame::see_other, refusal::Refusal},
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Start {
    #[serde(default)]
    provider: usize,
    return_to: Option<String>,
    /// The person is to prove who they are once more.
    anew: Option<String>,
}

/// `/login/start`: off to the provider.
pub(in crate::pages) async fn start(
    state: Data<State>,
    Filters(start): Filters<Start>,
) -> Result<HttpResponse, Refusal> {
    let return_to = start.return_to.as_deref().and_then(local_path).unwrap_or("/login").to_owned();
    let (url, pending) = match state.logins.begin(start.provider, return_to, start.anew.is_some()).await {
        Ok(begun) => begun,
        Err(error) => return failed(error),
    };
    let cookie = Jar::Login.fill(&state, &pending).ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let mut response = see_other(url.as_str());
    response.add_cookie(&cookie).map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(response)
}
