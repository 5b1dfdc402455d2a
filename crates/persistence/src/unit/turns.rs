//! What links give, as whoever listens was last told of it: kept with every link that is written, so that what is
//! told is the difference.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::{Answering, Fingerprint, Gave},
    event::{LinkEvent, LinkEventKind},
    id::OrganizationId,
    link::{Link, LinkState},
    store::{Directory, Journal, StoreError, Turning, Turns},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, sea_query::OnConflict};

use super::SeaUnit;
use crate::{
    convert::corrupt,
    entity::link_turn::{Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "link's turn";

fn fingerprint(bytes: &[u8]) -> Result<Fingerprint, StoreError> {
    bytes.try_into().map(Fingerprint).map_err(|_| corrupt(WHAT, "a fingerprint has 16 bytes"))
}

fn turning_from(row: Model) -> Result<Turning, StoreError> {
    let gave = match row.gave.as_deref() {
        None => Gave::Nothing,
        // Of links from before this was kept; and so no policy is known that they were answered by.
        Some([]) => Gave::Unknown,
        Some(bytes) => Gave::Something(fingerprint(bytes)?),
    };
    let answered_by = row.answered_by.filter(|bytes| !bytes.is_empty());
    let answered_by = answered_by.as_deref().map(fingerprint).transpose()?;
    Ok(Turning { gave, answered_by, foretold: row.foretold, due_at: row.due_at })
}

fn row(link: &Link, turning: &Turning) -> Model {
    let bytes = |fingerprint: Fingerprint| fingerprint.0.to_vec();
    Model {
        organization_id: link.organization.uuid(),
        link_id: link.id.uuid(),
        gave: match turning.gave {
            Gave::Unknown => Some(Vec::new()),
            Gave::Nothing => None,
            Gave::Something(what) => Some(bytes(what)),
        },
        answered_by: turning.answered_by.map(bytes),
        foretold: turning.foretold,
        due_at: turning.due_at,
    }
}

impl SeaUnit {
    /// A link was just added.
    pub(super) async fn tell_of_new(&mut self, link: &Link) -> Result<(), StoreError> {
        self.tell_difference(link, Gave::Nothing, None).await
    }

    /// A link was just changed.
    pub(super) async fn tell_of_changed(&mut self, link: &Link) -> Result<(), StoreError> {
        let kept = self.turning(link).await?;
        let (gave, foretold) = kept.map_or((Gave::Nothing, None), |kept| (kept.gave, kept.foretold));
        if !matches!(link.state, LinkState::Revoked { .. }) {
            return self.tell_difference(link, gave, foretold).await;
        }
        if kept.is_some() {
            let key = (link.organization.uuid(), link.id.uuid());
            Entity::delete_by_id(key).exec(&self.tx).await.map_err(store_error)?;
        }
        self.tell(link, gave, Gave::Nothing);
        Ok(())
    }

    async fn tell_difference(
        &mut self,
        link: &Link,
        before: Gave,
        foretold: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let answering = self.answering(link.organization).await?;
        let turning = answering.turning(link, foretold, link.updated_at);
        self.put_turning(link, &turning).await?;
        self.tell(link, before, turning.gave);
        Ok(())
    }

    fn tell(&mut self, link: &Link, before: Gave, after: Gave) {
        if let Some(kind) = LinkEventKind::between(before, after) {
            let event = LinkEvent::of(link, kind, &*self.random);
            self.happened(event);
        }
    }

    /// Read once: a policy that is set meanwhile finds by this one's fingerprint what was told by it.
    async fn answering(&mut self, id: OrganizationId) -> Result<Arc<Answering>, StoreError> {
        if let Some(known) = self.answering.get(&id) {
            return Ok(known.clone());
        }
        let organization = self.organization(id).await?;
        let organization = organization.ok_or_else(|| corrupt(WHAT, "its organization is gone"))?;
        let answering = Arc::new(organization.answering());
        self.answering.insert(id, answering.clone());
        Ok(answering)
    }
}

#[async_trait]
impl Turns for SeaUnit {
    async fn turning(&mut self, link: &Link) -> Result<Option<Turning>, StoreError> {
        let key = (link.organization.uuid(), link.id.uuid());
        let row = Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        row.map(turning_from).transpose()
    }

    async fn put_turning(&mut self, link: &Link, turning: &Turning) -> Result<(), StoreError> {
        let mut replace = OnConflict::columns([Column::OrganizationId, Column::LinkId]);
        replace.update_columns([Column::Gave, Column::AnsweredBy, Column::Foretold, Column::DueAt]);
        let row = row(link, turning).into_active_model().reset_all();
        Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
