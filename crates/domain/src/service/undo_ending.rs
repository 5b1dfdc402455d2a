//! A second person takes back that every access was ended: exactly what the ending closed opens again, by the record
//! as it is now, but for what somebody changed since, or decided against.

use super::{
    Ports,
    proxy::is_barred,
    surviving_record::surviving_for_update,
    write_link::{Told, write},
};
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    dispute::DisputeStatus,
    ending::{EndedItem, Ending, EndingScope, UndoRefusal},
    id::{AccountId, EndingId, LinkId},
    link::{Link, LinkRole, LinkState},
    store::{StoreError, UnitOfWork},
};

/// Why an ending was not undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// No such ending at this organization.
    #[error("no such ending at this organization")]
    NotFound,
    /// It cannot be undone, or not by this person.
    #[error(transparent)]
    Refused(#[from] UndoRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of it.
#[derive(Debug)]
pub struct Undone {
    /// The ending.
    pub ending: Ending,
    /// Links that are open again.
    pub links: u64,
    /// Invitations that can be redeemed again.
    pub invitations: u64,
    /// What stays closed: changed since, replaced by another link since, kept out by a bar or an upheld dispute
    /// since, or a claim, an offer or a request. Whoever claimed can claim again; what became of the review in
    /// between, nobody may guess.
    pub left: u64,
}

/// Undoes an ending.
pub async fn undo(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: EndingId,
) -> Result<Undone, UndoError> {
    let ending = unit.ending_for_update(by.organization(), id).await?.ok_or(UndoError::NotFound)?;
    let ending = ending.undo(by.actor(), ports.clock.now())?;
    let mut undone = Undone { ending, links: 0, invitations: 0, left: 0 };
    let mut accounts = Vec::new();
    for item in unit.ended_items(by.organization(), id).await? {
        match item {
            EndedItem::Link { link, before } => {
                match reopen(unit, ports, by, &undone.ending, link, before).await? {
                    Some(link) => {
                        undone.links += 1;
                        accounts.push(link.account);
                    }
                    None => undone.left += 1,
                }
            }
            EndedItem::Invitation(invitation) => {
                let stored = unit.invitation_for_update(by.organization(), invitation).await?;
                match stored.and_then(|invitation| undone.ending.reissued(invitation)) {
                    Some(open) => {
                        unit.update_invitation(&open).await?;
                        undone.invitations += 1;
                    }
                    None => undone.left += 1,
                }
            }
            EndedItem::Claim(_) | EndedItem::Offer(_) | EndedItem::Request(_) => undone.left += 1,
        }
    }
    follow_merges(unit, ports, by, accounts).await?;
    unit.update_ending(&undone.ending).await?;
    record(unit, ports, by, &undone);
    Ok(undone)
}

async fn reopen(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    ending: &Ending,
    link: LinkId,
    before: LinkState,
) -> Result<Option<Link>, StoreError> {
    // The record before the link, as everywhere: a bar comes before this, and is seen, or after, and ends the link.
    let Some(seen) = unit.link(link).await? else { return Ok(None) };
    let now_at = surviving_for_update(unit, seen.organization, seen.patient).await?;
    let record = unit.patient_for_update(seen.organization, seen.patient).await?;
    let (Some(now_at), Some(record)) = (now_at, record) else { return Ok(None) };
    let Some(link) = unit.link_for_update(link).await?.filter(|link| link.patient == record.id) else {
        return Ok(None);
    };
    // The account may have been given another link since, which is not this ending's to close.
    if unit.unrevoked_link_for_update(link.account, link.patient).await?.is_some() {
        return Ok(None);
    }
    if link.role != LinkRole::SelfRole && is_barred(unit, ports, &now_at, link.account).await? {
        return Ok(None);
    }
    let disputes = unit.disputes_of_link(&link).await?;
    if disputes.iter().any(|dispute| dispute.status() == DisputeStatus::Upheld) {
        return Ok(None);
    }
    let opened = ending.reopened(link, before, record.place(), ports.clock.now());
    let Some(opened) = opened else { return Ok(None) };
    let told =
        Told { by: by.actor(), action: Action::LinkReopen, detail: serde_json::json!({"ending": ending.id}) };
    write(unit, ports, &opened, told).await?;
    Ok(Some(opened))
}

/// Records may have been merged while the links were closed.
async fn follow_merges(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    mut accounts: Vec<AccountId>,
) -> Result<(), StoreError> {
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        unit.settle_merges(by.organization(), account, ports.clock.now()).await?;
    }
    Ok(())
}

fn record(unit: &mut dyn UnitOfWork, ports: &Ports, by: Authorized, undone: &Undone) {
    let subject = match undone.ending.scope {
        EndingScope::Record(patient) => Subject { patient: Some(patient), ..Subject::default() },
        EndingScope::Account(account) => Subject { account: Some(account), ..Subject::default() },
    };
    let detail = serde_json::json!({
        "ending": undone.ending.id,
        "links": undone.links,
        "invitations": undone.invitations,
        "left": undone.left,
    });
    unit.record(ports.audit(by.organization(), by.actor(), Action::EndingUndo, subject, detail));
}
