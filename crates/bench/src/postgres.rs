//! The PostgreSQL that is measured.

use std::process::Command;

use anyhow::Context;

/// The cluster's URL; `Some(None)` where none is wanted, and `None` if this program was run again under
/// `scripts/with-postgres`, which starts a cluster, and has done its work there.
#[expect(clippy::option_option, reason = "measured without PostgreSQL and measured already are two things")]
pub(crate) fn cluster(wanted: bool) -> anyhow::Result<Option<Option<String>>> {
    if !wanted {
        return Ok(Some(None));
    }
    if let Ok(cluster) = std::env::var("KINLINK_TEST_POSTGRES_URL") {
        return Ok(Some(Some(cluster)));
    }
    let again = Command::new("scripts/with-postgres").args(std::env::args_os()).status();
    let again = again.context("run this from the root of the repository, or with --sqlite-only")?;
    anyhow::ensure!(again.success(), "the measurement failed");
    Ok(None)
}

/// A database of its own in the cluster.
pub(crate) async fn create_database(cluster: &str) -> anyhow::Result<String> {
    let (server, _) = cluster.rsplit_once('/').context("the cluster's URL ends with a database")?;
    kinlink_persistence::recreate_postgres_database(cluster, "kinlink_bench").await?;
    Ok(format!("{server}/kinlink_bench"))
}
