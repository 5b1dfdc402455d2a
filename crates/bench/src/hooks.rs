//! `kinlink-bench hooks`: what an authorization server's own words cost beside the plain lookup.

mod requests;

use std::time::Duration;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use crate::{
    lookup::{
        drive::{self, Measured},
        stage::Stage,
    },
    postgres,
    print::{remark, say},
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Each is measured in turn with lookups of the same accounts on the same server, all from the cache.\n\
Starts a private PostgreSQL by scripts/with-postgres, unless KINLINK_TEST_POSTGRES_URL names one.")]
pub(crate) struct Hooks {
    /// Accounts, each with one link.
    #[arg(long, default_value_t = 20_000)]
    accounts: u32,
    /// Connections kept open.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only what has this in its name, such as `Okta`.
    #[arg(long)]
    only: Option<String>,
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
    hook: Measured,
    lookup: Measured,
    /// The median beside the lookup's.
    p50_ratio: f64,
    /// The 99th percentile beside the lookup's.
    p99_ratio: f64,
}

impl Hooks {
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
        if let Some(path) = &self.json {
            std::fs::write(path, json)?;
        }
        Ok(())
    }

    async fn measure(&self, database: &'static str, url: &str) -> anyhow::Result<Vec<Row>> {
        remark(&format!("{database}: making {} accounts with a link each", self.accounts));
        let stage = Stage::build(url, self.accounts).await?;
        let (server, hooks) = requests::connect(&stage).await?;
        let lookups = stage.lookups();
        drive::once_each(&server, &lookups, self.connections).await?;
        let time = Duration::from_secs(self.seconds);
        let mut rows = Vec::new();
        let wanted = |what: &str| self.only.as_ref().is_none_or(|only| what.contains(only));
        for (what, requests) in hooks.into_iter().filter(|(what, _)| wanted(what)) {
            remark(&format!("{database}: {what}"));
            drive::once_each(&server, &requests[..self.connections.min(requests.len())], self.connections)
                .await?;
            let both = [&lookups[..], &requests[..]];
            let [lookup, hook] = drive::in_turn(&server, both, self.connections, time).await?;
            let (p50_ratio, p99_ratio) = (hook.p50_ms / lookup.p50_ms, hook.p99_ms / lookup.p99_ms);
            rows.push(Row { database, what, hook, lookup, p50_ratio, p99_ratio });
        }
        server.stop().await;
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
        "p50 ms",
        "p99 ms",
        "p50 / lookup",
        "p99 / lookup",
        "errors",
    ]);
    for row in rows {
        table.add_row([
            row.database.to_owned(),
            row.what.to_owned(),
            format!("{:.0}", row.hook.rate),
            format!("{:.3}", row.hook.p50_ms),
            format!("{:.3}", row.hook.p99_ms),
            format!("{:.2}", row.p50_ratio),
            format!("{:.2}", row.p99_ratio),
            row.hook.errors.to_string(),
        ]);
    }
    say(&table.to_string());
}
