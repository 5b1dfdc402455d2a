//! What the clock will do to a proxy's link is told beforehand; once it did, whoever listens is told.
//!
//! The link itself needs none of this: what it opens is decided when it is asked for. So a turn that is told late,
//! because no worker ran, opens nothing to anybody.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ports, proxy_notice};
use crate::{
    access::AccessRules,
    actor::Actor,
    audit::{Action, Subject},
    event::{LinkEvent, LinkEventKind},
    grant::{Grant, GrantState},
    id::{EventId, GrantId},
    link::{Link, LinkRole, LinkState},
    outbox::Turn,
    relationship::ProxyBasis,
    store::{StoreError, Turning, UnitOfWork},
};

/// The next moment at which the clock may change what the link gives.
fn next_turn(link: &Link, rules: &AccessRules, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let follows_age = link.role.basis().is_some_and(ProxyBasis::follows_age);
    let step = rules.next_step(&link.facts, now).filter(|_| follows_age).map(|step| step.at);
    let exception = link.facts.exception.filter(|_| follows_age);
    let begins = exception.map(|exception| exception.from);
    let ends = exception.and_then(|exception| exception.until);
    [link.period.end, step, begins, ends].into_iter().flatten().filter(|at| *at > now).min()
}

/// What the clock does to the link between two moments; nothing if it gives the same at both.
fn turn(link: &Link, rules: &AccessRules, before: DateTime<Utc>, after: DateTime<Utc>) -> Option<Turn> {
    match (link.gives(rules, before), link.gives(rules, after)) {
        (Err(_), Err(_)) => None,
        (Ok(before), Ok(after)) if before == after => None,
        (_, Ok(_)) => Some(Turn::Changes),
        (Ok(_), Err(_)) => Some(Turn::Ends),
    }
}

/// Looks at a grant that is due. Nothing, and no outcome, if somebody else did it first or it is over.
pub async fn look(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    id: GrantId,
) -> Result<Option<&'static str>, StoreError> {
    let Some(grant) = unit.grant_for_update(id).await? else { return Ok(None) };
    let GrantState::Accepted(accepted) = grant.state else { return Ok(None) };
    let organization = unit.organization(grant.organization).await?;
    let link = unit.link(accepted.link).await?;
    let (Some(organization), Some(link)) = (organization, link) else { return Ok(None) };
    let family = &organization.policy.family;
    let (now, rules) = (ports.clock.now(), family.rules());
    let before = unit.turning(&grant).await?;
    let turned = before.turns_at.filter(|at| *at <= now && link.state == LinkState::Active);
    if let Some(at) = turned {
        tell_listeners(unit, ports, &link, &rules, at);
    }
    let next = next_turn(&link, &rules, now);
    let notice = next.map(|next| next - TimeDelta::days(family.notice_days.into()));
    let mut told = before.told && before.turns_at == next;
    let mut foretold = false;
    if let (Some(next), Some(notice)) = (next, notice)
        && !told
        && notice <= now
    {
        told = true;
        foretold = foretell(unit, ports, (&grant, &link), &rules, next).await?;
    }
    let due_at = if told { next } else { notice };
    unit.put_turning(&grant, Turning { turns_at: next, told }, due_at).await?;
    Ok(Some(match (turned.is_some(), foretold) {
        (true, _) => "turned",
        (false, true) => "foretold",
        (false, false) => "nothing",
    }))
}

/// The link is as it was; what it gives is not.
fn tell_listeners(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    rules: &AccessRules,
    at: DateTime<Utc>,
) {
    let now = ports.clock.now();
    let Some(turn) = turn(link, rules, at - TimeDelta::microseconds(1), now) else { return };
    let kind = match turn {
        Turn::Changes => LinkEventKind::Changed,
        Turn::Ends => LinkEventKind::Closed,
    };
    unit.happened(LinkEvent {
        id: EventId::new(now, &*ports.random),
        account: link.account,
        organization: link.organization,
        patient: link.patient,
        link: link.id,
        kind,
        at: now,
    });
    let detail = serde_json::json!({"event": kind, "since": at});
    unit.record(ports.audit(link.organization, Actor::System, Action::LinkTurn, Subject::from(link), detail));
}

async fn foretell(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    (grant, link): (&Grant, &Link),
    rules: &AccessRules,
    next: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let now = ports.clock.now();
    if link.role == LinkRole::SelfRole || link.gives(rules, now).is_err() {
        return Ok(false);
    }
    let Some(turn) = turn(link, rules, now, next) else { return Ok(false) };
    proxy_notice::soon(unit, ports, grant, turn, next).await?;
    let detail = serde_json::json!({"turn": turn, "at": next, "grant": grant.id});
    let entry =
        ports.audit(link.organization, Actor::System, Action::LinkForetell, Subject::from(link), detail);
    unit.record(entry);
    Ok(true)
}
