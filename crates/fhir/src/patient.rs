use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use kinlink_domain::{
    demographics::{Address, ContactPoint, ContactSystem, Demographics, Gender, HumanName, Identifier},
    partial_date::PartialDate,
    patient::{FhirId, ImportedPatient, NamedContact, RecordLink, RecordLinkType, RecordVersion},
    relationship::{ROLE_CODE_SYSTEM, Relationship},
};

use crate::resource;

/// A longer resource is refused unread.
pub const MAX_RESOURCE_BYTES: usize = 1024 * 1024;

/// The system of the codes that say what kind of identifier one is (HL7 v2 table 0203).
pub(crate) const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Why a resource is no Patient that Kinlink can keep. Names places and forms, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatientParseError {
    /// It is too long.
    #[error("longer than {MAX_RESOURCE_BYTES} bytes")]
    TooLong,
    /// It is not JSON.
    #[error("not JSON (column {column})")]
    NotJson {
        /// Where it stops being JSON.
        column: usize,
    },
    /// It is JSON of another form.
    #[error("not of the form of a FHIR R4 Patient (column {column})")]
    NotFhir {
        /// Where the form ends.
        column: usize,
    },
    /// It is another resource.
    #[error("resourceType is not Patient")]
    OtherResource,
    /// A member is missing, or its value is not allowed.
    #[error("{at}: {expected}")]
    Member {
        /// Where, as a FHIRPath-like path.
        at: &'static str,
        /// What was expected there.
        expected: &'static str,
    },
}

/// Reads a Patient resource.
pub fn parse_patient(json: &[u8]) -> Result<ImportedPatient, PatientParseError> {
    if json.len() > MAX_RESOURCE_BYTES {
        return Err(PatientParseError::TooLong);
    }
    let patient: resource::Patient = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if patient.resource_type != "Patient" {
        return Err(PatientParseError::OtherResource);
    }
    let id = patient.id.ok_or(member("Patient.id", "required"))?;
    let deceased = patient.deceased_boolean.unwrap_or(patient.deceased_date_time.is_some());
    // That somebody died must count even where it is not said well when.
    let deceased_at = patient.deceased_date_time.as_deref().and_then(end_of);
    Ok(ImportedPatient {
        fhir_id: FhirId::parse(id)
            .map_err(|_| member("Patient.id", "1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'"))?,
        version: version(patient.meta)?,
        active: patient.active.unwrap_or(true),
        deleted: false,
        deceased,
        deceased_at,
        links: links(patient.link)?,
        contacts: patient.contact.into_iter().filter_map(named_contact).collect(),
        demographics: demographics(patient.person)?,
    })
}

/// The moment at which a FHIR `dateTime` of whatever precision is over.
fn end_of(date_time: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(date_time) {
        return Some(at.with_timezone(&Utc));
    }
    let next = match date_time.parse().ok()? {
        PartialDate::Day(day) => day.succ_opt(),
        PartialDate::Month(year, month) => {
            NaiveDate::from_ymd_opt(year.into(), month.into(), 1)?.checked_add_months(Months::new(1))
        }
        PartialDate::Year(year) => NaiveDate::from_ymd_opt(i32::from(year) + 1, 1, 1),
    };
    Some(next?.and_time(NaiveTime::MIN).and_utc())
}

/// What a Patient says of a person.
pub(crate) fn demographics(person: resource::PersonalData) -> Result<Demographics, PatientParseError> {
    let date =
        |date: String| date.parse().map_err(|_| member("Patient.birthDate", "YYYY, YYYY-MM or YYYY-MM-DD"));
    Ok(Demographics {
        names: person.name.into_iter().map(name).collect(),
        birth_date: person.birth_date.map(date).transpose()?,
        gender: person.gender.map(|word| gender(&word)).transpose()?,
        addresses: person.address.into_iter().map(address).collect(),
        telecom: person.telecom.into_iter().filter_map(contact).collect(),
        identifiers: person.identifier.into_iter().filter_map(identifier).collect(),
    })
}

pub(crate) const fn member(at: &'static str, expected: &'static str) -> PatientParseError {
    PatientParseError::Member { at, expected }
}

pub(crate) fn malformed(error: &serde_json::Error) -> PatientParseError {
    let column = error.column();
    match error.classify() {
        serde_json::error::Category::Data => PatientParseError::NotFhir { column },
        _ => PatientParseError::NotJson { column },
    }
}

fn version(meta: Option<resource::Meta>) -> Result<RecordVersion, PatientParseError> {
    let Some(meta) = meta else { return Ok(RecordVersion::default()) };
    let instant = |text: String| {
        let parsed = DateTime::parse_from_rfc3339(&text);
        let parsed = parsed.map(|at| at.with_timezone(&Utc));
        parsed.map_err(|_| member("Patient.meta.lastUpdated", "an instant with a time zone"))
    };
    Ok(RecordVersion {
        version_id: meta.version_id,
        last_updated: meta.last_updated.map(instant).transpose()?,
    })
}

/// FHIR keeps former names, addresses and contacts with a period that has ended.
fn usage(usage: Option<String>, period: Option<&resource::Period>) -> Option<String> {
    if period.is_some_and(|period| period.end.is_some()) { Some("old".to_owned()) } else { usage }
}

fn name(name: resource::HumanName) -> HumanName {
    HumanName {
        usage: usage(name.usage, name.period.as_ref()),
        family: name.family,
        given: name.given.into_iter().flatten().collect(),
        prefix: name.prefix.into_iter().flatten().collect(),
        suffix: name.suffix.into_iter().flatten().collect(),
        text: name.text,
    }
}

/// Absent where the contact is one no more, or nothing is said of who it is.
fn named_contact(named: resource::NamedContact) -> Option<NamedContact> {
    if usage(None, named.period.as_ref()).is_some() {
        return None;
    }
    let codings = named.relationship.into_iter().flat_map(|concept| concept.coding);
    let mut codes = codings.filter(|coding| coding.system.as_deref() == Some(ROLE_CODE_SYSTEM));
    let relationship = codes.find_map(|coding| Relationship::parse(coding.code.as_deref()?).ok());
    let found = NamedContact {
        relationship,
        name: named.name.map(name),
        telecom: named.telecom.into_iter().filter_map(contact).collect(),
    };
    (found.name.is_some() || !found.telecom.is_empty()).then_some(found)
}

fn gender(word: &str) -> Result<Gender, PatientParseError> {
    match word {
        "male" => Ok(Gender::Male),
        "female" => Ok(Gender::Female),
        "other" => Ok(Gender::Other),
        "unknown" => Ok(Gender::Unknown),
        _ => Err(member("Patient.gender", "male, female, other or unknown")),
    }
}

fn address(address: resource::Address) -> Address {
    Address {
        usage: usage(address.usage, address.period.as_ref()),
        line: address.line.into_iter().flatten().collect(),
        city: address.city,
        district: address.district,
        state: address.state,
        postal_code: address.postal_code,
        country: address.country,
    }
}

fn contact(point: resource::ContactPoint) -> Option<ContactPoint> {
    let system = match point.system.as_deref() {
        Some("phone") => ContactSystem::Phone,
        Some("sms") => ContactSystem::Sms,
        Some("email") => ContactSystem::Email,
        _ => ContactSystem::Other,
    };
    let value = point.value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())?;
    Some(ContactPoint { system, value, usage: usage(point.usage, point.period.as_ref()), rank: point.rank })
}

/// An identifier without a system names nobody, unless its type says what it is; that then stands for the
/// system.
fn identifier(identifier: resource::Identifier) -> Option<Identifier> {
    let codings = identifier.kind.map(|kind| kind.coding).unwrap_or_default();
    let kind = codings.into_iter().find(|coding| coding.system.as_deref() == Some(IDENTIFIER_TYPE));
    let kind = kind.and_then(|coding| coding.code);
    let typed = || kind.as_ref().map(|code| format!("{IDENTIFIER_TYPE}#{code}"));
    let system = identifier.system.filter(|system| !system.trim().is_empty()).or_else(typed)?;
    let value = identifier.value.filter(|value| !value.trim().is_empty())?;
    Some(Identifier { system, value, kind })
}

fn links(links: Vec<resource::Link>) -> Result<Vec<RecordLink>, PatientParseError> {
    let mut found = Vec::new();
    for link in links {
        let kind = match link.kind.as_deref() {
            Some("replaced-by") => RecordLinkType::ReplacedBy,
            Some("replaces") => RecordLinkType::Replaces,
            Some("refer") => RecordLinkType::Refer,
            Some("seealso") => RecordLinkType::Seealso,
            _ => return Err(member("Patient.link.type", "replaced-by, replaces, refer or seealso")),
        };
        let reference = link.other.and_then(|other| other.reference);
        if let Some(other) = reference.as_deref().and_then(referenced_patient) {
            found.push(RecordLink { other, kind });
        } else if kind == RecordLinkType::ReplacedBy {
            // To pass it over would be to go on answering for a record that was merged away.
            return Err(member("Patient.link.other", "a reference to a Patient, for replaced-by"));
        }
    }
    Ok(found)
}

/// `Patient/x`, absolute or with a version; a `RelatedPerson` or a contained resource is not a record.
fn referenced_patient(reference: &str) -> Option<FhirId> {
    let path = reference.split("/_history/").next()?;
    let (rest, id) = path.rsplit_once('/')?;
    let of_patient = rest == "Patient" || rest.ends_with("/Patient");
    of_patient.then(|| FhirId::parse(id).ok()).flatten()
}

#[cfg(test)]
mod tests;
