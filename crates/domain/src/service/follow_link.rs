//! What follows when a link is closed or opened again: its grant ends with it, and what its account granted to
//! others is closed, ended, or opened with it.

use std::{future::Future, pin::Pin};

use super::{
    Ports, doubt, proxy_notice,
    write_link::{Told, write},
};
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    grant::{Grant, GrantState},
    id::GrantId,
    link::{Link, LinkRole, LinkState, Revocation, Suspension},
    store::{StoreError, UnitOfWork},
};

/// Boxed, since closing one link may close others.
type Following<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// What closing a link means for those whom its account let act.
#[derive(Clone, Copy)]
enum Meaning {
    /// Whether they were the patient's to grant is in doubt.
    Doubt,
    /// Who had it only passed on has nothing to pass on.
    Nothing,
    /// It is as it was.
    Well,
}

/// `link` was just written, and `action` says what was done to it.
pub(super) fn follow<'a>(
    unit: &'a mut dyn UnitOfWork,
    ports: &'a Ports,
    link: &'a Link,
    action: Action,
) -> Following<'a> {
    Box::pin(async move {
        if let LinkState::Revoked { by, reason, .. } = link.state
            && link.role != LinkRole::SelfRole
        {
            end_grant(unit, ports, link, by, reason).await?;
        }
        if action == Action::LinkReopen && link.role != LinkRole::SelfRole {
            resume_grant(unit, ports, link).await?;
        }
        match meaning(link, action) {
            Some(meaning) => follow_granted(unit, ports, link, meaning).await,
            None => Ok(()),
        }
    })
}

fn meaning(link: &Link, action: Action) -> Option<Meaning> {
    let opened = matches!(action, Action::LinkReinstate | Action::LinkReopen);
    let well = link.state == LinkState::Active && opened;
    meaning_of_state(link).or_else(|| well.then_some(Meaning::Well))
}

/// Whether what the link's account granted is closed while the link stands like this.
pub(super) fn puts_in_doubt(link: &Link) -> bool {
    meaning_of_state(link).is_some()
}

fn meaning_of_state(link: &Link) -> Option<Meaning> {
    let by_patient = link.role == LinkRole::SelfRole;
    match link.state {
        LinkState::Revoked { .. } if !by_patient => Some(Meaning::Nothing),
        LinkState::Suspended { .. } if !by_patient => Some(Meaning::Doubt),
        LinkState::Revoked {
            reason: Revocation::NotMe | Revocation::WrongPerson | Revocation::Fraud,
            ..
        }
        | LinkState::Suspended { reason: Suspension::Disputed | Suspension::Fraud, .. } => {
            Some(Meaning::Doubt)
        }
        LinkState::Revoked { .. } | LinkState::Suspended { .. } | LinkState::Active => None,
    }
}

async fn end_grant(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    by: Actor,
    reason: Revocation,
) -> Result<(), StoreError> {
    let Some(found) = unit.grant_of_link(link.organization, link.id).await? else { return Ok(()) };
    let Some(grant) = unit.grant_for_update(found.id).await? else { return Ok(()) };
    let Ok(ended) = grant.end(by, reason, ports.clock.now()) else { return Ok(()) };
    unit.update_grant(&ended).await?;
    let subject = Subject::from(link);
    let detail = serde_json::json!({"grant": ended.id, "reason": reason});
    unit.record(ports.audit(link.organization, by, Action::GrantEnd, subject, detail));
    proxy_notice::ended(unit, ports, &ended, reason).await
}

/// What ended its link was taken back.
async fn resume_grant(unit: &mut dyn UnitOfWork, ports: &Ports, link: &Link) -> Result<(), StoreError> {
    let Some(found) = unit.grant_of_link(link.organization, link.id).await? else { return Ok(()) };
    let Some(grant) = unit.grant_for_update(found.id).await? else { return Ok(()) };
    match grant.resume(ports.clock.now()) {
        Ok(resumed) => unit.update_grant(&resumed).await,
        Err(_) => Ok(()),
    }
}

/// Each grant is locked before it is looked at, so that one that is being accepted is seen as it comes out.
async fn follow_granted(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    meaning: Meaning,
) -> Result<(), StoreError> {
    let grants = unit.grants_to_patient(link.organization, link.patient).await?;
    let by = Actor::Account(link.account);
    let mut ids: Vec<GrantId> = grants.into_iter().filter(|grant| grant.by == by).map(|g| g.id).collect();
    ids.sort_unstable();
    for id in ids {
        let Some(grant) = unit.grant_for_update(id).await? else { continue };
        match grant.state {
            GrantState::Accepted(accepted) => {
                if let Some(given) = unit.link_for_update(accepted.link).await? {
                    close(unit, ports, given, meaning).await?;
                }
            }
            // While it is in doubt, the offer is refused to whoever tries it; it need not be lost.
            GrantState::Offered(_) if matches!(link.state, LinkState::Revoked { .. }) => {
                withdraw(unit, ports, grant).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn close(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    given: Link,
    meaning: Meaning,
) -> Result<(), StoreError> {
    let (now, by) = (ports.clock.now(), Actor::System);
    let (changed, action, reason) = match (meaning, given.state) {
        (Meaning::Doubt, LinkState::Active) => {
            (given.suspend(by, Suspension::Grantor, now).ok(), Action::LinkSuspend, "grantor")
        }
        (Meaning::Nothing, LinkState::Active | LinkState::Suspended { .. }) => {
            (given.revoke(by, Revocation::GrantorEnded, now).ok(), Action::LinkRevoke, "grantor_ended")
        }
        (Meaning::Well, LinkState::Suspended { reason: Suspension::Grantor, .. }) => {
            let detail = serde_json::json!({"reason": Suspension::Grantor});
            // One that is no longer suspended has nothing to lift.
            let _ = doubt::lift(unit, ports, given, by, detail).await?;
            return Ok(());
        }
        _ => return Ok(()),
    };
    let Some(changed) = changed else { return Ok(()) };
    let detail = serde_json::json!({"reason": reason});
    write(unit, ports, &changed, Told { by, action, detail }).await
}

async fn withdraw(unit: &mut dyn UnitOfWork, ports: &Ports, grant: Grant) -> Result<(), StoreError> {
    let Ok(withdrawn) = grant.withdraw(Actor::System, ports.clock.now()) else { return Ok(()) };
    unit.update_grant(&withdrawn).await?;
    let subject = Subject { patient: Some(withdrawn.patient), ..Subject::default() };
    let detail = serde_json::json!({"grant": withdrawn.id});
    let entry = ports.audit(withdrawn.organization, Actor::System, Action::GrantWithdraw, subject, detail);
    unit.record(entry);
    Ok(())
}
