use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{Days, NaiveDate, NaiveTime};
use kinlink_domain::audit::{Action, ChainedEntry, Subject};
use serde::Deserialize;

use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::{link_to, rest_of},
        visitor::Staff,
        words,
    },
    state::State,
    v1::audit::{AuditParameters, search},
};

#[derive(Deserialize)]
pub(super) struct Search {
    organization: Option<String>,
    action: Option<Action>,
    staff: Option<String>,
    patient: Option<String>,
    account: Option<String>,
    link: Option<String>,
    invitation: Option<String>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/audit.html")]
struct AuditPage {
    frame: Frame,
    slug: String,
    organization: String,
    filters: Vec<Filter>,
    narrowed: bool,
    entries: Vec<Row>,
    more: Option<String>,
}

/// A field to filter by.
struct Filter {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: &'static str,
    value: String,
}

struct Row {
    seq: i64,
    at: String,
    who: String,
    what: &'static str,
    what_filter: String,
    about: Vec<About>,
    detail: String,
}

struct About {
    label: &'static str,
    id: String,
    /// The list of entries about the same, where it can be filtered so.
    filter: Option<String>,
}

/// `/staff/audit`: who did what?
pub(super) async fn show_audit(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(asked): Filters<Search>,
) -> Result<HttpResponse, Refusal> {
    let filters = filters(&asked);
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, parameters(asked)).await?;
    unit.save().await?;
    let slug = organization.slug.to_string();
    let chosen: Vec<_> = filters.iter().map(|filter| (filter.name, filter.value.as_str())).collect();
    let more = rest_of("/staff/audit", &slug, &chosen, listed.next);
    let entries = listed.items.iter().map(|entry| row(entry, &slug)).collect();
    let frame = Frame::new(&visitor, "/staff");
    let narrowed = filters.iter().any(|filter| !filter.value.is_empty());
    let page = AuditPage { frame, slug, organization: organization.name, filters, narrowed, entries, more };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn parameters(asked: Search) -> AuditParameters {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    AuditParameters {
        organization: asked.organization,
        action: asked.action,
        staff: asked.staff,
        patient: asked.patient,
        account: asked.account,
        link: asked.link,
        invitation: asked.invitation,
        from: asked.from.map(midnight),
        // The last day counts wholly.
        until: asked.until.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight),
        cursor: asked.cursor,
        limit: None,
    }
}

fn filters(asked: &Search) -> Vec<Filter> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let action = asked.action.map(Action::as_str).unwrap_or_default().to_owned();
    [
        ("action", "What was done", "for example link.create, invitation.issue, link.revoke", "text", action),
        ("staff", "By the staff user", "acc_…", "text", text(&asked.staff)),
        ("patient", "About the record", "its FHIR id", "text", text(&asked.patient)),
        ("account", "About the account", "acc_…", "text", text(&asked.account)),
        ("link", "About the link", "lnk_…", "text", text(&asked.link)),
        ("invitation", "About the invitation", "inv_…", "text", text(&asked.invitation)),
        ("from", "From", "", "date", day(asked.from)),
        ("until", "Until and with", "", "date", day(asked.until)),
    ]
    .map(|(name, label, hint, kind, value)| Filter { name, label, hint, kind, value })
    .into()
}

fn row(chained: &ChainedEntry, slug: &str) -> Row {
    let entry = &chained.entry;
    Row {
        seq: chained.seq,
        at: words::moment(entry.at),
        who: words::actor(entry.actor),
        what: entry.action.as_str(),
        what_filter: link_to("/staff/audit", &[("organization", slug), ("action", entry.action.as_str())]),
        about: about(&entry.subject, slug),
        detail: detail(&entry.detail),
    }
}

fn about(subject: &Subject, slug: &str) -> Vec<About> {
    let same = |name: &str, id: &str| Some(link_to("/staff/audit", &[("organization", slug), (name, id)]));
    let Subject { patient, account, link, invitation, client } = subject;
    let filtered = |label: &'static str, name: &str, id: Option<String>| {
        id.map(|id| About { label, filter: same(name, &id), id })
    };
    let plain = |label: &'static str, id: Option<String>| id.map(|id| About { label, filter: None, id });
    [
        plain("Record", patient.map(|id| id.to_string())),
        filtered("Account", "account", account.map(|id| id.to_string())),
        filtered("Link", "link", link.map(|id| id.to_string())),
        filtered("Invitation", "invitation", invitation.map(|id| id.to_string())),
        plain("Authorization server", client.map(|id| id.to_string())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The particulars, without the punctuation of JSON where they are plain.
fn detail(detail: &serde_json::Value) -> String {
    let members = detail.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let shown = members.map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}
