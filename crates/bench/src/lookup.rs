//! `kinlink-bench lookup`: how fast is "which records may this account open?", and how far is it from doing
//! nothing at all?

pub(crate) mod drive;
pub(crate) mod stage;

use std::time::Duration;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use drive::Measured;
use serde::Serialize;
use stage::Stage;

use crate::{
    postgres,
    print::{remark, say},
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Starts a private PostgreSQL by scripts/with-postgres, unless KINLINK_TEST_POSTGRES_URL names one.\n\
Server and load share this machine's cores, for the static handler as for the lookup.")]
pub(crate) struct Lookup {
    /// Accounts, each with one link.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// Connections kept open.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Only SQLite.
    #[arg(long)]
    sqlite_only: bool,
    /// Write the results here too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<std::path::PathBuf>,
}

#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    what: &'static str,
    #[serde(flatten)]
    measured: Measured,
    /// Its rate, as a part of the static handler's on the same server in the same run.
    ratio_to_static: f64,
}

impl Lookup {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Some(cluster) = postgres::cluster(!self.sqlite_only)? else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut rows = Vec::new();
        let folder = tempfile::tempdir()?;
        let sqlite = format!("sqlite:{}", folder.path().join("bench.sqlite").display());
        rows.extend(runtime.block_on(self.measure("SQLite", &sqlite))?);
        if let Some(cluster) = cluster {
            let url = runtime.block_on(postgres::create_database(&cluster))?;
            rows.extend(runtime.block_on(self.measure("PostgreSQL", &url))?);
        }
        print(&rows);
        let json = serde_json::to_string_pretty(&rows)?;
        say(&json);
        if let Some(path) = &self.json {
            std::fs::write(path, json)?;
        }
        Ok(())
    }

    async fn measure(&self, database: &'static str, url: &str) -> anyhow::Result<Vec<Row>> {
        remark(&format!("{database}: making {} accounts with a link each", self.accounts));
        let stage = Stage::build(url, self.accounts).await?;
        let mut rows = Vec::new();
        let time = Duration::from_secs(self.seconds);
        let server = stage.serve(500_000)?;
        remark(&format!("{database}: filling the cache"));
        drive::once_each(&server, &stage.lookups(), self.connections).await?;
        remark(&format!("{database}: the static handler, then lookups from the cache"));
        let nothing = drive::load(&server, &[stage.static_request()], self.connections, time).await?;
        let cached = drive::load(&server, &stage.lookups(), self.connections, time).await?;
        server.stop().await;
        remark(&format!("{database}: lookups that all read the database"));
        let server = stage.serve(0)?;
        let uncached = drive::load(&server, &stage.lookups(), self.connections, time).await?;
        server.stop().await;
        for (what, measured) in
            [("static handler", nothing), ("lookup, cached", cached), ("lookup, every one reads", uncached)]
        {
            rows.push(Row { database, what, measured, ratio_to_static: measured.rate / nothing.rate });
        }
        Ok(rows)
    }
}

fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "database",
        "what",
        "requests/s",
        "of static",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "errors",
    ]);
    for row in rows {
        let m = &row.measured;
        table.add_row([
            row.database.to_owned(),
            row.what.to_owned(),
            format!("{:.0}", m.rate),
            format!("{:.2}", row.ratio_to_static),
            format!("{:.2}", m.p50_ms),
            format!("{:.2}", m.p99_ms),
            format!("{:.2}", m.p99_9_ms),
            m.errors.to_string(),
        ]);
    }
    say(&table.to_string());
}
