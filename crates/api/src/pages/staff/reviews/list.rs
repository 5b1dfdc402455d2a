use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::review::{Review, ReviewStatus};

use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::rest_of,
        visitor::Staff,
        words,
    },
    state::State,
    v1::reviews::list::{ListParameters, search},
};

const STATUSES: [ReviewStatus; 5] = [
    ReviewStatus::Open,
    ReviewStatus::Seconding,
    ReviewStatus::Approved,
    ReviewStatus::Declined,
    ReviewStatus::Moot,
];

#[derive(Template)]
#[template(path = "staff/reviews.html")]
struct ReviewsPage {
    frame: Frame,
    slug: String,
    organization: String,
    statuses: Vec<(&'static str, &'static str, bool)>,
    reviews: Vec<Row>,
    more: Option<String>,
}

struct Row {
    id: String,
    status: &'static str,
    undecided: bool,
    reasons: Vec<&'static str>,
    opened: String,
    asked: usize,
}

/// `/staff/reviews`: what has to be looked at?
pub(in crate::pages) async fn show_list(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(parameters): Filters<ListParameters>,
) -> Result<HttpResponse, Refusal> {
    let status = parameters.status;
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, parameters).await?;
    unit.save().await?;
    let slug = organization.slug.to_string();
    let chosen = status.map(ReviewStatus::as_str).unwrap_or_default();
    let more = rest_of("/staff/reviews", &slug, &[("status", chosen)], listed.next);
    let page = ReviewsPage {
        frame: Frame::new(&visitor, "/staff"),
        slug,
        organization: organization.name,
        statuses: STATUSES.map(|it| (it.as_str(), words::review_status(it), status == Some(it))).into(),
        reviews: listed.items.iter().map(row).collect(),
        more,
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn row(review: &Review) -> Row {
    let status = review.status();
    Row {
        id: review.id.to_string(),
        status: words::review_status(status),
        undecided: matches!(status, ReviewStatus::Open | ReviewStatus::Seconding),
        reasons: review.reasons.iter().map(|reason| words::review_reason(*reason)).collect(),
        opened: words::moment(review.opened_at),
        asked: review.asks.len(),
    }
}
