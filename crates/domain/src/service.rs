//! What Kinlink does, step by step: each service loads, decides and saves within one unit of work that its
//! caller begins and saves.

pub mod accept_grant;
pub mod add_evidence;
pub mod age_exception;
pub mod bar;
pub mod change_organization;
pub mod configure_connection;
pub mod confirm_claim;
mod cut_off;
pub mod decide_request;
pub mod decide_review;
pub mod dispute;
mod doubt;
pub mod end_access;
pub mod end_grant;
pub mod end_link;
pub mod event_claims;
pub mod explain_account;
pub mod explain_link;
pub mod federate;
mod follow_link;
pub mod follow_merge;
pub mod issue_invitation;
pub mod lookup;
pub mod make_link;
pub mod match_patient;
pub mod notice;
pub mod offer_grant;
mod own_past;
pub mod pick;
pub mod process_claim;
pub mod process_request;
pub mod proxy;
mod proxy_notice;
pub mod reassess;
pub mod redeem;
pub mod renew_grant;
pub mod retell;
pub mod revoke_invitation;
mod send_code;
pub mod set_policy;
pub mod streams;
pub mod submit_claim;
pub mod submit_request;
mod surviving_record;
pub mod suspend_link;
pub mod token_context;
pub mod totp;
pub mod turn;
pub mod undo_ending;
pub mod withdraw_claim;
pub mod withdraw_evidence;
mod write_link;
mod wrong_try;

use std::sync::Arc;

use crate::{
    actor::Actor,
    audit::{Action, AuditEntry, Subject},
    id::{AccountId, AuditId, OrganizationId},
    policy::ClaimPolicy,
    port::{Clock, Purpose, Random, Vault},
    store::{StoreError, UnitOfWork},
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

/// What wrong tries of an account are counted on.
fn account_key(account: AccountId) -> [u8; 16] {
    *account.uuid().as_bytes()
}

/// What tries from a network address are counted on.
fn address_key(ports: &Ports, address: &str) -> [u8; 16] {
    ports.vault.index_hash(Purpose::Address, address.as_bytes())
}

/// An organization's rules for claims.
async fn claim_policy(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
) -> Result<ClaimPolicy, StoreError> {
    let organization = unit.organization(organization).await?;
    let gone = || StoreError::Corrupt { what: "claim", why: "its organization is gone".into() };
    Ok(organization.ok_or_else(gone)?.policy.claims)
}
