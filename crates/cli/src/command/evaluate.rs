use std::{
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kinlink_evaluate::{
    CandidatePairs, ColumnMap, Curve, FalseLink, Labelled, Progress, Report, candidates, false_links,
    peak_memory_mb, read, rows, score, svg,
};
use kinlink_matching::{Model, Trained, TrainingOptions, TrainingSet, train};

use crate::{exit::UsageError, output};

/// What a map looks like, for the help of both commands.
pub(super) const MAPS: &str = "\
A map (TOML) says which column holds what; each may be missing, and may be a list of columns:
  id = \"rec_id\"
  cluster = \"person\"                # the column that says which person a record is of; or
  cluster = '^rec-(\\d+)-'            # a regular expression on the id, whose first group is the person
  given = \"given_name\"
  family = \"surname\"
  name = \"full_name\"                # where given and family names are not apart
  birth_date = \"date_of_birth\"
  birth_date_format = \"%Y%m%d\"      # %Y-%m-%d unless said
  sex = \"sex\"
  street = [\"street_number\", \"address_1\"]
  city = \"suburb\"
  postal_code = \"postcode\"
  region = \"state\"
  phone = \"phone\"
  email = \"email\"
  identifier.ssn = \"soc_sec_id\"     # any number of naming systems
  delimiter = \",\"";

/// Measure how well a model finds the records of one person, on labelled CSV.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
For example:
  kinlink evaluate --map febrl.toml --link dataset4a.csv dataset4b.csv --train --json out.json --plot out.svg

{MAPS}

Weights and thresholds are in bits. Recall counts against all pairs of one person, those that share no blocking
key included. See docs/matching.md."))]
pub(crate) struct Evaluate {
    /// The map of columns.
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,
    #[command(flatten)]
    files: Files,
    /// Train on these records first, without looking at the labels.
    #[arg(long)]
    train: bool,
    /// The model to measure, or to begin training with; the shipped one unless said.
    #[arg(long, value_name = "MODEL.toml")]
    model: Option<PathBuf>,
    /// Where to write the numbers.
    #[arg(long, value_name = "OUT.json")]
    json: Option<PathBuf>,
    /// Where to draw precision over recall.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// List this many false links.
    #[arg(long, default_value_t = 10)]
    false_links: usize,
    /// Show the values of the records that are falsely linked, personal as they are.
    #[arg(long)]
    show_values: bool,
    /// Blocks of more records are left out, and told of.
    #[arg(long, default_value_t = 1_000)]
    widest_block: usize,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Files {
    /// Find duplicates within one file; gzip is recognised.
    #[arg(long, value_name = "FILE.csv")]
    dedupe: Option<PathBuf>,
    /// Link two files.
    #[arg(long, num_args = 2, value_names = ["A.csv", "B.csv"])]
    link: Option<Vec<PathBuf>>,
}

impl Files {
    fn paths(&self) -> Vec<&Path> {
        let link = self.link.iter().flatten();
        self.dedupe.iter().chain(link).map(PathBuf::as_path).collect()
    }
}

impl Evaluate {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let began = Instant::now();
        let bar = Bar::new();
        let labelled = load(&self.map, &self.files, true)?;
        bar.stage("looking for pairs", 0);
        let pairs = candidates(&labelled.people, labelled.first, self.widest_block);
        let start = starting_model(self.model.as_deref())?;
        let (model, warnings) = if self.train {
            let trained = fit(&labelled, &pairs, &start, &bar);
            (trained.model, trained.warnings.iter().map(ToString::to_string).collect())
        } else {
            let looked_up_in = labelled.people.len() - labelled.first.unwrap_or(0);
            (start.for_index(f64::from(u32::try_from(looked_up_in)?)), Vec::new())
        };
        let weights = score(&model, &labelled.people, &pairs.pairs, &bar);
        let truth = pairs.pairs.iter().map(|pair| labelled.is_true(*pair));
        let curve = Curve::new(weights.iter().copied().zip(truth), labelled.true_pairs());
        bar.finish();
        let mut report = Report::new(&labelled, &pairs, &curve);
        report.warnings = warnings;
        let threshold = report.best.threshold;
        let wrong = false_links(&labelled, &pairs, &weights, &model, threshold, self.false_links);
        report.seconds = began.elapsed().as_secs_f64();
        report.peak_memory_mb = peak_memory_mb();
        tell(&report, &curve);
        let values = if self.show_values { self.values(&wrong)? } else { BTreeMap::new() };
        tell_false_links(&labelled, &wrong, &values);
        write(self.json.as_deref(), &(serde_json::to_string_pretty(&report)? + "\n"))?;
        write(self.plot.as_deref(), &svg(&curve, &title(&self.files)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn values(&self, links: &[FalseLink]) -> Result<BTreeMap<u32, String>, UsageError> {
        let positions = links.iter().flat_map(|link| [link.pair.0, link.pair.1]).collect();
        let map = read_map(&self.map)?;
        rows(&self.files.paths(), &map, &positions).map_err(|error| UsageError(error.to_string()))
    }
}

fn read_map(map: &Path) -> Result<ColumnMap, UsageError> {
    let wrong = |error: &dyn std::fmt::Display| UsageError(format!("{}: {error}", map.display()));
    let text = std::fs::read_to_string(map).map_err(|error| wrong(&error))?;
    ColumnMap::from_toml(&text).map_err(|error| wrong(&error))
}

pub(super) fn load(map: &Path, files: &Files, labels: bool) -> Result<Labelled, UsageError> {
    let map = read_map(map)?;
    read(&files.paths(), &map, labels).map_err(|error| UsageError(error.to_string()))
}

pub(super) fn starting_model(file: Option<&Path>) -> Result<Model, UsageError> {
    let Some(file) = file else { return Ok(Model::shipped()) };
    let wrong = |error: &dyn std::fmt::Display| UsageError(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    Model::from_toml(&text).map_err(|error| wrong(&error))
}

pub(super) fn fit(labelled: &Labelled, pairs: &CandidatePairs, start: &Model, bar: &Bar) -> Trained {
    let options = TrainingOptions::default();
    let set = TrainingSet { records: &labelled.people, first: labelled.first, candidates: &pairs.pairs };
    bar.stage("training", options.most_passes as u64);
    train(set, start, &options, |_| bar.advanced(1))
}

pub(super) fn write(file: Option<&Path>, text: &str) -> Result<(), UsageError> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text).map_err(|error| UsageError(format!("{}: {error}", file.display())))
}

fn title(files: &Files) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files.paths().into_iter().map(name).collect::<Vec<_>>().join(" and ")
}

fn tell(report: &Report, curve: &Curve) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["threshold, bits", "precision", "recall", "F1"]);
    let thresholds = (-6..=16).map(|step| f64::from(step) * 2.5);
    for point in thresholds.map(|bits| curve.at(bits)).chain([report.best]) {
        let mark = if point == report.best { " best" } else { "" };
        table.add_row([
            format!("{:.1}{mark}", point.threshold),
            format!("{:.5}", point.precision),
            format!("{:.5}", point.recall),
            format!("{:.5}", point.f1),
        ]);
    }
    output::line(table);
    output::line(format!(
        "{} records, {} pairs of one person, {} candidate pairs with {:.5} of them; half of all lookups read at \
         most {} records, 99 of 100 at most {}",
        report.records,
        report.true_pairs,
        report.candidate_pairs,
        report.pair_completeness,
        report.read_by_lookup_median,
        report.read_by_lookup_p99,
    ));
    output::line(format!(
        "recall at a precision of 0.99: {:.5}, of 0.999: {:.5}; {:.1} s, {:.0} MB",
        report.recall_at_precision_0_99,
        report.recall_at_precision_0_999,
        report.seconds,
        report.peak_memory_mb.unwrap_or(f64::NAN),
    ));
    for capped in &report.capped_blocks {
        output::line(format!(
            "left out: {} blocks by {}, the widest of {} records, {} pairs in all",
            capped.blocks, capped.kind, capped.widest, capped.pairs
        ));
    }
    for warning in &report.warnings {
        output::line(format!("warning: {warning}"));
    }
}

fn tell_false_links(labelled: &Labelled, links: &[FalseLink], values: &BTreeMap<u32, String>) {
    if !links.is_empty() {
        output::line("False links at the best threshold, the worst first:");
    }
    for link in links {
        let fields = link.agreements.iter().filter(|agreement| agreement.level != "missing");
        let fields: Vec<_> =
            fields.map(|a| format!("{} {} {:+.1}", a.field.as_str(), a.level, a.weight)).collect();
        let id = |at: u32| &labelled.ids[at as usize];
        output::line(format!(
            "  {:.1} bits: {} and {}: {}",
            link.weight,
            id(link.pair.0),
            id(link.pair.1),
            fields.join(", ")
        ));
        for values in [link.pair.0, link.pair.1].iter().filter_map(|at| values.get(at)) {
            output::line(format!("      {values}"));
        }
    }
}

/// A bar on a terminal, nothing elsewhere.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}%  {elapsed} so far") {
            bar.set_style(style);
        }
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn stage(&self, name: &str, steps: u64) {
        self.0.set_position(0);
        self.0.set_length(steps);
        self.0.set_message(name.to_owned());
    }

    fn advanced(&self, steps: u64) {
        self.0.inc(steps);
    }
}
