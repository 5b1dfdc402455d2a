use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use kinlink_domain::{
    actor::Actor,
    id::{OrganizationId, SourceId},
    patient::{Deletion, FhirId},
    service::Ports,
    source::{LeaseLost, PullRun, RunEnd, Source},
    store::{Store, StoreError, UnitOfWork},
};
use kinlink_import::Taking;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::{
    error::{PullError, SetupError},
    page::{self, Page},
    server::{FhirServer, is_protected},
};

/// Ids of records that could not be taken, kept with a run.
const REJECTED_IDS: usize = 20;
/// Tries of a page that stood in another transaction's way.
const TRIES: u32 = 5;

/// How a server is asked.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Records asked for at once.
    pub page: u16,
    /// The pause after the first failure of a request; it doubles.
    pub first_pause: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { page: 200, first_pause: Duration::from_secs(1), timeout: Duration::from_secs(30) }
    }
}

/// Hears how a run goes on.
pub trait Watch: Send + Sync {
    /// A page was written.
    fn page(&mut self, run: &PullRun);
    /// A record could not be taken.
    fn rejected(&mut self, id: Option<&FhirId>, why: &str);
}

/// Pulls sources.
#[derive(Debug, Clone)]
pub struct Puller {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
    http: reqwest::Client,
    pace: Pace,
}

/// A run under way.
struct Run<'a> {
    puller: &'a Puller,
    source: Source,
    lease: Uuid,
    taking: Taking,
    done: PullRun,
    watch: &'a mut dyn Watch,
}

impl Puller {
    /// A puller on this storage, which tells this process's caches of what it commits.
    pub fn new(store: Arc<dyn Store>, ports: Ports, pace: Pace) -> Result<Self, SetupError> {
        // Neither a redirect nor a proxy of the environment is followed with a server's token.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(pace.timeout)
            .user_agent(concat!("kinlink/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { store, ports, http, pace })
    }

    /// Pulls one source, due or not, unless somebody else does.
    pub async fn run(
        &self,
        (organization, id): (OrganizationId, SourceId),
        by: Actor,
        stop: &CancellationToken,
        watch: &mut dyn Watch,
    ) -> Result<PullRun, PullError> {
        let mut unit = self.store.begin().await?;
        let source = unit.source_for_update(organization, id).await?.ok_or(PullError::NotFound)?;
        let (source, lease) = self.take(unit, source).await?;
        self.pull(source, lease, by, stop, watch).await
    }

    /// Takes a source for a run and saves.
    pub(crate) async fn take(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        source: Source,
    ) -> Result<(Source, Uuid), PullError> {
        let mut bytes = [0; 16];
        self.ports.random.fill(&mut bytes);
        let lease = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let source = source.take(lease, self.ports.clock.now())?;
        unit.update_source(&source).await?;
        unit.save().await?;
        Ok((source, lease))
    }

    /// Pulls what was taken, and notes what became of it.
    pub(crate) async fn pull(
        &self,
        source: Source,
        lease: Uuid,
        by: Actor,
        stop: &CancellationToken,
        watch: &mut dyn Watch,
    ) -> Result<PullRun, PullError> {
        let taking = Taking { organization: source.organization, by, from: Some(source.id) };
        let mut run = Run { puller: self, source, lease, taking, done: PullRun::default(), watch };
        let outcome = run.follow(stop).await;
        run.settle(outcome).await
    }
}

impl Run<'_> {
    async fn follow(&mut self, stop: &CancellationToken) -> Result<(), PullError> {
        let followed = self.source.clone();
        let puller = self.puller;
        let base = followed.base.as_str().parse::<Url>().ok().filter(is_protected);
        let mut server = FhirServer {
            http: &puller.http,
            ports: &puller.ports,
            source: &followed,
            base: base.ok_or(PullError::Malformed { what: "anything", is: "not under https" })?,
            first_pause: puller.pace.first_pause,
            stop,
            token: None,
            seen: HashSet::new(),
        };
        let since = followed.since.map(|since| since - followed.overlap);
        // Deletions first: what was deleted and made again is then opened again by the search.
        if let (true, Some(since)) = (followed.deletions, since) {
            self.deletions(&mut server, since, stop).await?;
        }
        self.changes(&mut server, since, stop).await
    }

    async fn changes(
        &mut self,
        server: &mut FhirServer<'_>,
        since: Option<DateTime<Utc>>,
        stop: &CancellationToken,
    ) -> Result<(), PullError> {
        let mut url =
            self.first("Patient", "_lastUpdated", since.map(|since| format!("ge{}", instant(since))))?;
        url.query_pairs_mut().append_pair("_sort", "_lastUpdated");
        let (mut reached, mut sorted) = (None, true);
        loop {
            if stop.is_cancelled() {
                return Err(PullError::Stopped);
            }
            let body = server.page("the search", &url).await?;
            let page =
                page::searchset(&body).map_err(|is| PullError::Malformed { what: "the search", is })?;
            sorted &= page.sorted;
            for at in &page.times {
                sorted &= reached.is_none_or(|reached| reached <= *at);
                reached = reached.max(Some(*at));
            }
            let next = page.next.clone();
            // Of a server that does not sort, nothing is known to be complete before the end.
            self.write(page, reached.filter(|_| sorted || next.is_none())).await?;
            match next {
                Some(next) => url = server.next(&next)?,
                None => return Ok(()),
            }
        }
    }

    /// FHIR R4, "history": newest first, so what is said first of a record is how it stands.
    async fn deletions(
        &mut self,
        server: &mut FhirServer<'_>,
        since: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<(), PullError> {
        const WHAT: &str = "the history";
        let mut url = self.first("Patient/_history", "_since", Some(instant(since)))?;
        let mut stands: HashMap<FhirId, Option<Deletion>> = HashMap::new();
        // What the server made again after it was asked is not deleted by what it says.
        let heard_at = self.puller.ports.clock.now();
        loop {
            if stop.is_cancelled() {
                return Err(PullError::Stopped);
            }
            let body = server.page(WHAT, &url).await?;
            let (happened, next) =
                page::history(&body).map_err(|is| PullError::Malformed { what: WHAT, is })?;
            for one in happened {
                let deletion = Deletion { version: one.version, heard_at };
                stands.entry(one.id).or_insert_with(|| one.deleted.then_some(deletion));
            }
            match next {
                Some(next) => url = server.next(&next)?,
                None => break,
            }
        }
        let deleted = stands.into_iter().filter_map(|(id, deleted)| Some((id, deleted?)));
        let mut deleted: Vec<_> = deleted.collect();
        // In the order in which all writers lock records.
        deleted.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.close(&deleted).await
    }

    /// The address of the first page of what is at `path`.
    fn first(&self, path: &str, parameter: &str, value: Option<String>) -> Result<Url, PullError> {
        let url = format!("{}/{path}", self.source.base).parse::<Url>();
        let mut url = url.map_err(|_| PullError::Malformed { what: "anything", is: "at no address" })?;
        let mut query = url.query_pairs_mut();
        if let Some(value) = value {
            query.append_pair(parameter, &value);
        }
        query.append_pair("_count", &self.puller.pace.page.to_string());
        drop(query);
        Ok(url)
    }

    async fn write(&mut self, page: Page, reached: Option<DateTime<Utc>>) -> Result<(), PullError> {
        for bad in &page.rejected {
            self.watch.rejected(bad.id.as_ref(), &bad.why);
            let id = bad.id.as_ref().map(ToString::to_string);
            tracing::warn!(source = %self.source.id, patient = id, why = bad.why, "a record was passed over");
            self.done.rejected += 1;
            self.done.rejected_ids.extend(id.filter(|_| self.done.rejected_ids.len() < REJECTED_IDS));
        }
        let mut tries = 0;
        let report = loop {
            tries += 1;
            match self.write_once(&page, reached).await {
                Err(PullError::Store(StoreError::Contention(_))) if tries < TRIES => {}
                other => break other?,
            }
        };
        self.done.pages += 1;
        self.done.upserted += report;
        self.watch.page(&self.done);
        Ok(())
    }

    async fn write_once(
        &mut self,
        page: &Page,
        reached: Option<DateTime<Utc>>,
    ) -> Result<kinlink_domain::patient::UpsertReport, PullError> {
        let ports = &self.puller.ports;
        let mut unit = self.advance(reached).await?;
        let report = self.taking.take(&mut *unit, ports, page.patients.clone(), page.rejected.len()).await?;
        unit.save().await?;
        Ok(report)
    }

    async fn close(&mut self, deleted: &[(FhirId, Deletion)]) -> Result<(), PullError> {
        for deleted in deleted.chunks(100) {
            let mut unit = self.advance(None).await?;
            for (id, deletion) in deleted {
                let closed = self.taking.close(&mut *unit, &self.puller.ports, id, deletion).await?;
                self.done.deleted += u64::from(closed);
            }
            unit.save().await?;
        }
        Ok(())
    }

    /// A unit that holds the lease, and moves the source on when it is saved.
    async fn advance(&mut self, reached: Option<DateTime<Utc>>) -> Result<Box<dyn UnitOfWork>, PullError> {
        let mut unit = self.puller.store.begin().await?;
        let source = self.held(&mut *unit).await?;
        let source = source.advance(self.lease, reached, self.puller.ports.clock.now())?;
        unit.update_source(&source).await?;
        Ok(unit)
    }

    /// The source as it is stored now; one that was removed is no longer ours.
    async fn held(&self, unit: &mut dyn UnitOfWork) -> Result<Source, PullError> {
        let found = unit.source_for_update(self.source.organization, self.source.id).await?;
        Ok(found.ok_or(LeaseLost)?)
    }

    async fn settle(self, outcome: Result<(), PullError>) -> Result<PullRun, PullError> {
        let ports = &self.puller.ports;
        let mut done = PullRun { at: ports.clock.now(), ..self.done.clone() };
        let end = match &outcome {
            Ok(()) => RunEnd::Done,
            Err(PullError::Stopped) => RunEnd::Stopped,
            Err(PullError::LeaseLost(_)) => return Err(LeaseLost.into()),
            Err(PullError::Pause(asked)) => RunEnd::Failed(*asked),
            Err(_) => {
                let mut jitter = [0];
                ports.random.fill(&mut jitter);
                let failures = self.source.failures.saturating_add(1);
                RunEnd::Failed(kinlink_domain::outbox::backoff(failures, jitter[0]))
            }
        };
        done.failure = outcome.as_ref().err().map(ToString::to_string);
        let mut unit = self.puller.store.begin().await?;
        let source = self.held(&mut *unit).await?.settle(self.lease, done.clone(), end)?;
        unit.update_source(&source).await?;
        unit.save().await?;
        outcome.map(|()| done)
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
