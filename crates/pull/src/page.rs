//! A page of a searchset or of a history (FHIR R4, "Bundle").

use chrono::{DateTime, Utc};
use kinlink_domain::patient::{FhirId, ImportedPatient, RecordVersion};
use kinlink_fhir::parse_patient;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Records of a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Those that can be taken.
    pub(crate) patients: Vec<ImportedPatient>,
    /// Those that cannot.
    pub(crate) rejected: Vec<Rejected>,
    /// When the first and the last of them changed; absent where the server does not say.
    pub(crate) times: Vec<DateTime<Utc>>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
    /// Whether the server says that it sorts as it was asked to; one that says nothing is believed.
    pub(crate) sorted: bool,
}

/// A record that cannot be taken. What stands in it is not repeated: it may be somebody's data.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) id: Option<FhirId>,
    pub(crate) why: String,
}

/// What a history says of a record.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) id: FhirId,
    pub(crate) deleted: bool,
    /// Which version of it that made, as far as the server says.
    pub(crate) version: RecordVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    resource_type: &'a str,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default, borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    search: Option<Search>,
    request: Option<Request>,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Response {
    /// FHIR R4, "http": the `ETag` is `W/"…"` around the `versionId`.
    fn version(&self) -> RecordVersion {
        let tag = self.etag.as_deref().map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
        RecordVersion {
            version_id: tag.filter(|id| !id.is_empty()).map(ToOwned::to_owned),
            last_updated: self.last_modified.as_deref().and_then(instant),
        }
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// As much of a resource as can be read of almost any.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    resource_type: Option<String>,
    id: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    last_updated: Option<String>,
}

/// Why an answer is no Bundle.
pub(crate) type NoBundle = &'static str;

fn bundle(body: &[u8]) -> Result<Bundle<'_>, NoBundle> {
    let bundle: Bundle<'_> = serde_json::from_slice(body).map_err(|_| "no FHIR Bundle")?;
    if bundle.resource_type == "Bundle" { Ok(bundle) } else { Err("another resource than a Bundle") }
}

fn next(links: Vec<Link>) -> Option<String> {
    links.into_iter().find(|link| link.relation == "next").map(|link| link.url)
}

/// Reads a page of a search.
pub(crate) fn searchset(body: &[u8]) -> Result<Page, NoBundle> {
    let bundle = bundle(body)?;
    // FHIR R4, "Search", conformance: the self link names the parameters that were used.
    let own = bundle.link.iter().find(|link| link.relation == "self");
    let sorted = own.is_none_or(|link| link.url.contains("_sort=") || !link.url.contains('?'));
    let mut page = Page { sorted, next: next(bundle.link), ..Page::default() };
    for entry in bundle.entry {
        let matches = entry.search.and_then(|search| search.mode).is_none_or(|mode| mode == "match");
        if let (true, Some(resource)) = (matches, entry.resource) {
            page.take(resource.get());
        }
    }
    Ok(page)
}

impl Page {
    fn take(&mut self, resource: &str) {
        let head = serde_json::from_str::<Head>(resource).ok();
        // What a search gives beside what it is for, such as its own OperationOutcome.
        if head.as_ref().and_then(|head| head.resource_type.as_deref()).is_some_and(|kind| kind != "Patient")
        {
            return;
        }
        let (id, changed) = match head {
            None => (None, None),
            Some(head) => (head.id, head.meta.and_then(|meta| meta.last_updated)),
        };
        self.times.extend(changed.as_deref().and_then(instant));
        match parse_patient(resource.as_bytes()) {
            Ok(patient) => self.patients.push(patient),
            Err(error) => {
                let id = id.and_then(|id| FhirId::parse(id).ok());
                self.rejected.push(Rejected { id, why: error.to_string() });
            }
        }
    }
}

/// Reads a page of a history: newest first, and where the next page is.
pub(crate) fn history(body: &[u8]) -> Result<(Vec<Happened>, Option<String>), NoBundle> {
    let bundle = bundle(body)?;
    let happened = bundle.entry.into_iter().filter_map(|entry| {
        let request = entry.request?;
        let of_resource =
            entry.resource.and_then(|resource| serde_json::from_str::<Head>(resource.get()).ok());
        let of_request = || request.url.rsplit_once("Patient/").map(|(_, id)| id.to_owned());
        let id = of_resource.and_then(|head| head.id).or_else(of_request)?;
        let id = FhirId::parse(id.split(['/', '?']).next()?).ok()?;
        let version = entry.response.unwrap_or_default().version();
        Some(Happened { id, deleted: request.method == "DELETE", version })
    });
    Ok((happened.collect(), next(bundle.link)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_record_is_told_by_its_id_and_the_others_are_taken() {
        let page = searchset(
            br#"{"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": "u"}], "entry": [
            {"resource": {"resourceType": "Patient", "id": "a", "meta": {"lastUpdated": "2026-01-01T00:00:00Z"}}},
            {"resource": {"resourceType": "Patient", "id": "b", "birthDate": "SECRET"}, "search": {"mode": "match"}},
            {"resource": {"resourceType": "Patient", "id": "c", "name": "SECRET"}},
            {"resource": {"resourceType": "Organization", "id": "o"}, "search": {"mode": "include"}},
            {"resource": {"resourceType": "OperationOutcome", "issue": []}, "search": {"mode": "outcome"}}]}"#,
        )
        .unwrap();
        assert_eq!(page.patients.len(), 1);
        assert_eq!(page.next.as_deref(), Some("u"));
        assert_eq!(page.times.len(), 1);
        let ids: Vec<_> =
            page.rejected.iter().filter_map(|bad| bad.id.as_ref().map(FhirId::as_str)).collect();
        assert_eq!(ids, ["b", "c"]);
        assert!(!format!("{:?}", page.rejected).contains("SECRET"));
    }

    #[test]
    fn anything_else_is_no_page() {
        for body in ["", "<html>", r#"{"resourceType": "OperationOutcome"}"#, "[]"] {
            assert!(searchset(body.as_bytes()).is_err(), "{body}");
        }
        assert!(searchset(br#"{"resourceType": "Bundle"}"#).unwrap().patients.is_empty());
    }

    #[test]
    fn a_history_names_what_was_deleted() {
        let (happened, _) = history(
            br#"{"resourceType": "Bundle", "type": "history", "entry": [
            {"request": {"method": "DELETE", "url": "Patient/a"},
                "response": {"status": "204", "etag": "W/\"7\"", "lastModified": "2026-01-01T00:00:00Z"}},
            {"request": {"method": "DELETE", "url": "https://x/r4/Patient/b/_history/2"}},
            {"request": {"method": "PUT", "url": "Patient/c"}, "resource": {"resourceType": "Patient", "id": "c"}},
            {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "id": "d"}}]}"#,
        )
        .unwrap();
        let seen: Vec<_> = happened.iter().map(|one| (one.id.as_str(), one.deleted)).collect();
        assert_eq!(seen, [("a", true), ("b", true), ("c", false), ("d", false)]);
        let said =
            RecordVersion { version_id: Some("7".into()), last_updated: instant("2026-01-01T00:00:00Z") };
        assert_eq!((&happened[0].version, &happened[1].version), (&said, &RecordVersion::default()));
    }
}
