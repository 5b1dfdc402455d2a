use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::dispute::{Dispute, DisputeStatus};

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
    v1::disputes::list::{ListDisputesParameters, search},
};

const STATUSES: [DisputeStatus; 3] = [DisputeStatus::Open, DisputeStatus::Upheld, DisputeStatus::Dismissed];

#[derive(Template)]
#[template(path = "staff/disputes.html")]
struct DisputesPage {
    frame: Frame,
    slug: String,
    organization: String,
    statuses: Vec<(String, &'static str, bool)>,
    disputes: Vec<Row>,
    more: Option<String>,
}

struct Row {
    id: String,
    account: String,
    opened: String,
    status: &'static str,
    undecided: bool,
}

/// `/staff/disputes`: who says that it was not them?
pub(in crate::pages) async fn show_list(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(parameters): Filters<ListDisputesParameters>,
) -> Result<HttpResponse, Refusal> {
    let status = parameters.status;
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, parameters).await?;
    unit.save().await?;
    let slug = organization.slug.to_string();
    let chosen = status.map(words::word).unwrap_or_default();
    let more = rest_of("/staff/disputes", &slug, &[("status", chosen.as_str())], listed.next);
    let choice = |it: DisputeStatus| (words::word(it), words::dispute_status(it), status == Some(it));
    let page = DisputesPage {
        frame: Frame::new(&visitor, "/staff"),
        slug,
        organization: organization.name,
        statuses: STATUSES.map(choice).into(),
        disputes: listed.items.iter().map(row).collect(),
        more,
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn row(dispute: &Dispute) -> Row {
    Row {
        id: dispute.id.to_string(),
        account: dispute.account.to_string(),
        opened: words::moment(dispute.opened_at),
        status: words::dispute_status(dispute.status()),
        undecided: dispute.status() == DisputeStatus::Open,
    }
}
