//! For those who run Kinlink: is it alive, may it get traffic, how is it doing.

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::store::Schema;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{problem::Problem, state::State};

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "operations", responses((status = 200, description = "It runs")))]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "live"}))
}

/// The database answers and has what this version needs.
///
/// `schema` is `own`, or `newer` once a newer version has migrated the database and this one is still to be replaced.
#[utoipa::path(get, path = "/health/ready", tag = "operations", responses(
    (status = 200, description = "It may get traffic"),
    (status = 500, description = "The schema lacks what this version needs", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The database does not answer", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn ready(state: Data<State>) -> Result<HttpResponse, Problem> {
    let schema = state.store.ready().await?;
    metrics::gauge!("kinlink_schema_newer").set(if schema == Schema::Newer { 1.0 } else { 0.0 });
    let schema = match schema {
        Schema::Own => "own",
        Schema::Newer => "newer",
    };
    Ok(HttpResponse::Ok().json(serde_json::json!({"status": "ready", "schema": schema})))
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(handle: Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}
