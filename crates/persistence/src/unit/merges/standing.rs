//! Which link stands for one that was absorbed in a merge, and for which ones a link stands.

use kinlink_domain::{
    id::{Id, LinkId},
    link::{Link, LinkState, Revocation},
    store::{Constraint, Links, StoreError},
};
use sea_orm::EntityTrait;

use super::super::SeaUnit;
use crate::{entity::displaced_link, error::store_error};

/// Merges followed at most.
const HOPS: u8 = 16;

impl SeaUnit {
    pub(in super::super) async fn standing(&mut self, id: LinkId) -> Result<Option<Link>, StoreError> {
        let Some(mut at) = self.link(id).await? else { return Ok(None) };
        for _ in 0..HOPS {
            let Some(by) = self.absorber(&at).await? else { break };
            let Some(next) = self.link(by).await? else { break };
            at = next;
        }
        Ok(Some(at))
    }

    /// Only the one that stands is locked: whoever settles an account's links after a merge locks them in their own
    /// order, and would wait for this unit as this one waits for them.
    pub(in super::super) async fn standing_for_update(
        &mut self,
        id: LinkId,
    ) -> Result<Option<Link>, StoreError> {
        let Some(mut found) = self.standing(id).await? else { return Ok(None) };
        for _ in 0..HOPS {
            let Some(locked) = self.link_for_update(found.id).await? else { return Ok(None) };
            // A merge may have been written, or taken back, before the lock was there.
            let Some(now) = self.standing(id).await? else { return Ok(None) };
            if now.id == locked.id {
                return Ok(Some(locked));
            }
            found = now;
        }
        Err(StoreError::Conflict(Constraint::Version))
    }

    async fn absorber(&self, link: &Link) -> Result<Option<LinkId>, StoreError> {
        if !matches!(link.state, LinkState::Revoked { reason: Revocation::Merged, .. }) {
            return Ok(None);
        }
        let key = (link.organization.uuid(), link.id.uuid());
        let row = displaced_link::Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        Ok(row.and_then(|row| row.absorbed_by).map(Id::from_uuid))
    }

    /// This link and those that it stands for, directly or by others.
    pub(in super::super) async fn with_those_absorbed(&self, link: &Link) -> Result<Vec<LinkId>, StoreError> {
        let displaced = self.displaced(link.organization, link.account).await?;
        let mut all = vec![link.id];
        let mut next = 0;
        while let Some(at) = all.get(next).copied() {
            next += 1;
            let by_it = displaced.iter().filter(|one| one.absorbed.is_some_and(|absorbed| absorbed.by == at));
            let new: Vec<LinkId> = by_it.map(|one| one.link).filter(|id| !all.contains(id)).collect();
            all.extend(new);
        }
        Ok(all)
    }
}
