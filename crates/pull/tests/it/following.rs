use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    actor::Actor,
    id::SourceId,
    organization::FhirBase,
    patient::FhirId,
    port::{KeyId, KeyedHash},
    source::{PullRun, Source, SourceCredentials, SourceState},
    store::AuditFilter,
};
use kinlink_pull::{Pace, PullError, Puller, Watch};
use kinlink_testkit::{Fixture, on_both_databases};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::server::{FhirDouble, WELL, patient};

#[derive(Default)]
pub(crate) struct Seen {
    pages: usize,
    rejected: Vec<String>,
}

impl Watch for Seen {
    fn page(&mut self, _: &PullRun) {
        self.pages += 1;
    }
    fn rejected(&mut self, id: Option<&FhirId>, why: &str) {
        self.rejected.push(format!("{} {why}", id.map_or("?", FhirId::as_str)));
    }
}

pub(crate) fn puller(it: &Fixture) -> Puller {
    let pace = Pace { page: 2, first_pause: Duration::from_millis(5), timeout: Duration::from_secs(10) };
    Puller::new(Arc::new(it.store.clone()), it.ports.clone(), pace).unwrap()
}

/// A source of `here`, stored.
pub(crate) async fn source(it: &Fixture, server: &FhirDouble) -> Source {
    let now = it.ports.clock.now();
    let source = Source {
        id: SourceId::new(now, &*it.ports.random),
        organization: it.here.id,
        name: "main".into(),
        base: FhirBase::parse(&server.url).unwrap(),
        credentials: SourceCredentials::Bearer { token: Zeroizing::new("static".into()) },
        token: KeyedHash { key: KeyId(1), bytes: [0; 32] },
        every: TimeDelta::minutes(5),
        overlap: TimeDelta::minutes(1),
        deletions: false,
        since: None,
        due_at: now,
        notified_at: None,
        failures: 0,
        last: None,
        state: SourceState::Waiting,
        created_at: now,
    };
    let mut unit = it.begin().await;
    unit.add_source(&source).await.unwrap();
    unit.save().await.unwrap();
    source
}

pub(crate) async fn change(it: &Fixture, source: &Source, change: impl FnOnce(Source) -> Source) {
    let mut unit = it.begin().await;
    let stored = unit.source_for_update(source.organization, source.id).await.unwrap().unwrap();
    unit.update_source(&change(stored)).await.unwrap();
    unit.save().await.unwrap();
}

pub(crate) async fn stored(it: &Fixture, source: &Source) -> Source {
    it.begin().await.source(source.organization, source.id).await.unwrap().unwrap()
}

pub(crate) async fn pull(it: &Fixture, source: &Source, seen: &mut Seen) -> Result<PullRun, PullError> {
    let stop = CancellationToken::new();
    puller(it).run((source.organization, source.id), Actor::Operator, &stop, seen).await
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

pub(crate) fn five() -> Vec<serde_json::Value> {
    (1..=5).map(|n| patient(&format!("q{n}"), &format!("2026-01-0{n}T10:00:00Z"))).collect()
}

async fn has(it: &Fixture, id: &str) -> Option<bool> {
    let record = it.begin().await.patient(it.here.id, &FhirId::parse(id).unwrap()).await.unwrap();
    record.map(|record| record.record.active)
}

on_both_databases! {
    async fn a_run_follows_every_page_through_passing_trouble_and_the_next_one_goes_on_from_there(it: Fixture) {
        let server = FhirDouble::start(five());
        let source = source(it, &server).await;
        server.tell(|told| told.trouble.extend([(429, Some("0")), (503, None), (500, None)]));
        let run = pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!((run.pages, run.upserted.created), (3, 5));
        let asked = server.asked();
        assert_eq!(asked.len(), 6, "three pages and three tries in vain: {asked:?}");
        assert_eq!(asked[0], "/r4/Patient?_count=2&_sort=_lastUpdated", "the first run takes everything");
        let after = stored(it, &source).await;
        assert_eq!(after.since, Some(at("2026-01-05T10:00:00Z")));
        assert_eq!((after.state, after.failures), (SourceState::Waiting, 0));
        assert_eq!(after.due_at, it.ports.clock.now() + source.every);
        let run = pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!((run.upserted.created, run.upserted.unchanged), (0, 1), "only what lies in the overlap");
        assert!(server.asked()[0].contains("_lastUpdated=ge2026-01-05T09%3A59%3A00.000Z"));
        let imports = AuditFilter { action: Some(kinlink_domain::audit::Action::PatientImport), ..AuditFilter::default() };
        let page = kinlink_domain::page::Page { after: None, limit: 50 };
        let entries = it.begin().await.audit_entries(it.here.id, &imports, page).await.unwrap();
        assert!(entries.items.iter().any(|one| one.entry.detail["source"] == source.id.to_string()));
        server.stop().await;
        it.reseals(&["patient_source"]).await;
    }
}

on_both_databases! {
    async fn a_run_that_breaks_off_loses_nothing_of_what_it_wrote(it: Fixture) {
        let server = FhirDouble::start(five());
        let source = source(it, &server).await;
        // The first page is answered, and nothing after it.
        server.tell(|told| told.trouble.extend([(WELL, None), (410, None)]));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::Refused { status: 410, .. }), "{error}");
        let failed = stored(it, &source).await;
        assert_eq!(failed.since, Some(at("2026-01-02T10:00:00Z")));
        assert_eq!(failed.failures, 1);
        assert!(failed.due_at > it.ports.clock.now());
        assert!(!failed.last.unwrap().failure.unwrap().contains("SECRET"));
        let run = pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!((run.upserted.created, run.upserted.unchanged), (3, 1));
        assert_eq!(stored(it, &source).await.failures, 0);
        server.stop().await;
    }
}

on_both_databases! {
    async fn a_server_that_stays_down_or_wants_a_long_pause_gets_it(it: Fixture) {
        let server = FhirDouble::start(five());
        let source = source(it, &server).await;
        server.tell(|told| told.trouble.extend([(503, None); 6]));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert_eq!(error.to_string(), "the server cannot be reached for the search: status 503");
        server.tell(|told| told.trouble.push_back((429, Some("3600"))));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::Pause(_)), "{error}");
        assert_eq!(stored(it, &source).await.due_at, it.ports.clock.now() + TimeDelta::hours(1));
        server.tell(|told| told.trouble.push_back((403, None)));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::Refused { status: 403, .. }), "{error}");
        server.stop().await;
    }
}

on_both_databases! {
    async fn a_bad_record_is_told_by_its_id_and_passed_over(it: Fixture) {
        let mut patients = five();
        patients[2]["birthDate"] = "SECRET".into();
        let server = FhirDouble::start(patients);
        let source = source(it, &server).await;
        let mut seen = Seen::default();
        let run = pull(it, &source, &mut seen).await.unwrap();
        assert_eq!((run.upserted.created, run.rejected), (4, 1));
        assert_eq!(run.rejected_ids, ["q3"]);
        assert_eq!(seen.pages, 3);
        assert_eq!(seen.rejected, ["q3 Patient.birthDate: YYYY, YYYY-MM or YYYY-MM-DD"]);
        server.stop().await;
    }
}

on_both_databases! {
    async fn the_token_goes_to_no_other_server_and_links_in_a_circle_end(it: Fixture) {
        let server = FhirDouble::start(five());
        let other = FhirDouble::start(five());
        let source = source(it, &server).await;
        server.tell(|told| told.next = Some(format!("{}/Patient?_count=2", other.url)));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::NextLeaves), "{error}");
        assert!(other.asked().is_empty());
        server.tell(|told| told.next = Some("Patient?_count=2&offset=0".into()));
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::NextCircles), "{error}");
        server.stop().await;
        other.stop().await;
    }
}

on_both_databases! {
    async fn what_was_deleted_is_closed_and_what_was_made_again_is_open(it: Fixture) {
        let server = FhirDouble::start(five());
        let source = source(it, &server).await;
        change(it, &source, |source| Source { deletions: true, ..source }).await;
        pull(it, &source, &mut Seen::default()).await.unwrap();
        assert!(!server.asked().iter().any(|path| path.contains("_history")), "before the first run nothing was deleted");
        server.tell(|told| {
            let deleted = Some("2026-01-05T12:00:00Z");
            told.history =
                vec![("q1".into(), None), ("q2".into(), deleted), ("q1".into(), deleted), ("none".into(), deleted)];
        });
        let run = pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!(run.deleted, 1);
        assert_eq!((has(it, "q1").await, has(it, "q2").await), (Some(true), Some(false)));
        assert_eq!(pull(it, &source, &mut Seen::default()).await.unwrap().deleted, 0, "once");
        // A page that was fetched before the deletion, or a server that still has it in its search.
        change(it, &source, |source| Source { since: None, ..source }).await;
        pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!(has(it, "q2").await, Some(false));
        server.tell(|told| told.patients.push(patient("q2", "2026-01-06T10:00:00Z")));
        server.tell(|told| told.history.clear());
        pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!(has(it, "q2").await, Some(true));
        server.stop().await;
    }
}

on_both_databases! {
    async fn of_a_server_that_does_not_sort_nothing_counts_as_read_before_the_end(it: Fixture) {
        let mut patients = five();
        patients.reverse();
        let server = FhirDouble::start(patients);
        let source = source(it, &server).await;
        server.tell(|told| {
            told.sorted = false;
            told.next = Some("https://elsewhere.example/r4".into());
        });
        pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert_eq!(stored(it, &source).await.since, None);
        server.tell(|told| told.next = None);
        pull(it, &source, &mut Seen::default()).await.unwrap();
        assert_eq!(stored(it, &source).await.since, Some(at("2026-01-05T10:00:00Z")));
        server.stop().await;
    }
}
