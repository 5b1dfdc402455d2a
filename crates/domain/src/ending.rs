//! Endings: every access to a record, or of an account, ended in one act.
//!
//! ```text
//! done ──► undone    by a second person, within the time that the policy gives
//! ```
//! Domestic violence is the case to design for: one act closes everything, and nothing that the ended account can
//! see tells who did it, why, or when. Whoever acts first sees what it would touch, and confirms just that: what
//! was shown has a digest, and if something else would be touched by now, nothing is.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    access_request::AccessRequest,
    actor::Actor,
    claim::Claim,
    grant::Grant,
    id::{AccountId, ClaimId, EndingId, GrantId, InvitationId, LinkId, OrganizationId, PatientId, RequestId},
    invitation::Invitation,
    link::{Link, LinkState, Place, Revocation},
    policy::FamilyPolicy,
};

/// Whose access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
pub enum EndingScope {
    /// Everybody's to this record.
    Record(PatientId),
    /// This account's to every record of the organization.
    Account(AccountId),
}

/// What an ending touches.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// The links that are not revoked.
    pub links: Vec<Link>,
    /// The invitations that can be redeemed.
    pub invitations: Vec<Invitation>,
    /// The claims of which a link may still come.
    pub claims: Vec<Claim>,
    /// The offers that can be accepted.
    pub offers: Vec<Grant>,
    /// The requests of others to act for the patient, or of the account to act for others.
    pub requests: Vec<AccessRequest>,
}

impl Touched {
    /// Names exactly this: another set of things, or another state of one, has another digest.
    pub fn digest(&self, scope: EndingScope, keep_self: bool) -> String {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.links.iter().map(|link| format!("{} {}", link.id, link.version)));
        lines.extend(self.invitations.iter().map(|invitation| invitation.id.to_string()));
        lines.extend(self.claims.iter().map(|claim| claim.id.to_string()));
        lines.extend(self.offers.iter().map(|offer| offer.id.to_string()));
        lines.extend(self.requests.iter().map(|request| request.id.to_string()));
        lines.sort_unstable();
        lines.push(format!("{scope:?} {keep_self}"));
        let mut digest = String::new();
        for byte in Sha256::digest(lines.join("\n")) {
            // Writing to a String does not fail.
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }

    /// Whether there is nothing to end.
    pub const fn is_empty(&self) -> bool {
        self.links.is_empty()
            && self.invitations.is_empty()
            && self.claims.is_empty()
            && self.offers.is_empty()
            && self.requests.is_empty()
    }
}

/// An ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its id.
    pub id: EndingId,
    /// Where.
    pub organization: OrganizationId,
    /// Whose access ended.
    pub scope: EndingScope,
    /// Patients' own links were left alone.
    pub keep_self: bool,
    /// Why.
    pub reason: Revocation,
    /// Who ended it.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// The first moment at which it cannot be undone any more.
    pub undo_until: DateTime<Utc>,
    /// Where it stands.
    pub state: EndingState,
}

/// Where an ending stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingState {
    /// It holds.
    Done,
    /// It was undone.
    Undone {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
    },
}

/// One thing that an ending closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedItem {
    /// A link.
    Link {
        /// Which.
        link: LinkId,
        /// As it stood before.
        before: LinkState,
    },
    /// An invitation.
    Invitation(InvitationId),
    /// A claim.
    Claim(ClaimId),
    /// An offer.
    Offer(GrantId),
    /// An access request.
    Request(RequestId),
}

/// Why an ending cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UndoRefusal {
    /// It was undone before.
    #[error("the ending was undone before")]
    AlreadyUndone,
    /// Its time is over.
    #[error("the ending cannot be undone any more")]
    TooLate,
    /// Whoever ended cannot undo. At the command line nobody can be told from anybody.
    #[error("another person than the one who ended has to undo")]
    SamePerson,
}

impl Ending {
    /// How long an ending can be undone.
    pub fn window(policy: &FamilyPolicy) -> TimeDelta {
        TimeDelta::hours(policy.undo_hours.into())
    }

    /// Takes it back.
    pub fn undo(self, by: Actor, now: DateTime<Utc>) -> Result<Self, UndoRefusal> {
        match self.state {
            EndingState::Undone { .. } => Err(UndoRefusal::AlreadyUndone),
            EndingState::Done if self.by == by => Err(UndoRefusal::SamePerson),
            EndingState::Done if self.undo_until <= now => Err(UndoRefusal::TooLate),
            EndingState::Done => Ok(Self { state: EndingState::Undone { at: now, by }, ..self }),
        }
    }

    /// The link as it stood before this ending, if that is what closed it and nobody changed it since; `place` is
    /// its record as that is now.
    pub fn reopened(&self, link: Link, before: LinkState, place: Place, now: DateTime<Utc>) -> Option<Link> {
        let closed = LinkState::Revoked { at: self.at, by: self.by, reason: self.reason };
        (link.state == closed).then(|| Link { state: before, ..link.relocate(place, now) })
    }

    /// The invitation likewise.
    pub fn reissued(&self, invitation: Invitation) -> Option<Invitation> {
        invitation.reopen(self.by, self.at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        access::PatientFacts,
        link::{Suspension, tests::active},
    };

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn staff(number: u128) -> Actor {
        Actor::Staff(AccountId::from_uuid(Uuid::from_u128(number)))
    }

    fn ending() -> Ending {
        Ending {
            id: EndingId::from_uuid(Uuid::nil()),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            scope: EndingScope::Record(PatientId::from_uuid(Uuid::nil())),
            keep_self: false,
            reason: Revocation::Safety,
            by: staff(1),
            at: NOW,
            undo_until: NOW + TimeDelta::hours(72),
            state: EndingState::Done,
        }
    }

    #[test]
    fn only_a_second_person_undoes_once_and_in_time() {
        let soon = NOW + TimeDelta::hours(71);
        let undone = ending().undo(staff(2), soon).unwrap();
        for (ending, by, at, refusal) in [
            (ending(), staff(1), soon, UndoRefusal::SamePerson),
            (ending(), staff(2), NOW + TimeDelta::hours(72), UndoRefusal::TooLate),
            (undone, staff(3), soon, UndoRefusal::AlreadyUndone),
            (Ending { by: Actor::Operator, ..ending() }, Actor::Operator, soon, UndoRefusal::SamePerson),
        ] {
            assert_eq!(ending.undo(by, at), Err(refusal));
        }
    }

    #[test]
    fn what_it_closed_stands_as_before_and_what_somebody_changed_since_is_left_alone() {
        let suspended = active().suspend(staff(3), Suspension::Review, NOW).unwrap();
        let facts = PatientFacts { deceased_since: Some(NOW), ..PatientFacts::default() };
        let Link { patient, fhir_id, .. } = active();
        let place = Place { patient, fhir_id, usable: false, facts };
        for before in [active(), suspended] {
            let closed = before.clone().revoke(staff(1), Revocation::Safety, NOW).unwrap();
            let opened = ending().reopened(closed, before.state, place.clone(), NOW).unwrap();
            assert_eq!((opened.state, opened.version), (before.state, before.version + 2));
            assert_eq!(
                (opened.facts, opened.record_usable),
                (place.facts, false),
                "of the record as it is now"
            );
        }
        for by_another in [
            active().revoke(staff(2), Revocation::Safety, NOW).unwrap(),
            active().revoke(staff(1), Revocation::Fraud, NOW).unwrap(),
            active().revoke(staff(1), Revocation::Safety, NOW + TimeDelta::hours(1)).unwrap(),
            active(),
        ] {
            assert_eq!(ending().reopened(by_another, LinkState::Active, place.clone(), NOW), None);
        }
    }

    #[test]
    fn a_digest_names_what_is_touched_and_how_it_stands() {
        let scope = ending().scope;
        let touched = |links| Touched { links, ..Touched::default() };
        let one = touched(vec![active()]);
        let other = Link { id: LinkId::from_uuid(Uuid::from_u128(9)), ..active() };
        let digest = one.digest(scope, false);
        assert_eq!(digest, one.digest(scope, false));
        let two = touched(vec![active(), other.clone()]);
        assert_eq!(two.digest(scope, false), touched(vec![other, active()]).digest(scope, false));
        for changed in [touched(vec![Link { version: 2, ..active() }]), two, Touched::default()] {
            assert_ne!(changed.digest(scope, false), digest);
        }
        assert_ne!(one.digest(scope, true), digest);
        assert_ne!(one.digest(EndingScope::Record(PatientId::from_uuid(Uuid::from_u128(8))), false), digest);
    }
}
