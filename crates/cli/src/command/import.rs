use std::{
    io::{IsTerminal, Read, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use kinlink_import::{ImportOptions, ImportSummary, Progress, decompress, import};
use tokio_util::sync::CancellationToken;

use super::context::Context;
use crate::{config::ConfigFlags, exit::UsageError, output};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example:
  kinlink import patients.ndjson.gz --organization northside
  curl -s https://… | kinlink import - --organization northside

A record that is there is replaced by a newer one (meta.lastUpdated, then meta.versionId), and left alone by an
older one. A line that cannot be taken is noted in the rejects file, with its number and the reason; the rest
goes in. An import that was interrupted can simply be run again.")]
pub(crate) struct Import {
    /// FHIR R4 Patients, one a line; gzip is recognised. `-` reads standard input.
    file: PathBuf,
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// Where to note lines that cannot be taken; FILE.rejects.ndjson unless said.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Records written in one transaction. The entries of the index lie scattered, so that each transaction writes most of
    /// its pages again: fewer records in one make an import slower.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
}

impl Import {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        let organization = context.organization(&self.organization).await?;
        let unreadable = |error| UsageError(format!("{}: {error}", self.file.display()));
        let (source, length) = self.open().map_err(unreadable)?;
        let counted = CountingReader::new(source);
        let read = counted.read.clone();
        let source = decompress(counted).map_err(unreadable)?;
        let stop = CancellationToken::new();
        tokio::spawn(super::serve::cancel_on_signal(stop.clone()));
        let options =
            ImportOptions { organization: organization.id, batch: usize::try_from(self.batch)?, stop };
        let mut rejects = RejectsFile::new(self.rejects_path());
        let mut bar = Bar::new(length, read);
        let began = Instant::now();
        let outcome = import(source, &options, &context.store, &context.ports, &mut bar, &mut rejects).await;
        bar.finish();
        let summary = outcome?;
        tell(&summary, began.elapsed(), &rejects);
        Ok(ExitCode::SUCCESS)
    }

    fn open(&self) -> std::io::Result<(Box<dyn Read + Send>, Option<u64>)> {
        if self.file.as_os_str() == "-" {
            return Ok((Box::new(std::io::stdin()), None));
        }
        let file = std::fs::File::open(&self.file)?;
        let length = file.metadata().ok().map(|metadata| metadata.len());
        Ok((Box::new(file), length))
    }

    fn rejects_path(&self) -> PathBuf {
        if let Some(path) = &self.rejects {
            return path.clone();
        }
        let mut name = match self.file.file_name() {
            Some(name) if self.file.as_os_str() != "-" => name.to_owned(),
            _ => "stdin".into(),
        };
        name.push(".rejects.ndjson");
        PathBuf::from(name)
    }
}

fn tell(summary: &ImportSummary, took: Duration, rejects: &RejectsFile) {
    let done = &summary.upserted;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = summary.lines as f64 / took.as_secs_f64().max(0.001);
    output::line(format!(
        "{} lines in {:.1} s ({rate:.0} a second): {} created, {} updated, {} unchanged, {} older than what is \
         there, {} rejected",
        summary.lines,
        took.as_secs_f64(),
        done.created,
        done.updated,
        done.unchanged,
        done.stale,
        summary.rejected
    ));
    if done.links_moved > 0 {
        output::line(format!("{} links followed merges of records", done.links_moved));
    }
    if done.merge_cycles > 0 {
        output::line(format!(
            "{} records name each other as their replacement in a circle: their links open nothing",
            done.merge_cycles
        ));
    }
    if summary.rejected > 0 {
        output::line(format!("Why lines were rejected stands in {}", rejects.path.display()));
    }
    if summary.stopped {
        output::line("It was stopped before the end. What is in stays in: run the same command again.");
    }
}

/// Counts the bytes of the file itself, before they are decompressed.
struct CountingReader {
    inner: Box<dyn Read + Send>,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl CountingReader {
    fn new(inner: Box<dyn Read + Send>) -> Self {
        Self { inner, read: std::sync::Arc::default() }
    }
}

impl Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let count = u64::try_from(read).unwrap_or_default();
        self.read.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

/// Made when the first line is rejected.
struct RejectsFile {
    path: PathBuf,
    file: Option<std::io::BufWriter<std::fs::File>>,
}

impl RejectsFile {
    const fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }
}

impl Write for RejectsFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(std::io::BufWriter::new(std::fs::File::create(&self.path)?)),
        };
        file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// A bar on a terminal; elsewhere a line every few seconds.
struct Bar {
    drawn: ProgressBar,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
    lines: u64,
    terminal: bool,
    told: Instant,
}

impl Bar {
    fn new(length: Option<u64>, read: std::sync::Arc<std::sync::atomic::AtomicU64>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let template = match length {
            Some(_) => "{wide_bar} {percent}%  {msg}  {elapsed} so far, {eta} left",
            None => "{spinner} {msg}  {elapsed} so far",
        };
        let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !terminal {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Self { drawn: bar, read, lines: 0, terminal, told: Instant::now() }
    }

    fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}

impl Progress for Bar {
    fn advanced(&mut self, lines: u64, _: u64) {
        self.lines += lines;
        self.drawn.set_position(self.read.load(std::sync::atomic::Ordering::Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.lines as f64 / self.drawn.elapsed().as_secs_f64().max(0.001);
        let text = format!("{} lines, {rate:.0} a second", self.lines);
        if !self.terminal && self.told.elapsed() >= Duration::from_secs(5) {
            self.told = Instant::now();
            output::remark(&text);
        }
        self.drawn.set_message(text);
    }
}
