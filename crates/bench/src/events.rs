//! `kinlink-bench events`: how long after a revocation was acknowledged does a listening receiver have the SET?

mod drive;
mod receiver;
mod stage;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;
use stage::Stage;

use crate::{
    postgres,
    print::{remark, say},
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Starts a private PostgreSQL by scripts/with-postgres, unless KINLINK_TEST_POSTGRES_URL names one.\n\
Server, database, load and receiver share this machine's cores. Each revocation makes two SETs.")]
pub(crate) struct Events {
    /// Revocations a second, each acknowledged over HTTP.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// For so many seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Only SQLite.
    #[arg(long)]
    sqlite_only: bool,
    /// Write the results here too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<std::path::PathBuf>,
}

/// What was found, in milliseconds after the acknowledgement.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    event: &'static str,
    /// Revocations acknowledged a second.
    rate: f64,
    arrived: usize,
    lost: usize,
    twice: usize,
    p50_ms: f64,
    p99_ms: f64,
    longest_ms: f64,
}

impl Events {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Some(cluster) = postgres::cluster(!self.sqlite_only)? else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let folder = tempfile::tempdir()?;
        let sqlite = format!("sqlite:{}", folder.path().join("bench.sqlite").display());
        let mut rows = runtime.block_on(self.measure("SQLite", &sqlite))?;
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
        let links = self.rate * self.seconds;
        remark(&format!("{database}: making {links} accounts with a link each"));
        let stage = Stage::build(url, links).await?;
        remark(&format!("{database}: {} revocations a second for {} s", self.rate, self.seconds));
        let measured = drive::revoke_all(&stage, self.rate).await?;
        stage.stop().await;
        Ok([("session-revoked", &measured.revoked), ("token-claims-change", &measured.changed)]
            .map(|(event, found)| Row {
                database,
                event,
                rate: measured.rate,
                arrived: found.arrived,
                lost: found.lost,
                twice: found.twice,
                p50_ms: found.quantile(0.5),
                p99_ms: found.quantile(0.99),
                longest_ms: found.quantile(1.0),
            })
            .into())
    }
}

fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "database",
        "event",
        "revocations/s",
        "arrived",
        "lost",
        "twice",
        "p50 ms",
        "p99 ms",
        "longest ms",
    ]);
    for row in rows {
        table.add_row([
            row.database.to_owned(),
            row.event.to_owned(),
            format!("{:.0}", row.rate),
            row.arrived.to_string(),
            row.lost.to_string(),
            row.twice.to_string(),
            format!("{:.1}", row.p50_ms),
            format!("{:.1}", row.p99_ms),
            format!("{:.1}", row.longest_ms),
        ]);
    }
    say(&table.to_string());
}
