//! `kinlink-bench match`: how long does it take to find a person among many records, and how often is the one who
//! is found the right one?

mod claims;
mod measure;
mod memory;
mod people;
mod random;
mod stage;

use std::time::Instant;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use measure::Measured;
use people::People;
use serde::Serialize;
use stage::Stage;

use crate::{
    postgres,
    print::{remark, say},
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Starts a private PostgreSQL by scripts/with-postgres, unless KINLINK_TEST_POSTGRES_URL names one.\n\
Claims are matched one at a time: candidates read and decrypted, each compared, all ranked.")]
pub(crate) struct Match {
    /// Records to be found among.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    records: u32,
    /// Claims to be matched.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    claims: u32,
    /// The same seed makes the same people and claims.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only SQLite.
    #[arg(long)]
    sqlite_only: bool,
    /// Only PostgreSQL.
    #[arg(long, conflicts_with = "sqlite_only")]
    postgres_only: bool,
    /// Write the results here too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<std::path::PathBuf>,
}

#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    records: u32,
    load_seconds: f64,
    database_mb: u64,
    #[serde(flatten)]
    measured: Measured,
}

impl Match {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Some(cluster) = postgres::cluster(!self.sqlite_only)? else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut rows = Vec::new();
        if !self.postgres_only {
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite:{}", folder.path().join("bench.sqlite").display());
            rows.push(runtime.block_on(self.measure("SQLite", &url))?);
        }
        if let Some(cluster) = cluster {
            let url = runtime.block_on(postgres::create_database(&cluster))?;
            rows.push(runtime.block_on(self.measure("PostgreSQL", &url))?);
        }
        print(&rows);
        let json = serde_json::to_string_pretty(&rows)?;
        say(&json);
        if let Some(path) = &self.json {
            std::fs::write(path, json)?;
        }
        Ok(())
    }

    async fn measure(&self, database: &'static str, url: &str) -> anyhow::Result<Row> {
        let people = People { seed: self.seed };
        let stage = Stage::build(url).await?;
        remark(&format!("{database}: writing {} records", self.records));
        let began = Instant::now();
        stage.load(people, self.records.into()).await?;
        let load_seconds = began.elapsed().as_secs_f64();
        remark(&format!("{database}: matching {} claims", self.claims));
        let measured = measure::claims(&stage, people, self.claims.into(), self.records.into()).await?;
        let database_mb = stage.database.size_in_bytes().await? / 1_000_000;
        Ok(Row { database, records: self.records, load_seconds, database_mb, measured })
    }
}

fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "database",
        "records",
        "load s",
        "size MB",
        "p50 ms",
        "p99 ms",
        "max ms",
        "candidates",
        "p99",
        "max",
        "crowded",
        "found",
        "best",
        "peak MB",
    ]);
    for row in rows {
        let m = &row.measured;
        table.add_row([
            row.database.to_owned(),
            row.records.to_string(),
            format!("{:.0}", row.load_seconds),
            row.database_mb.to_string(),
            format!("{:.2}", m.p50_ms),
            format!("{:.2}", m.p99_ms),
            format!("{:.2}", m.max_ms),
            format!("{:.1}", m.candidates_mean),
            m.candidates_p99.to_string(),
            m.candidates_max.to_string(),
            m.crowded.to_string(),
            format!("{:.4}", m.found),
            format!("{:.4}", m.best),
            m.peak_memory_mb.map_or_else(|| "?".to_owned(), |mb| mb.to_string()),
        ]);
    }
    say(&table.to_string());
    for row in rows {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header([row.database, "claims", "found", "best", "certain", "review", "none"]);
        for kind in &row.measured.kinds {
            let numbers = [kind.claims, kind.found, kind.best, kind.certain, kind.review, kind.none];
            let name = format!("{:?}", kind.kind).to_lowercase();
            table.add_row(std::iter::once(name).chain(numbers.map(|number| number.to_string())));
        }
        say(&table.to_string());
    }
}
