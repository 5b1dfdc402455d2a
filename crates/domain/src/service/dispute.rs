//! "This was not me": whoever holds a notice closes the link that it tells of; staff decide what follows.

mod decide;

use chrono::{DateTime, Utc};

use super::{Ports, suspend_link::write_suspended};
use crate::{
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    dispute::{Dispute, DisputeState, DisputeStatus, DisputeToken},
    id::DisputeId,
    link::{Link, LinkState, SuspendRefusal, Suspension},
    organization::Organization,
    port::Purpose,
    store::{StoreError, UnitOfWork},
};

pub use decide::{DecideError, Verdict, decide};

/// Why a token is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// Kinlink did not make it, or what it names is gone. Counted on the address.
    #[error("the token is not accepted")]
    NotAccepted,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Too many wrong tokens from this address.
    #[error("too many wrong tries")]
    TooManyAttempts {
        /// When to try again.
        until: DateTime<Utc>,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a token leads to.
#[derive(Debug)]
pub struct Disputable {
    /// The organization that the link belongs to.
    pub organization: Organization,
    /// What has become, or may become, of the link.
    pub standing: Standing,
    link: Link,
    token: DisputeToken,
}

/// What has become of a link that a notice tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can be disputed.
    Open,
    /// It is suspended, and staff look into it.
    InReview,
    /// It was disputed by this notice before, and staff found nothing wrong.
    Reviewed,
    /// It was ended.
    Ended,
}

/// Reads a token and what has become of its link; changes nothing but the count of wrong tries, which is to
/// be saved.
pub async fn look(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    token: &str,
    address: &str,
) -> Result<Disputable, TokenRefusal> {
    let now = ports.clock.now();
    let key = ports.vault.index_hash(Purpose::Address, address.as_bytes());
    let counter = unit.attempts(AttemptScope::Address, key).await?;
    if let Some(until) = counter.and_then(|counter| counter.locked_until(AttemptScope::Address.limit(), now))
    {
        return Err(TokenRefusal::TooManyAttempts { until });
    }
    let Some(token) = DisputeToken::read(token, &*ports.vault) else {
        unit.count_failure(AttemptScope::Address, key, now).await?;
        return Err(TokenRefusal::NotAccepted);
    };
    if now >= token.expires_at {
        return Err(TokenRefusal::Expired);
    }
    // Of a link that was absorbed when records were merged, the one that stands for it opens what it opened.
    let link = unit.standing_link_for_update(token.link).await?.ok_or(TokenRefusal::NotAccepted)?;
    let organization = unit.organization(link.organization).await?.ok_or(TokenRefusal::NotAccepted)?;
    let disputes = unit.disputes_of_link(&link).await?;
    let standing = standing(&link, &disputes, &token);
    Ok(Disputable { organization, standing, link, token })
}

/// A notice disputes once: after staff have decided, the same mail opened again, perhaps by a scanner that
/// presses buttons, does not close the link behind their back.
fn standing(link: &Link, disputes: &[Dispute], token: &DisputeToken) -> Standing {
    if matches!(link.state, LinkState::Revoked { .. }) {
        return Standing::Ended;
    }
    if disputes.iter().any(|dispute| dispute.status() == DisputeStatus::Open) {
        return Standing::InReview;
    }
    if disputes.iter().any(|dispute| dispute.message == token.message) {
        return Standing::Reviewed;
    }
    Standing::Open
}

/// Disputes the link of a token: suspends it, if it is not, and opens a dispute. The same token again changes
/// nothing.
pub async fn open(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    token: &str,
    address: &str,
) -> Result<Disputable, TokenRefusal> {
    let found = look(unit, ports, token, address).await?;
    if found.standing != Standing::Open {
        return Ok(found);
    }
    let now = ports.clock.now();
    let by = Actor::Contact(found.token.message);
    let dispute = Dispute {
        id: DisputeId::new(now, &*ports.random),
        organization: found.organization.id,
        link: found.link.id,
        account: found.link.account,
        patient: found.link.patient,
        message: found.token.message,
        opened_at: now,
        state: DisputeState::Open,
    };
    let (link, reason) = (found.link.clone(), Suspension::Disputed);
    match link.suspend(by, reason, now) {
        Ok(suspended) => write_suspended(unit, ports, &suspended, by, reason).await?,
        // Suspended by staff for a reason of their own: that stands, and the dispute is opened beside it.
        Err(SuspendRefusal::AlreadySuspended) => {}
        Err(SuspendRefusal::AlreadyRevoked | SuspendRefusal::ReasonNotAllowed) => {
            return Err(TokenRefusal::NotAccepted);
        }
    }
    unit.add_dispute(&dispute).await?;
    let detail = serde_json::json!({"dispute": dispute.id});
    unit.record(ports.audit(dispute.organization, by, Action::DisputeOpen, subject(&dispute), detail));
    Ok(Disputable { standing: Standing::InReview, ..found })
}

/// What a dispute is about, for the audit.
pub fn subject(dispute: &Dispute) -> Subject {
    Subject {
        link: Some(dispute.link),
        account: Some(dispute.account),
        patient: Some(dispute.patient),
        ..Subject::default()
    }
}
