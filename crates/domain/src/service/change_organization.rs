//! An organization gets another name or another FHIR base. `fhirUser` of every link names the base; that lookups answer
//! something else from now on is found and told as after a changed policy ([`turn`](super::turn)).

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    organization::{FhirBase, Organization},
    store::{Change, StoreError, UnitOfWork},
};

/// What becomes another; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChange {
    /// Its name for people to read, 1 to 200 characters.
    pub name: Option<String>,
    /// Where its records are.
    pub fhir_base: Option<FhirBase>,
}

/// Changes an organization, and returns it as it was and as it is; absent if there is none. What did not change is not
/// written.
pub async fn change(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    change: OrganizationChange,
) -> Result<Option<(Organization, Organization)>, StoreError> {
    let id = by.organization();
    let Some(before) = unit.organization_for_update(id).await? else { return Ok(None) };
    let after = Organization {
        name: change.name.unwrap_or_else(|| before.name.clone()),
        fhir_base: change.fhir_base.unwrap_or_else(|| before.fhir_base.clone()),
        ..before.clone()
    };
    if after == before {
        return Ok(Some((before, after)));
    }
    unit.update_organization(&after).await?;
    unit.changed(Change::Organization(id));
    let mut detail = serde_json::Map::new();
    for (member, from, to) in [
        ("name", before.name.as_str(), after.name.as_str()),
        ("fhir_base", before.fhir_base.as_str(), after.fhir_base.as_str()),
    ] {
        if from != to {
            detail.insert(member.to_owned(), serde_json::json!({"from": from, "to": to}));
        }
    }
    let action = Action::OrganizationConfigure;
    unit.record(ports.audit(id, by.actor(), action, Subject::default(), detail.into()));
    Ok(Some((before, after)))
}
