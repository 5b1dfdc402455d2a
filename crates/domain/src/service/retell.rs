//! Whoever listens is told of every link anew, as it is now. For when what they were told is not what came to be: after a
//! database was restored, streams told of links that are no more as they were.

use super::Ports;
use crate::{
    event::{LinkEvent, LinkEventKind},
    id::{LinkId, OrganizationId, PatientId},
    link::LinkState,
    store::{StoreError, UnitOfWork},
};

/// Links told of in one unit of work.
const BATCH: u16 = 100;

/// How far the telling has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Links told of.
    pub links: u64,
    after: Option<(PatientId, LinkId)>,
}

/// Tells of the next links of an organization; absent after the last. Each step is its own unit of work, so that nobody
/// waits for all of them, and beginning again does no harm.
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
