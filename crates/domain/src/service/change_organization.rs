//! An organization gets another name or another FHIR base. `fhirUser` of every link names the base, so whoever keeps
//! it is told afterwards, link by link ([`tell_next`]): clients by an event, servers without a hook by a new attribute.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    event::{LinkEvent, LinkEventKind},
    id::{LinkId, OrganizationId, PatientId},
    link::LinkState,
    organization::{FhirBase, Organization},
    store::{Change, StoreError, UnitOfWork},
};

/// Links told of in one unit of work.
const BATCH: u16 = 100;

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

/// How far the telling has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Links told of.
    pub links: u64,
    after: Option<(PatientId, LinkId)>,
}

/// Tells of the next links of an organization that what they answer has changed; absent after the last. Each step is
/// its own unit of work, so that nobody waits for all of them, and beginning again does no harm.
pub async fn tell_next(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: OrganizationId,
    so_far: Told,
) -> Result<Option<Told>, StoreError> {
    let links = unit.links_of_organization(organization, so_far.after, BATCH).await?;
    let Some(last) = links.last() else { return Ok(None) };
    let mut told = Told { after: Some((last.patient, last.id)), ..so_far };
    let now = ports.clock.now();
    // What a suspended link would answer, nobody was told before.
    for link in links.iter().filter(|link| link.state == LinkState::Active) {
        unit.happened(LinkEvent::at(link, LinkEventKind::Changed, now, &*ports.random));
        told.links += 1;
    }
    Ok(Some(told))
}
