use std::io::{BufRead, Write};

use kinlink_domain::{
    actor::Actor,
    id::OrganizationId,
    patient::{ImportedPatient, UpsertReport},
    service::Ports,
    store::{Store, StoreError},
};
use kinlink_fhir::parse_patient;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    lines::{Line, next_line},
    take::Taking,
};

/// Batches that wait between reading and writing.
const QUEUE: usize = 4;
/// Tries of a batch that stood in another transaction's way.
const TRIES: u32 = 5;

/// What to import for whom.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Whose patients they are.
    pub organization: OrganizationId,
    /// Records written in one transaction.
    pub batch: usize,
    /// Stops after the batch that is being written.
    pub stop: CancellationToken,
}

/// Hears how an import goes on.
pub trait Progress: Send {
    /// So many lines and bytes are done.
    fn advanced(&mut self, lines: u64, bytes: u64);
}

/// What became of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// Lines read, blank ones not counted.
    pub lines: u64,
    /// What became of the patients.
    #[serde(flatten)]
    pub upserted: UpsertReport,
    /// Lines that hold no patient that could be kept; the rejects file says why.
    pub rejected: u64,
    /// Whether it was stopped before the end. Run it again: what is in stays in.
    pub stopped: bool,
}

/// Why an import ended early. What was written before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source cannot be read on, for example because its compression is damaged.
    #[error("line {line} and what follows cannot be read: {source}")]
    Read {
        /// The first line that could not be read.
        line: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// The rejects file cannot be written.
    #[error("the rejects file cannot be written: {0}")]
    Rejects(#[source] std::io::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Default)]
struct Batch {
    patients: Vec<ImportedPatient>,
    rejects: Vec<Reject>,
    lines: u64,
    bytes: u64,
}

/// A line that was not taken. What stood in it is not repeated: it may be somebody's data.
#[derive(Serialize)]
struct Reject {
    line: u64,
    reason: String,
}

/// Imports patients from NDJSON.
pub async fn import(
    source: Box<dyn BufRead + Send>,
    options: &ImportOptions,
    store: &dyn Store,
    ports: &Ports,
    progress: &mut dyn Progress,
    rejects: &mut (dyn Write + Send),
) -> Result<ImportSummary, ImportError> {
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let (size, stop) = (options.batch.max(1), options.stop.clone());
    let reading = tokio::task::spawn_blocking(move || read(source, size, &stop, &sender));
    let mut summary = ImportSummary::default();
    while let Some(batch) = receiver.recv().await {
        summary.lines += batch.lines;
        summary.rejected += u64::try_from(batch.rejects.len()).unwrap_or_default();
        for reject in &batch.rejects {
            serde_json::to_writer(&mut *rejects, reject).map_err(|e| ImportError::Rejects(e.into()))?;
            rejects.write_all(b"\n").map_err(ImportError::Rejects)?;
        }
        let (lines, bytes) = (batch.lines, batch.bytes);
        summary.upserted += write(batch, options.organization, store, ports).await?;
        progress.advanced(lines, bytes);
    }
    rejects.flush().map_err(ImportError::Rejects)?;
    summary.stopped = options.stop.is_cancelled();
    match reading.await {
        Ok(read) => read.map(|()| summary),
        Err(error) => {
            Err(ImportError::Read { line: summary.lines + 1, source: std::io::Error::other(error) })
        }
    }
}

fn read(
    mut source: Box<dyn BufRead + Send>,
    size: usize,
    stop: &CancellationToken,
    sender: &mpsc::Sender<Batch>,
) -> Result<(), ImportError> {
    let mut batch = Batch::default();
    let mut number = 0;
    let ended = loop {
        if stop.is_cancelled() {
            break Ok(());
        }
        number += 1;
        let line = match next_line(&mut *source) {
            Ok(Some(line)) => line,
            Ok(None) => break Ok(()),
            Err(source) => break Err(ImportError::Read { line: number, source }),
        };
        batch.take(number, &line);
        if batch.patients.len() + batch.rejects.len() >= size {
            // Nobody receives any more when writing failed; that is told there.
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
    };
    // What was read before the source broke off is whole, and goes in.
    let _ = sender.blocking_send(batch);
    ended
}

impl Batch {
    fn take(&mut self, line: u64, content: &Line) {
        let parsed = match content {
            Line::Whole(bytes) if bytes.is_empty() => {
                self.bytes += 1;
                return;
            }
            Line::Whole(bytes) => {
                self.bytes += u64::try_from(bytes.len()).unwrap_or_default() + 1;
                parse_patient(bytes)
            }
            Line::TooLong => Err(kinlink_fhir::PatientParseError::TooLong),
        };
        self.lines += 1;
        match parsed {
            Ok(patient) => self.patients.push(patient),
            Err(error) => self.rejects.push(Reject { line, reason: error.to_string() }),
        }
    }
}

async fn write(
    batch: Batch,
    organization: OrganizationId,
    store: &dyn Store,
    ports: &Ports,
) -> Result<UpsertReport, StoreError> {
    if batch.patients.is_empty() {
        return Ok(UpsertReport::default());
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match write_once(&batch, organization, store, ports).await {
            Err(error @ StoreError::Contention(_)) if tries < TRIES => {
                tracing::info!(tries, error = &error as &dyn std::error::Error, "a batch is written again");
            }
            other => return other,
        }
    }
}

async fn write_once(
    batch: &Batch,
    organization: OrganizationId,
    store: &dyn Store,
    ports: &Ports,
) -> Result<UpsertReport, StoreError> {
    let mut unit = store.begin().await?;
    let taking = Taking { organization, by: Actor::Operator, from: None };
    let report = taking.take(&mut *unit, ports, batch.patients.clone(), batch.rejects.len()).await?;
    unit.save().await?;
    Ok(report)
}
