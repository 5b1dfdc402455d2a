//! Claims of which a link may still come, cut off when the account should not have had the link that it has.
//!
//! Claims are locked before links, so this comes before the link is.

use super::{Ports, claim_policy};
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    id::{AccountId, OrganizationId, PatientId},
    store::{StoreError, UnitOfWork},
};

/// Cuts off the account's claims to this record, as far as it can be told of them. One that nobody matched yet is
/// found out when it is ([`super::own_past`]).
pub(super) async fn claims(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    organization: OrganizationId,
    (account, patient): (AccountId, PatientId),
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let open = unit.open_claims_for_update(organization, account, patient, now).await?;
    if open.is_empty() {
        return Ok(());
    }
    let policy = claim_policy(unit, organization).await?;
    for claim in open {
        let Ok(declined) = claim.cut_off(by, &policy, now) else { continue };
        unit.update_claim(&declined).await?;
        let subject = Subject { account: Some(account), patient: Some(patient), ..Subject::default() };
        let detail = serde_json::json!({"claim": declined.id});
        unit.record(ports.audit(organization, by, Action::ClaimCutOff, subject, detail));
    }
    Ok(())
}
