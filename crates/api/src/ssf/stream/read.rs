use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{super::own, StreamAnswer};
use crate::{
    extract::{ClientCaller, Parameters},
    problem::Problem,
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParameters {
    /// Which stream; all of the client's unless said.
    stream_id: Option<String>,
}

/// One stream, or all of them.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ReadAnswer {
    One(StreamAnswer),
    All(Vec<StreamAnswer>),
}

/// Read one stream, or all of the client's (SSF 1.0, section 8.1.1.2).
#[utoipa::path(get, path = "/ssf/streams", tag = "events", security(("client" = [])),
    params(StreamParameters),
    responses(
        (status = 200, description = "The stream, or a list", body = ReadAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not available", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    state: Data<State>,
    client: ClientCaller,
    parameters: Parameters<StreamParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin_read().await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("cache-control", "no-store"));
    if let Some(id) = &parameters.0.stream_id {
        let stream = own(&mut *unit, client.0.id, id).await?;
        return Ok(answer.json(ReadAnswer::One(StreamAnswer::new(stream, &state))));
    }
    let streams = unit.streams(Some(client.0.id)).await?;
    let streams = streams.into_iter().filter(|stream| stream.outlet.is_shared_signals());
    let all = streams.map(|stream| StreamAnswer::new(stream, &state)).collect();
    Ok(answer.json(ReadAnswer::All(all)))
}
