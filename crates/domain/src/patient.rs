//! Patient records: an organization's FHIR Patients, as Kinlink keeps them.

use std::{cmp::Ordering, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    access::{AgeException, PatientFacts},
    actor::Actor,
    demographics::{ContactPoint, Demographics, HumanName},
    id::{OrganizationId, PatientId},
    link::Place,
    relationship::Relationship,
};

/// A FHIR logical id: 1 to 64 of `A-Z a-z 0-9 - .` (FHIR R4 `id`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FhirId(String);

/// A text that is no FHIR id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a FHIR id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'")]
pub struct InvalidFhirId;

impl FhirId {
    /// Parses a FHIR id; case counts.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidFhirId> {
        let text = text.into();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidFhirId)
        }
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FhirId {
    type Error = InvalidFhirId;
    fn try_from(text: String) -> Result<Self, InvalidFhirId> {
        Self::parse(text)
    }
}
impl FromStr for FhirId {
    type Err = InvalidFhirId;
    fn from_str(text: &str) -> Result<Self, InvalidFhirId> {
        Self::parse(text)
    }
}
impl From<FhirId> for String {
    fn from(id: FhirId) -> Self {
        id.0
    }
}
impl fmt::Display for FhirId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for FhirId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What another record is to this one (FHIR R4 `Patient.link.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLinkType {
    /// The other record is to be used instead of this one.
    ReplacedBy,
    /// This record is to be used instead of the other.
    Replaces,
    /// The other holds additional data.
    Refer,
    /// The other is about the same person.
    Seealso,
}

/// FHIR R4 `Patient.link` to another Patient of the same server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLink {
    /// The other record.
    pub other: FhirId,
    /// What it is to this one.
    #[serde(rename = "type")]
    pub kind: RecordLinkType,
}

/// Which state of the record on the FHIR server this is (`meta.versionId`, `meta.lastUpdated`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordVersion {
    /// `meta.versionId`.
    pub version_id: Option<String>,
    /// `meta.lastUpdated`.
    pub last_updated: Option<DateTime<Utc>>,
}

impl RecordVersion {
    /// Whether a record of this version may replace one of version `stored`.
    ///
    /// Later `lastUpdated` wins; then the higher numeric `versionId`. Where neither can be compared, the
    /// record at hand wins, since a source without versions says nothing else about its order.
    pub fn supersedes(&self, stored: &Self) -> bool {
        self.compare(stored).is_none_or(Ordering::is_ge)
    }

    /// Whether a record of this version was surely made after `deletion`: later, not the same, and comparable. What
    /// arrives again, or was copied before the deletion, must not bring the record back.
    pub fn follows(&self, deletion: &Self) -> bool {
        self.compare(deletion).is_some_and(Ordering::is_gt)
    }

    /// By `lastUpdated`, then by numeric `versionId`; none where neither can be compared.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        let by_time = self.last_updated.zip(other.last_updated).map(|(one, other)| one.cmp(&other));
        let by_number = || self.number().zip(other.number()).map(|(one, other)| one.cmp(&other));
        by_time.filter(|order| order.is_ne()).or_else(by_number).or(by_time)
    }

    fn number(&self) -> Option<u64> {
        self.version_id.as_deref()?.parse().ok()
    }
}

/// A record was deleted at its server (FHIR R4, "delete"), which makes a version of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which version that is, as far as the server says.
    pub version: RecordVersion,
    /// When Kinlink was told, or asked to be told.
    pub heard_at: DateTime<Utc>,
}

/// Somebody whom the record names as close to the patient (FHIR R4 `Patient.contact`): a next of kin, a guardian.
/// They are told nothing and never matched; they speak for somebody who asks to act for the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedContact {
    /// What they are to the patient, where the record says it by HL7 v3-RoleCode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<HumanName>,
    /// Where they are reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint>,
}

/// A Patient as it came from a FHIR server, before Kinlink gives it an id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPatient {
    /// The FHIR server's id.
    pub fhir_id: FhirId,
    /// Which state this is.
    pub version: RecordVersion,
    /// `Patient.active`; FHIR's default is true.
    pub active: bool,
    /// Whether its server has deleted it. Then `version` is the deletion's.
    pub deleted: bool,
    /// `Patient.deceased[x]`, as yes or no.
    pub deceased: bool,
    /// `Patient.deceasedDateTime`; of a day, month or year, its end.
    pub deceased_at: Option<DateTime<Utc>>,
    /// `Patient.link`.
    pub links: Vec<RecordLink>,
    /// `Patient.contact`.
    pub contacts: Vec<NamedContact>,
    /// Everything about the person.
    pub demographics: Demographics,
}

impl ImportedPatient {
    /// A record of which nothing is known but its id.
    pub fn unknown(fhir_id: FhirId) -> Self {
        Self {
            fhir_id,
            version: RecordVersion::default(),
            active: true,
            deleted: false,
            deceased: false,
            deceased_at: None,
            links: Vec::new(),
            contacts: Vec::new(),
            demographics: Demographics::default(),
        }
    }

    /// The record once its server has deleted it. What is known of it stays.
    ///
    /// Where the server does not say which version that made, it is the one after the last that is known, and whatever
    /// changed before Kinlink heard of the deletion changed before it.
    #[must_use]
    pub fn delete(self, deletion: &Deletion) -> Self {
        let (known, said) = (&self.version, &deletion.version);
        let step = u64::from(!self.deleted);
        let next = known.number().map(|number| number.saturating_add(step).to_string());
        let at = said.last_updated.unwrap_or(deletion.heard_at);
        let version = RecordVersion {
            version_id: said.version_id.clone().or(next).or_else(|| known.version_id.clone()),
            last_updated: Some(known.last_updated.map_or(at, |known| known.max(at))),
        };
        Self { version, active: false, deleted: true, ..self }
    }

    /// Whether this takes the place of what is stored, of version `stored`, and there perhaps as deleted.
    pub fn replaces(&self, stored: &RecordVersion, deleted: bool) -> bool {
        if deleted && !self.deleted { self.version.follows(stored) } else { self.version.supersedes(stored) }
    }

    /// The record to use instead of this one, after a merge.
    pub fn replaced_by(&self) -> Option<&FhirId> {
        self.links.iter().find(|link| link.kind == RecordLinkType::ReplacedBy).map(|link| &link.other)
    }

    /// What the organization's rules ask of the patient, of whose death Kinlink first heard at `seen_at`.
    pub fn facts(&self, seen_at: DateTime<Utc>) -> PatientFacts {
        PatientFacts {
            birth_date: self.demographics.birth_date,
            // A time of death that is still to come is a mistake of whoever entered it.
            deceased_since: self.deceased.then(|| self.deceased_at.unwrap_or(seen_at).min(seen_at)),
            exception: None,
        }
    }

    /// Whether links to this record may be answered: it is in use and was not merged away.
    pub fn is_usable(&self) -> bool {
        self.active && self.replaced_by().is_none()
    }
}

/// A patient record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientRecord {
    /// Kinlink's own id.
    pub id: PatientId,
    /// The custodian.
    pub organization: OrganizationId,
    /// The record.
    pub record: ImportedPatient,
    /// When Kinlink last changed it.
    pub updated_at: DateTime<Utc>,
    /// When its contacts last changed; absent if they never did since the first import.
    pub contacts_changed_at: Option<DateTime<Utc>>,
    /// When Kinlink first heard that the patient died.
    pub deceased_seen_at: Option<DateTime<Utc>>,
    /// What staff recorded against the age rules.
    pub exception: Option<RecordedException>,
}

/// What staff recorded against the age rules, and why. Encrypted at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedException {
    /// What holds instead.
    pub exception: AgeException,
    /// Why, in staff's words.
    pub reason: String,
    /// The paper that says so, as the organization files it.
    pub reference: String,
    /// Who recorded it.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// Shows nothing: what staff wrote must not reach a log.
impl fmt::Debug for RecordedException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordedException(…)")
    }
}

impl PatientRecord {
    /// What the organization's rules ask of the patient.
    pub fn facts(&self) -> PatientFacts {
        let exception = self.exception.as_ref().map(|recorded| recorded.exception);
        PatientFacts { exception, ..self.record.facts(self.deceased_seen_at.unwrap_or(self.updated_at)) }
    }

    /// The record as a link that comes to it needs it.
    pub fn place(&self) -> Place {
        Place {
            patient: self.id,
            fhir_id: self.record.fhir_id.clone(),
            usable: self.record.is_usable(),
            facts: self.facts(),
        }
    }
}

/// What became of a batch of imported patients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpsertReport {
    /// Records that were not there.
    pub created: u64,
    /// Records that changed.
    pub updated: u64,
    /// Records that were the same already.
    pub unchanged: u64,
    /// Records of an older version than the one stored; left alone.
    pub stale: u64,
    /// Links that were moved, closed or opened because records were merged or are records of their own again.
    pub links_moved: u64,
    /// Records that name each other as their replacement in a circle; their links stay where they are.
    pub merge_cycles: u64,
}

impl std::ops::AddAssign for UpsertReport {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.links_moved += other.links_moved;
        self.merge_cycles += other.merge_cycles;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn version(id: Option<&str>, hour: Option<u32>) -> RecordVersion {
        RecordVersion {
            version_id: id.map(Into::into),
            last_updated: hour.map(|hour| Utc.with_ymd_and_hms(2026, 1, 1, hour, 0, 0).unwrap()),
        }
    }

    #[test]
    fn the_newer_version_wins_by_time_then_by_number() {
        for (new, old, wins) in [
            (version(None, Some(2)), version(None, Some(1)), true),
            (version(None, Some(1)), version(None, Some(2)), false),
            (version(Some("1"), Some(2)), version(Some("9"), Some(1)), true),
            (version(Some("3"), Some(1)), version(Some("2"), Some(1)), true),
            (version(Some("2"), Some(1)), version(Some("3"), Some(1)), false),
            (version(Some("10"), None), version(Some("9"), None), true),
            (version(Some("a"), None), version(Some("b"), None), true),
            (version(None, None), version(Some("3"), Some(1)), true),
        ] {
            assert_eq!(new.supersedes(&old), wins, "{new:?} over {old:?}");
        }
    }

    #[test]
    fn only_what_surely_came_after_a_deletion_replaces_it() {
        let id = || FhirId::parse("p").unwrap();
        let of = |version| ImportedPatient { version, ..ImportedPatient::unknown(id()) };
        let at = |hour| version(None, Some(hour)).last_updated.unwrap();
        let unsaid = RecordVersion::default();
        let said = version(Some("9"), Some(4));
        for (known, said, incoming, comes_back) in [
            // Heard of at six o'clock.
            (version(Some("5"), None), &unsaid, version(Some("5"), None), false),
            (version(Some("5"), None), &unsaid, version(Some("6"), None), false),
            (version(Some("5"), None), &unsaid, version(Some("7"), None), true),
            (version(Some("5"), Some(1)), &unsaid, version(Some("5"), Some(1)), false),
            (version(Some("5"), Some(1)), &unsaid, version(Some("8"), Some(5)), false),
            (version(Some("5"), Some(1)), &unsaid, version(Some("1"), Some(7)), true),
            // The server's clock is ahead of ours.
            (version(Some("5"), Some(8)), &unsaid, version(Some("5"), Some(8)), false),
            (version(Some("5"), Some(8)), &unsaid, version(Some("7"), Some(8)), true),
            (version(Some("x"), None), &unsaid, version(Some("x"), None), false),
            (version(None, None), &unsaid, version(None, None), false),
            (version(None, None), &unsaid, version(None, Some(5)), false),
            (version(None, None), &unsaid, version(None, Some(7)), true),
            // The server said when, and as which version.
            (version(Some("5"), Some(1)), &said, version(Some("8"), Some(3)), false),
            (version(Some("5"), Some(1)), &said, version(Some("9"), Some(4)), false),
            (version(Some("5"), Some(1)), &said, version(Some("10"), Some(5)), true),
        ] {
            let deletion = Deletion { version: said.clone(), heard_at: at(6) };
            let deleted = of(known.clone()).delete(&deletion);
            assert!(!deleted.is_usable());
            let replaces = of(incoming.clone()).replaces(&deleted.version, deleted.deleted);
            assert_eq!(replaces, comes_back, "{incoming:?} after the deletion of {known:?}");
        }
        // Heard of twice, it is one deletion.
        let heard = |hour| Deletion { version: RecordVersion::default(), heard_at: at(hour) };
        let once = of(version(Some("5"), None)).delete(&heard(6));
        assert_eq!(once.clone().delete(&heard(7)).version.version_id, once.version.version_id);
    }

    #[test]
    fn a_fhir_id_is_short_and_plain() {
        assert!(FhirId::parse("129c6ac7-8d06.A").is_ok());
        for text in ["", "a/b", "a b", "ü", &"a".repeat(65)] {
            assert_eq!(FhirId::parse(text), Err(InvalidFhirId), "{text}");
        }
    }
}
