use chrono::{DateTime, Utc};
use kinlink_domain::{
    demographics::Demographics,
    id::{Id, OrganizationId},
    patient::{FhirId, ImportedPatient, NamedContact, PatientRecord, RecordLink, RecordVersion},
    port::{Purpose, Vault},
    store::StoreError,
};
use sea_orm::Set;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::index::Entries;
use crate::{
    convert::{corrupt, to_json, unseal},
    entity::patient,
};

/// What is encrypted of a record.
#[derive(Serialize, Deserialize)]
pub(in crate::unit) struct Stored {
    links: Vec<RecordLink>,
    demographics: Demographics,
    #[serde(default)]
    deceased_at: Option<DateTime<Utc>>,
    #[serde(default)]
    contacts: Vec<NamedContact>,
}

/// What a ciphertext is bound to: moved to another row, it does not open.
pub(crate) fn row_name(organization: Uuid, fhir_id: &str) -> Vec<u8> {
    [organization.as_bytes().as_slice(), fhir_id.as_bytes()].concat()
}

impl Stored {
    pub(in crate::unit) fn open(row: patient::Model, vault: &dyn Vault) -> Result<PatientRecord, StoreError> {
        let name = row_name(row.organization_id, &row.fhir_id);
        let stored: Self = unseal(vault, "patient", &name, row.key_id, row.sealed)?;
        let exception = match (row.exception_key_id, row.exception_sealed) {
            (Some(key), Some(bytes)) => Some(unseal(vault, "patient", row.id.as_bytes(), key, bytes)?),
            _ => None,
        };
        Ok(PatientRecord {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            record: ImportedPatient {
                fhir_id: FhirId::parse(row.fhir_id).map_err(|error| corrupt("patient", error))?,
                version: RecordVersion { version_id: row.version_id, last_updated: row.last_updated },
                active: row.active,
                deleted: row.deleted,
                deceased: row.deceased,
                deceased_at: stored.deceased_at,
                links: stored.links,
                contacts: stored.contacts,
                demographics: stored.demographics,
            },
            updated_at: row.updated_at,
            contacts_changed_at: row.contacts_changed_at,
            deceased_seen_at: row.deceased_seen_at,
            exception,
        })
    }
}

/// A keyed hash of everything, to find out whether a record changed without opening the stored one.
fn content_hash(patient: &ImportedPatient, vault: &dyn Vault) -> Vec<u8> {
    let mut content =
        to_json(&(&patient.version, patient.active, patient.deceased, &patient.links, &patient.demographics));
    // Only where they are there, so that the hashes of all other records stay what they were before they were kept.
    content.extend(patient.deceased_at.map(|at| to_json(&at)));
    content.extend((!patient.contacts.is_empty()).then(|| to_json(&patient.contacts)));
    content.extend(patient.deleted.then_some("deleted"));
    vault.index_hash(Purpose::Demographics, content.as_bytes()).to_vec()
}

/// A keyed hash of where the person can be reached, but for the ways of writing it: a contact that only looks
/// different is the same, and one that comes before the others now is not.
fn contacts_hash(patient: &ImportedPatient, vault: &dyn Vault) -> Vec<u8> {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && !"()-./,".contains(*c))
            .flat_map(char::to_lowercase)
            .collect()
    };
    let demographics = &patient.demographics;
    let telecom: Vec<_> = demographics
        .telecom
        .iter()
        .map(|point| (point.system, plain(&point.value), point.usage.as_deref() == Some("old"), point.rank))
        .collect();
    let addresses: Vec<_> = demographics
        .addresses
        .iter()
        .map(|address| {
            let line = address.line.iter().map(|line| plain(line)).collect::<String>();
            let town = address.postal_code.as_ref().or(address.city.as_ref()).map(|town| plain(town));
            (line, town, address.usage.as_deref() == Some("old"))
        })
        .collect();
    vault.index_hash(Purpose::Contacts, to_json(&(telecom, addresses)).as_bytes()).to_vec()
}

/// The hashes that a later import is compared with, and what came of comparing this one.
pub(super) struct Hashes {
    pub(super) content: Vec<u8>,
    pub(super) contacts: Vec<u8>,
    pub(super) contacts_changed_at: Option<DateTime<Utc>>,
    pub(super) deceased_seen_at: Option<DateTime<Utc>>,
}

impl Hashes {
    /// Those of a record whose contacts are taken to be what they always were.
    pub(super) fn of(patient: &ImportedPatient, vault: &dyn Vault) -> Self {
        Self {
            content: content_hash(patient, vault),
            contacts: contacts_hash(patient, vault),
            contacts_changed_at: None,
            deceased_seen_at: None,
        }
    }
}

pub(super) fn seal(
    id: Uuid,
    organization: OrganizationId,
    patient: &ImportedPatient,
    hashes: &Hashes,
    entries: &Entries,
    vault: &dyn Vault,
    now: DateTime<Utc>,
) -> patient::ActiveModel {
    let name = row_name(organization.uuid(), patient.fhir_id.as_str());
    let stored = to_json(
        &(StoredRef {
            links: &patient.links,
            demographics: &patient.demographics,
            deceased_at: patient.deceased_at,
            contacts: &patient.contacts,
        }),
    );
    let sealed = vault.seal(&name, stored.as_bytes());
    patient::ActiveModel {
        organization_id: Set(organization.uuid()),
        id: Set(id),
        fhir_id: Set(patient.fhir_id.to_string()),
        active: Set(patient.active),
        deceased: Set(patient.deceased),
        usable: Set(patient.is_usable()),
        version_id: Set(patient.version.version_id.clone()),
        last_updated: Set(patient.version.last_updated),
        content_hash: Set(hashes.content.clone()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        updated_at: Set(now),
        contacts_hash: Set(Some(hashes.contacts.clone())),
        contacts_changed_at: Set(hashes.contacts_changed_at),
        index_keys: Set(Some(entries.to_bytes())),
        indexed: Set(true),
        deceased_seen_at: Set(hashes.deceased_seen_at),
        // Staff's, not the import's: an update leaves it as it is.
        exception_key_id: Set(None),
        exception_sealed: Set(None),
        deleted: Set(patient.deleted),
    }
}

/// [`Stored`] without copying.
#[derive(Serialize)]
struct StoredRef<'a> {
    links: &'a [RecordLink],
    demographics: &'a Demographics,
    #[serde(skip_serializing_if = "Option::is_none")]
    deceased_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    contacts: &'a [NamedContact],
}
