//! What a link's evidence is worth is computed anew: after evidence came or went, or the policy changed.

use super::{
    Ports,
    write_link::{self, Told},
};
use crate::{
    actor::Actor,
    audit::Action,
    id::{LinkId, OrganizationId, PatientId},
    link::Link,
    organization::Organization,
    proofing::{AssuranceOverTime, ProofingPolicy, assess_over_time},
    store::{Change, StoreError, UnitOfWork},
};

/// Links looked at in one unit of work.
const BATCH: u16 = 100;

/// One link, locked by the caller. Writes nothing if it is worth what it was.
pub async fn reassess(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    policy: &ProofingPolicy,
    link: Link,
) -> Result<Link, StoreError> {
    let worth = worth(unit, ports, policy, &link).await?;
    let reassessed = link.clone().reassess(worth, ports.clock.now());
    if reassessed.version == link.version {
        return Ok(link);
    }
    write(unit, ports, &link, reassessed).await
}

/// One link, locked by the caller, whose evidence was changed in this unit: a new version in any case.
pub(super) async fn evidence_changed(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    policy: &ProofingPolicy,
    link: Link,
) -> Result<Link, StoreError> {
    let worth = worth(unit, ports, policy, &link).await?;
    let changed = link.clone().change_evidence(worth, ports.clock.now());
    write(unit, ports, &link, changed).await
}

async fn worth(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    policy: &ProofingPolicy,
    link: &Link,
) -> Result<AssuranceOverTime, StoreError> {
    Ok(assess_over_time(&unit.evidence(link.id).await?, policy, ports.clock.now()))
}

async fn write(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    before: &Link,
    after: Link,
) -> Result<Link, StoreError> {
    let now = ports.clock.now();
    if after.assurance == before.assurance.seen_at(now) {
        unit.update_link(&after).await?;
        unit.changed(Change::Account(after.account));
        return Ok(after);
    }
    let detail = serde_json::json!({
        "from": before.assurance.at(now),
        "assurance": after.assurance.at(now),
        "until": after.assurance.until(now),
    });
    let told = Told { by: Actor::System, action: Action::LinkReassess, detail };
    write_link::write(unit, ports, &after, told).await?;
    Ok(after)
}

/// How far a reassessment of all links has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Links looked at.
    pub seen: u64,
    /// Those whose worth changed.
    pub changed: u64,
    after: Option<(PatientId, LinkId)>,
}

/// The next links of an organization, under its policy as it is stored; absent after the last. Each step is
/// its own unit of work, so that nobody waits for all of them, and beginning again does no harm.
pub async fn reassess_next(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: OrganizationId,
    so_far: Progress,
) -> Result<Option<Progress>, StoreError> {
    let Some(Organization { policy, .. }) = unit.organization(organization).await? else { return Ok(None) };
    let links = unit.links_of_organization(organization, so_far.after, BATCH).await?;
    let Some(last) = links.last() else { return Ok(None) };
    let mut progress = Progress { after: Some((last.patient, last.id)), ..so_far };
    for id in links.into_iter().map(|link| link.id) {
        let Some(link) = unit.link_for_update(id).await? else { continue };
        let before = link.version;
        let link = reassess(unit, ports, &policy.proofing, link).await?;
        progress.seen += 1;
        progress.changed += u64::from(link.version != before);
    }
    Ok(Some(progress))
}
