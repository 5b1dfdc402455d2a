use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETAG, IF_NONE_MATCH},
};
use kinlink_fhir::{searchset, version_of};
use serde_json::Value;
use uuid::Uuid;

use super::{FHIR_JSON, asked::Asked};
use crate::{extract::random_id, problem::Problem, state::State};

/// A resource that was read; nothing but its version if the client has that (FHIR R4, "conditional read").
pub(crate) fn resource(request: &HttpRequest, resource: &Value) -> HttpResponse {
    let version = version_of(resource).unwrap_or_default();
    let tag = format!("W/\"{version}\"");
    let known =
        request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same = |one: &str| one == "*" || one.trim_start_matches("W/").trim_matches('"') == version;
    let mut response = if known.split(',').any(|one| same(one.trim())) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // Access may end at any moment, so nothing between here and the client may keep an answer.
    response.insert_header((ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-store"));
    if known.split(',').any(|one| same(one.trim())) {
        return response.finish();
    }
    response.content_type(FHIR_JSON).body(resource.to_string())
}

/// Everything that a search found, of which the client gets the page that it asked for. `id` orders the list.
pub(crate) fn found<T>(
    state: &State,
    asked: &Asked,
    base: &str,
    kind: &str,
    mut all: Vec<T>,
    id: impl Fn(&T) -> Uuid,
    resource: impl Fn(&T) -> Option<Value>,
) -> Result<HttpResponse, Problem> {
    let page = asked.page()?;
    let total = all.len();
    all.sort_by_key(|one| std::cmp::Reverse(id(one)));
    all.retain(|one| page.after.is_none_or(|after| id(one) < after));
    let limit = usize::from(page.limit);
    let next = (0 < limit && limit < all.len()).then(|| id(&all[limit - 1]));
    let resources = all.iter().take(limit).filter_map(resource).collect();
    Ok(bundle(state, asked, base, kind, next, Some(total), resources))
}

/// A searchset.
pub(crate) fn bundle(
    state: &State,
    asked: &Asked,
    base: &str,
    kind: &str,
    next: Option<Uuid>,
    total: Option<usize>,
    resources: Vec<Value>,
) -> HttpResponse {
    let path = format!("{base}/{kind}");
    let next = next.map(|next| asked.address(&path, Some(next)));
    let own = asked.address(&path, None);
    let bundle = searchset(&random_id(state), base, &own, next.as_deref(), total, resources);
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(FHIR_JSON)
        .body(bundle.to_string())
}
