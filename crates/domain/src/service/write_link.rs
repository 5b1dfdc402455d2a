//! The one place where a link that was changed is written, with its audit entry and its entry in the change feed.
//! Storage tells whoever listens, if lookups answer something else from then on.

use super::{Ports, follow_link::follow};
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    link::Link,
    store::{Change, StoreError, UnitOfWork},
};

/// What is told beside the link itself.
#[derive(Debug)]
pub(super) struct Told {
    /// Who changed it.
    pub(super) by: Actor,
    /// What the audit calls it.
    pub(super) action: Action,
    /// What the audit keeps of it.
    pub(super) detail: serde_json::Value,
}

/// Writes a link that was just changed, and does what follows from it for grants.
pub(super) async fn write(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    told: Told,
) -> Result<(), StoreError> {
    unit.update_link(link).await?;
    let action = told.action;
    tell(unit, ports, link, told, Subject::from(link));
    follow(unit, ports, link, action).await
}

/// Tells of a link that is written already.
pub(super) fn tell(unit: &mut dyn UnitOfWork, ports: &Ports, link: &Link, told: Told, subject: Subject) {
    unit.record(ports.audit(link.organization, told.by, told.action, subject, told.detail));
    unit.changed(Change::Account(link.account));
}
