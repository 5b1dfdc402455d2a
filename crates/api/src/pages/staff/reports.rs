//! Accounts that act for unusually many, and records that unusually many act for.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{link_to, rest_of};
use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
    },
    state::State,
    v1::reports::unusual_proxies::{Of, UnusualProxiesParameters, count},
};

#[derive(Template)]
#[template(path = "staff/unusual.html")]
struct UnusualPage {
    frame: Frame,
    slug: String,
    organization: String,
    at_least: u16,
    of_records: bool,
    rows: Vec<Row>,
    more: Option<String>,
}

struct Row {
    what: String,
    /// Where to look further.
    href: Option<String>,
    is_staff: bool,
    proxies: u64,
}

/// `/staff/reports/unusual-proxies`: who acts for unusually many?
pub(in crate::pages) async fn show_report(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(parameters): Filters<UnusualProxiesParameters>,
) -> Result<HttpResponse, Refusal> {
    let of = parameters.of.unwrap_or_default();
    let mut unit = state.store.begin().await?;
    let (organization, counted) = count(&state, &mut *unit, &caller, parameters).await?;
    unit.save().await?;
    let slug = organization.slug.to_string();
    let of_records = matches!(of, Of::Records);
    let rows = counted.unusual.iter().map(|one| {
        let (account, patient) = (one.account.clone(), one.patient.clone());
        let href = match (&account, &patient) {
            (_, Some(patient)) => {
                Some(link_to("/staff/family", &[("organization", slug.as_str()), ("patient", patient)]))
            }
            (Some(account), None) => {
                Some(link_to("/staff/endings/new", &[("organization", slug.as_str()), ("account", account)]))
            }
            (None, None) => None,
        };
        let what = account.or(patient).unwrap_or_default();
        Row { what, href, is_staff: one.staff == Some(true), proxies: one.proxies }
    });
    let of = if of_records { "records" } else { "accounts" };
    let more = rest_of("/staff/reports/unusual-proxies", &slug, &[("of", of)], counted.next);
    let page = UnusualPage {
        frame: Frame::new(&visitor, "/staff"),
        organization: organization.name,
        at_least: counted.at_least,
        of_records,
        rows: rows.collect(),
        more,
        slug,
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}
