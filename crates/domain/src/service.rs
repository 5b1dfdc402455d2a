//! What Kinlink does, step by step: each service loads, decides and saves within one unit of work that its
//! caller begins and saves.

pub mod dispute;
pub mod end_link;
pub mod issue_invitation;
pub mod lookup;
pub mod notice;
pub mod redeem;
pub mod revoke_invitation;
pub mod suspend_link;

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
    /// Ways to the outside beside mail.
    pub outlets: Outlets,
}

/// Ways to the outside that this installation has beside mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlets {
    /// Text messages can be sent.
    pub texts: bool,
    /// Letters can be sent.
    pub letters: bool,
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
