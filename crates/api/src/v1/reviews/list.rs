use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    organization::Organization,
    page::Listed,
    review::{Review, ReviewStatus},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ReviewKind, ReviewView};
use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// Only those that are `open`, `seconding`, `approved`, `declined` or `moot`.
    #[param(value_type = Option<String>)]
    pub(crate) status: Option<ReviewStatus>,
    /// Only `claim`, which all are; `dispute` finds none, since those are under `/v1/disputes`.
    #[param(value_type = Option<String>)]
    pub(crate) kind: Option<ReviewKind>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewList {
    /// Newest first.
    reviews: Vec<ReviewView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The queue of reviews. Staff with the role `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/reviews", tag = "reviews", security(("staff" = [])), params(ListParameters),
    responses(
        (status = 200, description = "Reviews, without anything personal", body = ReviewList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, listed) = search(&state, &mut *unit, &staff, parameters.0).await?;
    unit.save().await?;
    let reviews = listed.items.iter().map(ReviewView::new).collect();
    Ok(HttpResponse::Ok().json(ReviewList { reviews, next_cursor: listed.next.map(Cursor::write) }))
}

/// The reviews that fit, at the organization meant; that they were listed is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: ListParameters,
) -> Result<(Organization, Listed<Review>), Problem> {
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::DecideReviews).await?;
    let listed = match parameters.kind {
        None | Some(ReviewKind::Claim) => unit.reviews(organization.id, parameters.status, page).await?,
        Some(ReviewKind::Dispute) => Listed { items: Vec::new(), next: None },
    };
    let detail = serde_json::json!({"count": listed.items.len()});
    let entry =
        state.ports.audit(organization.id, by.actor(), Action::ReviewList, Subject::default(), detail);
    unit.record(entry);
    Ok((organization, listed))
}
