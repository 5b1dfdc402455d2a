//! What the clock will do to a proxy's link is told beforehand; once the clock or a policy made a link give something
//! else, whoever listens is told.
//!
//! The link itself needs none of this: what it opens is decided when it is asked for. So a turn that is told late,
//! because no worker ran, opens nothing to anybody.

use chrono::{DateTime, Utc};

use super::{Ports, proxy_notice};
use crate::{
    access::{Answering, Gave},
    actor::Actor,
    audit::{Action, Subject},
    event::{LinkEvent, LinkEventKind},
    grant::GrantState,
    id::LinkId,
    link::Link,
    outbox::Turn,
    store::{StoreError, UnitOfWork},
};

/// Looks at a link that is due. Nothing, and no outcome, if it was ended.
///
/// What was told last is kept, and what is told is the difference: looking twice tells once.
pub async fn look(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    id: LinkId,
) -> Result<Option<&'static str>, StoreError> {
    let Some(link) = unit.link_for_update(id).await? else { return Ok(None) };
    let Some(kept) = unit.turning(&link).await? else { return Ok(None) };
    let Some(organization) = unit.organization(link.organization).await? else { return Ok(None) };
    let (now, answering) = (ports.clock.now(), organization.answering());
    let turned = match kept.gave {
        // What it gives is told with its next change.
        Gave::Unknown => None,
        gave => LinkEventKind::between(gave, answering.gave(&link, now)),
    };
    if let Some(kind) = turned {
        tell_listeners(unit, ports, &answering, &link, kind);
    }
    let (mut foretold, mut told) = (kept.foretold, false);
    if let Some((at, turn)) = answering.to_foretell(&link, foretold, now) {
        foretold = Some(at);
        told = foretell(unit, ports, &link, turn, at).await?;
    }
    unit.put_turning(&link, &answering.turning(&link, foretold, now)).await?;
    Ok(Some(match (turned, told) {
        (Some(_), _) => "turned",
        (None, true) => "foretold",
        (None, false) => "nothing",
    }))
}

/// The link is as it was; what it gives is not.
fn tell_listeners(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    answering: &Answering,
    link: &Link,
    kind: LinkEventKind,
) {
    let now = ports.clock.now();
    unit.happened(LinkEvent::at(link, kind, now, &*ports.random));
    let detail = serde_json::json!({
        "event": kind,
        "status": link.status(answering.rules(), now),
        "assurance": link.assurance.at(now),
    });
    unit.record(ports.audit(link.organization, Actor::System, Action::LinkTurn, Subject::from(link), detail));
}

/// Whether there was anybody to tell.
async fn foretell(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    turn: Turn,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let grant = unit.grant_of_link(link.organization, link.id).await?;
    let Some(grant) = grant.filter(|grant| matches!(grant.state, GrantState::Accepted(_))) else {
        return Ok(false);
    };
    proxy_notice::soon(unit, ports, &grant, turn, at).await?;
    let detail = serde_json::json!({"turn": turn, "at": at, "grant": grant.id});
    let entry =
        ports.audit(link.organization, Actor::System, Action::LinkForetell, Subject::from(link), detail);
    unit.record(entry);
    Ok(true)
}
