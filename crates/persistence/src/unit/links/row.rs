//! A link and its row, in both directions.

use kinlink_domain::{
    access::PatientFacts,
    id::Id,
    link::{Link, LinkRole, LinkState, Period},
    patient::FhirId,
    port::Vault,
    proofing::{Assurance, AssuranceOverTime},
    relationship::Relationship,
    store::StoreError,
};
use sea_orm::Set;

use super::WHAT;
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word, unseal},
    entity::link::{ActiveModel, Model},
};

pub(crate) fn role(
    what: &'static str,
    role: &str,
    relationship: Option<&str>,
    basis: Option<&str>,
) -> Result<LinkRole, StoreError> {
    match (role, relationship, basis) {
        ("self", None, None) => Ok(LinkRole::SelfRole),
        ("proxy", Some(relationship), Some(basis)) => Ok(LinkRole::Proxy {
            relationship: Relationship::parse(relationship).map_err(|error| corrupt(what, error))?,
            basis: from_word(what, basis)?,
        }),
        _ => Err(corrupt(what, "its role and relationship do not fit together")),
    }
}

pub(super) fn row(link: &Link, vault: &dyn Vault) -> ActiveModel {
    let facts = (link.facts != PatientFacts::default())
        .then(|| vault.seal(link.id.uuid().as_bytes(), to_json(&link.facts).as_bytes()));
    let base = match link.state {
        LinkState::Active => ActiveModel { status: Set("active".to_owned()), ..unended() },
        LinkState::Suspended { at, by, reason } => ActiveModel {
            status: Set("suspended".to_owned()),
            suspended_at: Set(Some(at)),
            suspended_by: Set(Some(to_json(&by))),
            suspended_reason: Set(Some(to_word(&reason))),
            ..unended()
        },
        LinkState::Revoked { at, by, reason } => ActiveModel {
            status: Set("revoked".to_owned()),
            ended_at: Set(Some(at)),
            ended_by: Set(Some(to_json(&by))),
            ended_reason: Set(Some(to_word(&reason))),
            ..unended()
        },
    };
    ActiveModel {
        account_id: Set(link.account.uuid()),
        id: Set(link.id.uuid()),
        version: Set(i32::try_from(link.version).unwrap_or(i32::MAX)),
        organization_id: Set(link.organization.uuid()),
        patient_id: Set(link.patient.uuid()),
        fhir_id: Set(link.fhir_id.to_string()),
        role: Set(link.role.as_str().to_owned()),
        relationship: Set(link.role.relationship().map(|relationship| relationship.code().to_owned())),
        basis: Set(link.role.basis().map(|basis| basis.as_str().to_owned())),
        facts_key_id: Set(facts.as_ref().map(|sealed| sealed.key.0.into())),
        facts_sealed: Set(facts.map(|sealed| sealed.bytes)),
        permissions: Set(link.permissions.to_string()),
        period_start: Set(link.period.start),
        period_end: Set(link.period.end),
        ial: Set(to_word(&link.assurance.first().ial)),
        assurance_level: Set(to_word(&link.assurance.first().level)),
        assurance_later: Set(later(&link.assurance)),
        record_usable: Set(link.record_usable),
        invitation_id: Set(link.invitation.map(Id::uuid)),
        created_at: Set(link.created_at),
        updated_at: Set(link.updated_at),
        ..base
    }
}

fn unended() -> ActiveModel {
    ActiveModel {
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        suspended_at: Set(None),
        suspended_by: Set(None),
        suspended_reason: Set(None),
        ..Default::default()
    }
}

/// A stored link.
pub(crate) fn link_from(row: Model, vault: &dyn Vault) -> Result<Link, StoreError> {
    let state = state(&row)?;
    let facts = match (row.facts_key_id, row.facts_sealed) {
        (Some(key), Some(bytes)) => unseal(vault, WHAT, row.id.as_bytes(), key, bytes)?,
        _ => PatientFacts::default(),
    };
    Ok(Link {
        id: Id::from_uuid(row.id),
        version: u32::try_from(row.version).map_err(|error| corrupt(WHAT, error))?,
        account: Id::from_uuid(row.account_id),
        organization: Id::from_uuid(row.organization_id),
        patient: Id::from_uuid(row.patient_id),
        fhir_id: FhirId::parse(row.fhir_id).map_err(|error| corrupt(WHAT, error))?,
        role: role(WHAT, &row.role, row.relationship.as_deref(), row.basis.as_deref())?,
        permissions: row.permissions.parse().map_err(|error| corrupt(WHAT, error))?,
        period: Period { start: row.period_start, end: row.period_end },
        assurance: assurance(&row.ial, &row.assurance_level, row.assurance_later.as_deref())?,
        record_usable: row.record_usable,
        facts,
        invitation: row.invitation_id.map(Id::from_uuid),
        created_at: row.created_at,
        updated_at: row.updated_at,
        state,
    })
}

/// How assurance lowers; most links' never does.
fn later(assurance: &AssuranceOverTime) -> Option<String> {
    (!assurance.later().is_empty()).then(|| to_json(&assurance.later()))
}

fn assurance(ial: &str, level: &str, later: Option<&str>) -> Result<AssuranceOverTime, StoreError> {
    let first = Assurance { ial: from_word(WHAT, ial)?, level: from_word(WHAT, level)? };
    match later {
        None => Ok(first.into()),
        Some(later) => {
            AssuranceOverTime::new(first, from_json(WHAT, later)?).map_err(|error| corrupt(WHAT, error))
        }
    }
}

fn state(row: &Model) -> Result<LinkState, StoreError> {
    let ended = (row.ended_at, row.ended_by.as_deref(), row.ended_reason.as_deref());
    let suspended = (row.suspended_at, row.suspended_by.as_deref(), row.suspended_reason.as_deref());
    match (row.status.as_str(), ended, suspended) {
        ("active", (None, None, None), (None, None, None)) => Ok(LinkState::Active),
        ("suspended", (None, None, None), (Some(at), Some(by), Some(reason))) => {
            Ok(LinkState::Suspended { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        ("revoked", (Some(at), Some(by), Some(reason)), (None, None, None)) => {
            Ok(LinkState::Revoked { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}
