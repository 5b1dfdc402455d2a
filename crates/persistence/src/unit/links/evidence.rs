//! Evidence and its row, in both directions.

use kinlink_domain::{
    evidence::{Evidence, EvidenceState},
    id::Id,
    store::StoreError,
};
use sea_orm::Set;

use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word},
    entity::evidence::{ActiveModel, Model},
};

const WHAT: &str = "evidence";

pub(super) fn evidence_from(row: &Model) -> Result<Evidence, StoreError> {
    Ok(Evidence {
        id: Id::from_uuid(row.id),
        link: Id::from_uuid(row.link_id),
        organization: Id::from_uuid(row.organization_id),
        fact: from_json(WHAT, &row.fact)?,
        established_at: row.established_at,
        by: from_json(WHAT, &row.established_by)?,
        valid_until: row.valid_until,
        state: state(row)?,
    })
}

fn state(row: &Model) -> Result<EvidenceState, StoreError> {
    match (row.withdrawn_at, row.withdrawn_by.as_deref(), row.withdrawn_reason.as_deref()) {
        (None, None, None) => Ok(EvidenceState::Valid),
        (Some(at), Some(by), Some(reason)) => {
            Ok(EvidenceState::Withdrawn { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}

/// The whole row.
pub(super) fn row(evidence: &Evidence) -> ActiveModel {
    ActiveModel {
        organization_id: Set(evidence.organization.uuid()),
        fact: Set(to_json(&evidence.fact)),
        established_at: Set(evidence.established_at),
        established_by: Set(to_json(&evidence.by)),
        valid_until: Set(evidence.valid_until),
        ..state_columns(evidence)
    }
}

/// The columns that change.
pub(super) fn state_columns(evidence: &Evidence) -> ActiveModel {
    let (at, by, reason) = match &evidence.state {
        EvidenceState::Valid => (None, None, None),
        EvidenceState::Withdrawn { at, by, reason } => (Some(*at), Some(to_json(by)), Some(to_word(reason))),
    };
    ActiveModel {
        link_id: Set(evidence.link.uuid()),
        id: Set(evidence.id.uuid()),
        withdrawn_at: Set(at),
        withdrawn_by: Set(by),
        withdrawn_reason: Set(reason),
        ..Default::default()
    }
}
