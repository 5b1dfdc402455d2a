//! What Kinlink does, step by step: each service loads, decides and saves within one unit of work that its
//! caller begins and saves.

pub mod end_link;
pub mod issue_invitation;
pub mod lookup;
pub mod redeem;
pub mod revoke_invitation;
pub mod totp;

use std::sync::Arc;

use crate::{
    actor::Actor,
    audit::{Action, AuditEntry, Subject},
    id::{AuditId, OrganizationId},
    port::{Clock, Random, Vault},
};

/// The ports that every service needs.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Keys.
    pub vault: Arc<dyn Vault>,
}

impl Ports {
    /// An audit entry of this moment.
    pub fn audit(
        &self,
        organization: OrganizationId,
        actor: Actor,
        action: Action,
        subject: Subject,
        detail: serde_json::Value,
    ) -> AuditEntry {
        let at = self.clock.now();
        AuditEntry { id: AuditId::new(at, &*self.random), organization, at, actor, action, subject, detail }
    }
}
