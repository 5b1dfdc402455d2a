use std::collections::BTreeMap;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};
use chrono::{DateTime, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    audit::{Action, Subject},
    organization::Organization,
    page::Listed,
    partial_date::PartialDate,
    patient::FhirId,
    store::{AuditFilter, UnitOfWork},
};
use kinlink_fhir::audit_event;

use super::{
    FhirRefusal, Searchset, answer,
    asked::{Asked, malformed, organization_named, reference, token},
    reader::{base, place},
};
use crate::{
    extract::{NamedOrganization, StaffCaller, state},
    problem::Problem,
};

const KNOWN: [&str; 4] = ["date", "patient", "agent", "agent:identifier"];

/// Search the audit by `date` (with `ge`, `gt`, `le`, `lt`), `patient` and `agent:identifier` (Kinlink's id of an
/// account or a client), newest first. Ids only, no names; reading is audited too. Staff with the role `auditor`.
#[utoipa::path(get, path = "/fhir/{organization}/AuditEvent", tag = "fhir",
    security(("staff" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("date" = Option<String>, Query, description = "When, for example `ge2026-01-01`"),
        ("patient" = Option<String>, Query, description = "The record: its id, `Patient/<id>`, or its address"),
        ("agent:identifier" = Option<String>, Query, description = "`acc_…` or `cli_…`, with or without its system"),
        ("_count" = Option<u32>, Query, description = "At most so many in a page")),
    responses(Searchset))]
pub(crate) async fn search(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of(&request, &KNOWN)).await
}

/// The same with the parameters in a form, which keeps them out of addresses and logs.
#[utoipa::path(post, path = "/fhir/{organization}/AuditEvent/_search", tag = "fhir",
    security(("staff" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name")),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses(Searchset))]
pub(crate) async fn post_search(
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of_form(&request, payload, &KNOWN).await).await
}

async fn find(request: &HttpRequest, asked: Result<Asked, Problem>) -> Result<HttpResponse, FhirRefusal> {
    let staff = StaffCaller::from_request(request, &mut Payload::None).await?;
    let state = state(request)?;
    let named = NamedOrganization::from(organization_named(request)?);
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ReadAudit).await?;
    let asked = asked?;
    let page = asked.page()?;
    let filter = filter(&mut *unit, &organization, &asked).await?;
    let listed = match &filter {
        Some(filter) if page.limit > 0 => unit.audit_entries(organization.id, filter, page).await?,
        _ => Listed { items: Vec::new(), next: None },
    };
    let subject = Subject { patient: filter.and_then(|filter| filter.patient), ..Subject::default() };
    let detail = serde_json::json!({"fhir": "AuditEvent", "count": listed.items.len()});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::AuditRead, subject, detail));
    let mut records = BTreeMap::new();
    for id in listed.items.iter().filter_map(|one| one.entry.subject.patient) {
        if !records.contains_key(&id) {
            let record = unit.patient_by_id(organization.id, id).await?;
            records.extend(record.map(|record| (id, record.record.fhir_id)));
        }
    }
    unit.save().await?;
    let base = base(state, &organization);
    let place = place(&base, &organization);
    let events = listed.items.iter().map(|one| audit_event(&place, one, &records)).collect();
    // How many there are is not known without counting them all.
    Ok(answer::bundle(state, &asked, &base, "AuditEvent", listed.next, None, events))
}

/// What is asked for; none if nothing can fit it.
async fn filter(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    asked: &Asked,
) -> Result<Option<AuditFilter>, Problem> {
    let mut filter = AuditFilter::default();
    for date in asked.all("date") {
        let (from, until) = range(date).ok_or_else(|| malformed("date", "for example ge2026-01-01"))?;
        filter.from = filter.from.max(from);
        filter.until = match (filter.until, until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    if let Some(agent) = asked.one("agent:identifier")?.or(asked.one("agent")?) {
        filter.actor = Some(actor(agent).ok_or_else(|| malformed("agent", "acc_… or cli_…"))?);
    }
    let Some(patient) = asked.one("patient")? else { return Ok(Some(filter)) };
    let id = reference(patient, "Patient", organization.fhir_base.as_str()).map(FhirId::parse).transpose();
    let id = id.map_err(|error| malformed("patient", &error.to_string()))?;
    let record = match id {
        Some(id) => unit.patient(organization.id, &id).await?,
        None => None,
    };
    Ok(record.map(|record| AuditFilter { patient: Some(record.id), ..filter }))
}

/// Staff and accounts have ids of one kind; the audit's agents are mostly staff, so those are meant.
fn actor(text: &str) -> Option<Actor> {
    let value = token(text).map_or_else(|| text.to_owned(), |(_, value)| value);
    value.parse().map(Actor::Staff).or_else(|_| value.parse().map(Actor::Client)).ok()
}

type Bound = Option<DateTime<Utc>>;

/// From when to when a FHIR date with its prefix is (FHIR R4, "Search", "date"); the end is exclusive.
fn range(text: &str) -> Option<(Bound, Bound)> {
    let (prefix, date) = match text.get(..2) {
        Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => (prefix, &text[2..]),
        _ => ("eq", text),
    };
    let (start, end) = span(date)?;
    match prefix {
        "eq" => Some((Some(start), Some(end))),
        "ge" => Some((Some(start), None)),
        "gt" | "sa" => Some((Some(end), None)),
        "lt" | "eb" => Some((None, Some(start))),
        "le" => Some((None, Some(end))),
        _ => None,
    }
}

/// The time that a date of whatever precision covers.
fn span(date: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    // A plus sign in an address is a space to forms; clients send it unescaped.
    if let Ok(at) = DateTime::parse_from_rfc3339(&date.replace(' ', "+")) {
        let at = at.with_timezone(&Utc);
        let unit = if date.contains('.') { TimeDelta::microseconds(1) } else { TimeDelta::seconds(1) };
        return Some((at, at + unit));
    }
    let (first, months) = match date.parse().ok()? {
        PartialDate::Day(day) => (day, None),
        PartialDate::Month(year, month) => (NaiveDate::from_ymd_opt(year.into(), month.into(), 1)?, Some(1)),
        PartialDate::Year(year) => (NaiveDate::from_ymd_opt(year.into(), 1, 1)?, Some(12)),
    };
    let end = match months {
        None => first.succ_opt()?,
        Some(months) => first.checked_add_months(Months::new(months))?,
    };
    Some((first.and_time(NaiveTime::MIN).and_utc(), end.and_time(NaiveTime::MIN).and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_precision_are_ranges() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc);
        for (text, from, until) in [
            ("2026", Some("2026-01-01T00:00:00Z"), Some("2027-01-01T00:00:00Z")),
            ("ge2026-03", Some("2026-03-01T00:00:00Z"), None),
            ("gt2026-03", Some("2026-04-01T00:00:00Z"), None),
            ("lt2026-03-02", None, Some("2026-03-02T00:00:00Z")),
            ("le2026-12-31", None, Some("2027-01-01T00:00:00Z")),
            ("ge2026-03-01T12:00:00 01:00", Some("2026-03-01T11:00:00Z"), None),
            ("eq2026-03-01T12:00:00Z", Some("2026-03-01T12:00:00Z"), Some("2026-03-01T12:00:01Z")),
        ] {
            assert_eq!(range(text), Some((from.map(at), until.map(at))), "{text}");
        }
        for text in ["", "ge", "ne2026", "yesterday", "ü", "2026-13"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
