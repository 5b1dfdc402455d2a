use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{OrganizationId, PatientId},
    patient::{ImportedPatient, RecordVersion, UpsertReport},
    store::StoreError,
};
use rayon::prelude::*;
use sea_orm::{EntityTrait, sea_query::OnConflict};
use uuid::Uuid;

use super::{
    super::{SeaUnit, merges::Written},
    Head,
    index::Entries,
    row::{Hashes, seal},
};
use crate::{entity::patient, error::store_error};

/// Rows in one statement, below SQLite's 32,766 parameters even with twenty columns.
const ROWS: usize = 1_000;

/// What an incoming record means for the stored one.
enum Plan {
    Create(Uuid),
    Update {
        id: Uuid,
        before: Entries,
        contacts_changed_at: Option<DateTime<Utc>>,
        seen: Option<DateTime<Utc>>,
    },
    Unchanged,
    Stale,
}

/// A record that is to be written.
struct Incoming {
    id: Uuid,
    patient: ImportedPatient,
    hashes: Hashes,
    /// What the index has of it.
    before: Entries,
}

/// A record with everything that takes long to make of it.
struct Prepared {
    incoming: Incoming,
    row: patient::ActiveModel,
    entries: Entries,
}

impl SeaUnit {
    pub(super) async fn upsert(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<UpsertReport, StoreError> {
        let (mut pending, mut report) = newest_of_each(patients);
        // Another import may create a record between our reading and our writing. It is then found by the
        // next round, which compares with it like with any other.
        while !pending.is_empty() {
            let (done, left) = self.round(organization, pending, now).await?;
            report += done;
            pending = left;
        }
        Ok(report)
    }

    async fn round(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<(UpsertReport, Vec<ImportedPatient>), StoreError> {
        let heads = self.locked_heads(organization, patients.iter().map(|patient| &patient.fhir_id)).await?;
        let mut report = UpsertReport::default();
        let (mut creations, mut updates, mut changed) = (Vec::new(), Vec::new(), HashMap::new());
        let vault = &*self.vault;
        let hashed = patients.into_par_iter().map(|patient| (Hashes::of(&patient, vault), patient));
        for (mut hashes, patient) in hashed.collect::<Vec<_>>() {
            match self.plan(&patient, &hashes, heads.get(patient.fhir_id.as_str()), now)? {
                Plan::Create(id) => {
                    hashes.deceased_seen_at = patient.deceased.then_some(now);
                    creations.push(Incoming { id, patient, hashes, before: Entries::default() });
                }
                Plan::Update { id, before, contacts_changed_at, seen } => {
                    hashes.deceased_seen_at = patient.deceased.then_some(seen.unwrap_or(now));
                    hashes.contacts_changed_at = contacts_changed_at;
                    let facts = patient.facts(hashes.deceased_seen_at.unwrap_or(now));
                    changed.insert(id, (patient.is_usable(), facts));
                    updates.push(Incoming { id, patient, hashes, before });
                }
                Plan::Unchanged => report.unchanged += 1,
                Plan::Stale => report.stale += 1,
            }
        }
        report.updated = u64::try_from(updates.len()).unwrap_or_default();
        let written = |incoming: &Incoming, created| Written {
            id: incoming.id,
            fhir_id: incoming.patient.fhir_id.to_string(),
            replaced_by: incoming.patient.replaced_by().map(ToString::to_string),
            created,
        };
        let known = updates.iter().map(|incoming| written(incoming, false));
        let new = creations.iter().map(|incoming| written(incoming, true));
        let mut written: Vec<Written> = known.chain(new).collect();
        self.write_updates(organization, updates, now).await?;
        let left = self.write_creations(organization, creations, now, &mut report).await?;
        if !left.is_empty() {
            let others: HashSet<&str> = left.iter().map(|patient| patient.fhir_id.as_str()).collect();
            written.retain(|record| !(record.created && others.contains(record.fhir_id.as_str())));
        }
        // Before links are marked, so that those that go elsewhere change once.
        self.follow_merges(organization, &written, now, &mut report).await?;
        self.mark_links(organization, &changed, now).await?;
        Ok((report, left))
    }

    fn plan(
        &self,
        patient: &ImportedPatient,
        hashes: &Hashes,
        head: Option<&Head>,
        now: DateTime<Utc>,
    ) -> Result<Plan, StoreError> {
        let Some(head) = head else {
            return Ok(Plan::Create(PatientId::new(now, &*self.random).uuid()));
        };
        if head.content_hash == hashes.content {
            return Ok(Plan::Unchanged);
        }
        let stored = RecordVersion { version_id: head.version_id.clone(), last_updated: head.last_updated };
        if !patient.replaces(&stored, head.deleted) {
            return Ok(Plan::Stale);
        }
        let before = Entries::from_bytes(head.index_keys.as_deref())?;
        // A record stored before contacts were hashed may have had any: taken for a change, to be safe.
        let same = head.contacts_hash.as_ref() == Some(&hashes.contacts);
        let contacts_changed_at = if same { head.contacts_changed_at } else { Some(now) };
        Ok(Plan::Update { id: head.id, before, contacts_changed_at, seen: head.deceased_seen_at })
    }

    /// Normalises, hashes and encrypts on all cores: most of an import's time.
    fn prepare(
        &self,
        organization: OrganizationId,
        incoming: Vec<Incoming>,
        now: DateTime<Utc>,
    ) -> Vec<Prepared> {
        let vault = &*self.vault;
        let prepare = |incoming: Incoming| {
            let Incoming { id, patient, hashes, .. } = &incoming;
            let entries = Entries::of(organization, &patient.demographics, vault);
            let row = seal(*id, organization, patient, hashes, &entries, vault, now);
            Prepared { incoming, row, entries }
        };
        incoming.into_par_iter().map(prepare).collect()
    }

    async fn write_updates(
        &self,
        organization: OrganizationId,
        updates: Vec<Incoming>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use patient::Column;
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        let mut updates = self.prepare(organization, updates, now);
        for Prepared { incoming: Incoming { id, before, .. }, entries, .. } in &updates {
            removed.extend(before.without(entries, *id));
            added.extend(entries.without(before, *id));
        }
        while !updates.is_empty() {
            let rows = updates.drain(..updates.len().min(ROWS)).map(|prepared| prepared.row);
            let mut replace = OnConflict::columns([Column::OrganizationId, Column::Id]);
            replace.update_columns([
                Column::Active,
                Column::Deceased,
                Column::Usable,
                Column::VersionId,
                Column::LastUpdated,
                Column::ContentHash,
                Column::KeyId,
                Column::Sealed,
                Column::UpdatedAt,
                Column::ContactsHash,
                Column::ContactsChangedAt,
                Column::IndexKeys,
                Column::Indexed,
                Column::DeceasedSeenAt,
                Column::Deleted,
            ]);
            let insert = patient::Entity::insert_many(rows).on_conflict(replace);
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        self.remove_entries(organization, removed).await?;
        self.add_entries(organization, added).await
    }

    /// Creates records and returns those that somebody else created first.
    async fn write_creations(
        &self,
        organization: OrganizationId,
        creations: Vec<Incoming>,
        now: DateTime<Utc>,
        report: &mut UpsertReport,
    ) -> Result<Vec<ImportedPatient>, StoreError> {
        use patient::Column;
        let prepared = self.prepare(organization, creations, now);
        let (rows, creations): (Vec<_>, Vec<_>) =
            prepared.into_iter().map(|made| (made.row, (made.incoming, made.entries))).unzip();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let taken = OnConflict::columns([Column::OrganizationId, Column::FhirId]).do_nothing().to_owned();
            let insert = patient::Entity::insert_many(rows.by_ref().take(ROWS)).on_conflict(taken);
            report.created += insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        let all = u64::try_from(creations.len()).unwrap_or_default();
        let mut left = Vec::new();
        let ours = if report.created == all {
            creations
        } else {
            let ids = creations.iter().map(|(incoming, _)| &incoming.patient.fhir_id);
            let heads = self.locked_heads(organization, ids).await?;
            let created = |incoming: &Incoming| {
                heads.get(incoming.patient.fhir_id.as_str()).is_some_and(|head| head.id == incoming.id)
            };
            let (ours, theirs): (Vec<_>, Vec<_>) =
                creations.into_iter().partition(|(incoming, _)| created(incoming));
            left.extend(theirs.into_iter().map(|(incoming, _)| incoming.patient));
            ours
        };
        let nothing = Entries::default();
        let added = ours.iter().flat_map(|(incoming, entries)| entries.without(&nothing, incoming.id));
        self.add_entries(organization, added.collect()).await?;
        Ok(left)
    }
}

/// Of several records with one id, the newest version; the others count as stale, or as unchanged if they
/// are the same.
fn newest_of_each(patients: Vec<ImportedPatient>) -> (Vec<ImportedPatient>, UpsertReport) {
    let mut report = UpsertReport::default();
    let mut newest: HashMap<_, ImportedPatient> = HashMap::with_capacity(patients.len());
    for patient in patients {
        match newest.get_mut(&patient.fhir_id) {
            None => {
                newest.insert(patient.fhir_id.clone(), patient);
            }
            Some(known) if *known == patient => report.unchanged += 1,
            Some(known) => {
                if patient.replaces(&known.version, known.deleted) {
                    *known = patient;
                }
                report.stale += 1;
            }
        }
    }
    let mut patients: Vec<_> = newest.into_values().collect();
    patients.sort_unstable_by(|a, b| a.fhir_id.cmp(&b.fhir_id));
    (patients, report)
}
