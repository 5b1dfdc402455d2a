use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, AuditEntry, Subject},
    id::{AccountId, AuditId, Id, OrganizationId, PatientId},
    link::{Link, LinkState, Place, Revocation},
    merge::{Absorbed, Displaced, Step},
    store::{Change, Constraint, Journal, Links, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{LockType, OnConflict},
};

use super::super::{SeaUnit, patients::Stored};
use crate::{
    convert::{corrupt, from_json, to_json},
    entity::{displaced_link, patient},
    error::store_error,
};

const WHAT: &str = "displaced link";

impl SeaUnit {
    /// Which of an account's links are not where they were made.
    pub(super) async fn displaced(
        &self,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Vec<Displaced>, StoreError> {
        use displaced_link::Column;
        let rows = displaced_link::Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::AccountId.eq(account.uuid()))
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let displaced = |row: displaced_link::Model| {
            let absorbed = match (row.absorbed_by, row.before) {
                (None, None) => None,
                (Some(by), Some(before)) => {
                    Some(Absorbed { by: Id::from_uuid(by), before: from_json(WHAT, &before)? })
                }
                _ => return Err(corrupt(WHAT, "its state does not fit together")),
            };
            Ok(Displaced { link: Id::from_uuid(row.link_id), home: Id::from_uuid(row.home_id), absorbed })
        };
        rows.into_iter().map(displaced).collect()
    }

    /// The record that a link was made for, if it is not there or not as it was.
    pub(in crate::unit) async fn displaced_from(&self, link: &Link) -> Result<Option<PatientId>, StoreError> {
        let key = (link.organization.uuid(), link.id.uuid());
        let row = displaced_link::Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        Ok(row.map(|row| Id::from_uuid(row.home_id)))
    }

    /// Does one step; returns the link if it changed.
    pub(super) async fn apply(
        &mut self,
        links: &[Link],
        displaced: &[Displaced],
        step: Step,
        now: DateTime<Utc>,
    ) -> Result<Option<Link>, StoreError> {
        // One that is suspended first, or goes by way of its home, was changed by the step before.
        let known = links.iter().find(|link| link.id == step.link());
        let known = known.ok_or_else(|| corrupt(WHAT, "its link is gone"))?;
        let link = self.link(known.id).await?.ok_or_else(|| corrupt(WHAT, "its link is gone"))?;
        let noted = displaced.iter().find(|one| one.link == link.id);
        let home = noted.map_or(known.patient, |one| one.home);
        match step {
            Step::Forget { .. } => {
                self.forget(&link).await?;
                Ok(None)
            }
            Step::Entrust { by, .. } => {
                if let Some(absorbed) = noted.and_then(|one| one.absorbed) {
                    self.displace(&link, home, Some(Absorbed { by, ..absorbed })).await?;
                }
                Ok(None)
            }
            Step::Absorb { by, .. } => {
                let absorbed = Absorbed { by, before: link.state };
                let ended = link
                    .revoke(Actor::System, Revocation::Merged, now)
                    .map_err(|_| StoreError::Conflict(Constraint::Version))?;
                self.displace(&ended, home, Some(absorbed)).await?;
                let detail = serde_json::json!({"reason": Revocation::Merged, "by": by});
                self.write_moved(&ended, Action::LinkRevoke, detail).await?;
                self.grant_follows(&ended, home).await?;
                Ok(Some(ended))
            }
            Step::Suspend { state, .. } => {
                let suspended = link.stand_as(state, now);
                let detail = serde_json::json!({"reason": "merged"});
                self.write_moved(&suspended, Action::LinkSuspend, detail).await?;
                Ok(Some(suspended))
            }
            Step::Move { to, .. } => self.move_to(link, home, to, now).await.map(Some),
            Step::Reopen { at, state, .. } => self.open_again(link, home, at, state, now).await.map(Some),
        }
    }

    async fn move_to(
        &mut self,
        link: Link,
        home: PatientId,
        to: PatientId,
        now: DateTime<Utc>,
    ) -> Result<Link, StoreError> {
        let from = link.patient;
        let place = self.place(link.organization, to).await?;
        let moved = link.relocate(place, now);
        self.displace(&moved, home, None).await?;
        let detail = serde_json::json!({"from": from, "to": to});
        self.write_moved(&moved, Action::LinkMove, detail).await?;
        self.grant_follows(&moved, from).await?;
        Ok(moved)
    }

    async fn open_again(
        &mut self,
        link: Link,
        home: PatientId,
        at: PatientId,
        state: LinkState,
        now: DateTime<Utc>,
    ) -> Result<Link, StoreError> {
        let place = self.place(link.organization, at).await?;
        let from = link.patient;
        let opened = Link { state, ..link.relocate(place, now) };
        self.displace(&opened, home, None).await?;
        let detail = serde_json::json!({"reason": "unmerged", "at": at});
        self.write_moved(&opened, Action::LinkReopen, detail).await?;
        self.grant_follows(&opened, from).await?;
        Ok(opened)
    }

    /// A record, kept as it is until the end of this unit.
    async fn place(&self, organization: OrganizationId, id: PatientId) -> Result<Place, StoreError> {
        let row = patient::Entity::find_by_id((organization.uuid(), id.uuid()))
            .lock(LockType::Share)
            .one(&self.tx)
            .await
            .map_err(store_error)?
            .ok_or_else(|| corrupt(WHAT, "its record is gone"))?;
        Ok(Stored::open(row, &*self.vault)?.place())
    }

    async fn write_moved(
        &mut self,
        link: &Link,
        action: Action,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        self.update_link(link).await?;
        let (account, patient) = (Some(link.account), Some(link.patient));
        let subject = Subject { patient, account, link: Some(link.id), ..Subject::default() };
        self.record(AuditEntry {
            id: AuditId::new(link.updated_at, &*self.random),
            organization: link.organization,
            at: link.updated_at,
            actor: Actor::System,
            action,
            subject,
            detail,
        });
        self.changed(Change::Account(link.account));
        Ok(())
    }

    /// Remembers where a link comes from; nothing is to be remembered of one that is at home as it was.
    pub(in crate::unit) async fn displace(
        &self,
        link: &Link,
        home: PatientId,
        absorbed: Option<Absorbed>,
    ) -> Result<(), StoreError> {
        use displaced_link::Column;
        if absorbed.is_none() && link.patient == home {
            return self.forget(link).await;
        }
        let row = displaced_link::ActiveModel {
            organization_id: Set(link.organization.uuid()),
            link_id: Set(link.id.uuid()),
            account_id: Set(link.account.uuid()),
            home_id: Set(home.uuid()),
            absorbed_by: Set(absorbed.map(|absorbed| absorbed.by.uuid())),
            before: Set(absorbed.map(|absorbed| to_json(&absorbed.before))),
        };
        let mut replace = OnConflict::columns([Column::OrganizationId, Column::LinkId]);
        replace.update_columns([Column::AbsorbedBy, Column::Before]);
        let insert = displaced_link::Entity::insert(row).on_conflict(replace);
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn forget(&self, link: &Link) -> Result<(), StoreError> {
        let key = (link.organization.uuid(), link.id.uuid());
        displaced_link::Entity::delete_by_id(key).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}
