use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use kinlink_domain::{
    id::OrganizationId,
    organization::{FhirBase, Organization, Slug},
    patient::ImportedPatient,
    policy::Policy,
    service::{Outlets, Ports},
    store::Store,
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_vault::{KeyRing, OsRandom, SystemClock};
use tokio::sync::mpsc;

use super::people::People;

/// Records written in one transaction. Larger than an import's, since what one transaction writes to each page of
/// the index is written to the disk once.
const BATCH: u64 = 10_000;

/// A database of many records.
pub(super) struct Stage {
    pub(super) database: Database,
    pub(super) store: SeaStore,
    pub(super) organization: OrganizationId,
}

impl Stage {
    /// An empty one.
    pub(super) async fn build(url: &str) -> anyhow::Result<Self> {
        let vault = Arc::new(KeyRing::generate(&OsRandom));
        let ports = Ports {
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            vault,
            outlets: Outlets::default(),
        };
        let database = Database::connect(&DatabaseSettings::new(url)).await?;
        database.migrate_up(None).await?;
        let store = SeaStore::new(database.clone(), ports.clone());
        let now = ports.clock.now();
        let organization = Organization {
            id: OrganizationId::new(now, &*ports.random),
            slug: Slug::parse("northside")?,
            name: "Northside".to_owned(),
            fhir_base: FhirBase::parse("https://fhir.northside.example/r4")?,
            policy: Policy::default(),
            created_at: now,
        };
        let mut unit = store.begin().await?;
        unit.add_organization(&organization).await?;
        unit.save().await?;
        Ok(Self { database, store, organization: organization.id })
    }

    /// Puts the first `records` people into it, on the path that an import takes.
    pub(super) async fn load(&self, people: People, records: u64) -> anyhow::Result<()> {
        let (sender, mut receiver) = mpsc::channel::<Vec<ImportedPatient>>(1);
        let making = tokio::task::spawn_blocking(move || make(people, records, &sender));
        let bar = ProgressBar::new(records);
        bar.set_style(ProgressStyle::with_template("{wide_bar} {pos} records, {per_sec}, {eta} left")?);
        while let Some(batch) = receiver.recv().await {
            let count = u64::try_from(batch.len())?;
            let mut unit = self.store.begin().await?;
            unit.upsert_patients(self.organization, batch, chrono::DateTime::UNIX_EPOCH).await?;
            unit.save().await?;
            bar.inc(count);
        }
        bar.finish_and_clear();
        making.await.context("the people were not made")??;
        self.database.settle().await?;
        Ok(())
    }
}

fn make(people: People, records: u64, sender: &mpsc::Sender<Vec<ImportedPatient>>) -> anyhow::Result<()> {
    let mut made = 0;
    while made < records {
        let end = (made + BATCH).min(records);
        let batch = (made..end).map(|n| people.record(n)).collect::<anyhow::Result<_>>()?;
        if sender.blocking_send(batch).is_err() {
            // Whoever received has failed, and says so.
            return Ok(());
        }
        made = end;
    }
    Ok(())
}
