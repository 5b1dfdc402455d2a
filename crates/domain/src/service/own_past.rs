//! What an account's own links to a record, past ones included, say against its getting another.
//!
//! A link that was ended because the account should not have had it is remembered: codes that were on their way open
//! nothing, and a claim is looked at. And whoever acts for a patient is somebody else: nobody comes from the one role
//! to the other by a code that went to the patient.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    actor::Actor,
    dispute::{Dispute, DisputeState},
    id::AccountId,
    link::{KeptOut, Link, LinkRole, LinkState, Revocation},
    organization::Organization,
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// What its own links say against an account.
#[derive(Debug, Default)]
pub(super) struct OwnPast {
    kept_out: Vec<(DateTime<Utc>, KeptOut)>,
    acts_for_patient: bool,
}

/// What this account's links to this record, and to those that were merged into it, say against it.
pub(super) async fn own_past(
    unit: &mut dyn UnitOfWork,
    patient: &PatientRecord,
    account: AccountId,
) -> Result<OwnPast, StoreError> {
    let mut past = OwnPast::default();
    for link in unit.links_of_account_to(patient.organization, account, patient.id).await? {
        let before = match link.state {
            LinkState::Revoked { at, by: Actor::Account(_), .. } => {
                unit.link_at(&link, at - TimeDelta::microseconds(1)).await?
            }
            _ => None,
        };
        let disputes = unit.disputes_of_link(&link).await?;
        past.note(&link, before.as_ref(), &disputes);
    }
    Ok(past)
}

/// Whether a contact on record is no sign that this account is the patient's: a minor's is often a parent's, and
/// whoever acts for a patient, or had a link that was ended for cause, may well read the patient's mail.
pub(super) fn contact_shows_nothing(
    past: &OwnPast,
    organization: &Organization,
    patient: &PatientRecord,
    now: DateTime<Utc>,
) -> bool {
    let minor = organization.policy.family.rules().may_be_minor(&patient.facts(), now);
    minor || past.acts_for_patient() || past.kept_out_since(&LinkRole::SelfRole).is_some()
}

impl OwnPast {
    /// When it was last kept from opening the record in this role, if it ever was.
    pub(super) fn kept_out_since(&self, role: &LinkRole) -> Option<DateTime<Utc>> {
        let of_role = |out: KeptOut| *role == LinkRole::SelfRole || out == KeptOut::InAnyRole;
        self.kept_out.iter().filter(|(_, out)| of_role(*out)).map(|(at, _)| *at).max()
    }

    /// Whether it acts for the patient, or did.
    pub(super) const fn acts_for_patient(&self) -> bool {
        self.acts_for_patient
    }

    /// `before` is how the link stood before its account, or the patient's, ended it.
    fn note(&mut self, link: &Link, before: Option<&Link>, disputes: &[Dispute]) {
        let as_proxy = link.role != LinkRole::SelfRole;
        // What a proxy is said not to be is a proxy.
        let kept = |out| if as_proxy { KeptOut::InAnyRole } else { out };
        if let LinkState::Revoked { at, reason, .. } = link.state {
            let doubt = before.and_then(|before| match before.state {
                LinkState::Suspended { reason, .. } => Some(reason.keeps_out()),
                LinkState::Active | LinkState::Revoked { .. } => None,
            });
            self.kept_out.extend(reason.keeps_out().max(doubt).map(|out| (at, kept(out))));
        }
        // Its account may have ended the link, for a reason of its own, before the dispute was decided.
        let upheld = disputes.iter().filter_map(|dispute| match dispute.state {
            DisputeState::Upheld { at, reason, .. } => {
                Some((at, kept(reason.keeps_out().unwrap_or(KeptOut::AsPatient))))
            }
            DisputeState::Open | DisputeState::Dismissed { .. } => None,
        });
        self.kept_out.extend(upheld);
        self.acts_for_patient |= as_proxy && !says_nothing(link);
    }
}

/// Whether it was never meant, or another link of the account stands for it.
const fn says_nothing(link: &Link) -> bool {
    matches!(
        link.state,
        LinkState::Revoked {
            reason: Revocation::StaffError | Revocation::Merged | Revocation::Superseded,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        id::Id,
        link::{Suspension, tests::active},
        relationship::{ProxyBasis, Relationship},
    };

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn proxy() -> LinkRole {
        let relationship = Relationship::parse("MTH").unwrap();
        LinkRole::Proxy { relationship, basis: ProxyBasis::ParentalResponsibility }
    }

    fn ended(role: LinkRole, reason: Revocation) -> Link {
        let state = LinkState::Revoked { at: NOW, by: Actor::Operator, reason };
        Link { role, state, ..active() }
    }

    fn dispute(state: DisputeState) -> Dispute {
        let link = active();
        Dispute {
            id: Id::from_uuid(Uuid::from_u128(1)),
            organization: link.organization,
            link: link.id,
            account: link.account,
            patient: link.patient,
            message: Id::from_uuid(Uuid::from_u128(2)),
            opened_at: NOW,
            state,
        }
    }

    /// Whether it is kept from being the patient, and from being a proxy.
    fn kept_out(link: &Link, before: Option<&Link>, disputes: &[Dispute]) -> (bool, bool) {
        let mut past = OwnPast::default();
        past.note(link, before, disputes);
        (past.kept_out_since(&LinkRole::SelfRole).is_some(), past.kept_out_since(&proxy()).is_some())
    }

    #[test]
    fn an_ending_keeps_out_by_its_reason_and_the_role_that_it_ended() {
        use Revocation::{
            CourtOrder, Fraud, GrantorEnded, Merged, NoLongerWanted, NotMe, PatientEnded, PatientRequest,
            Safety, StaffError, Superseded, WrongPerson,
        };
        for (reason, as_patient, in_any_role) in [
            (NotMe, true, false),
            (WrongPerson, true, false),
            (Fraud, true, true),
            (CourtOrder, true, true),
            (Safety, true, true),
            (NoLongerWanted, false, false),
            (PatientRequest, false, false),
            (StaffError, false, false),
            (Merged, false, false),
            (PatientEnded, false, false),
            (Superseded, false, false),
            (GrantorEnded, false, false),
        ] {
            let own = ended(LinkRole::SelfRole, reason);
            assert_eq!(kept_out(&own, None, &[]), (as_patient, in_any_role), "{reason:?}");
            assert_eq!(kept_out(&ended(proxy(), reason), None, &[]), (as_patient, as_patient), "{reason:?}");
        }
        assert_eq!(kept_out(&active(), None, &[]), (false, false));
    }

    #[test]
    fn whoever_ends_a_suspended_link_or_one_that_was_rightly_disputed_does_not_end_the_doubt() {
        let own = ended(LinkRole::SelfRole, Revocation::NoLongerWanted);
        for (suspension, in_any_role) in [
            (Suspension::Disputed, false),
            (Suspension::Review, false),
            (Suspension::Fraud, true),
            (Suspension::Safety, true),
        ] {
            let before = active().suspend(Actor::Operator, suspension, NOW);
            let before = before.unwrap_or_else(|_| Link {
                state: LinkState::Suspended { at: NOW, by: Actor::System, reason: suspension },
                ..active()
            });
            assert_eq!(kept_out(&own, Some(&before), &[]), (true, in_any_role), "{suspension:?}");
        }
        assert_eq!(kept_out(&own, Some(&active()), &[]), (false, false));
        let by = Actor::Operator;
        let upheld = |reason| dispute(DisputeState::Upheld { at: NOW, by, reason });
        assert_eq!(kept_out(&own, None, &[upheld(Revocation::StaffError)]), (true, false));
        assert_eq!(kept_out(&own, None, &[upheld(Revocation::Fraud)]), (true, true));
        let reason = crate::link::Reinstatement::Unfounded;
        let dismissed = dispute(DisputeState::Dismissed { at: NOW, by, reason });
        assert_eq!(kept_out(&own, None, &[dismissed, dispute(DisputeState::Open)]), (false, false));
    }

    #[test]
    fn whoever_acts_for_the_patient_or_did_is_somebody_else_unless_it_was_a_mistake() {
        for (link, acts) in [
            (active(), false),
            (Link { role: proxy(), ..active() }, true),
            (ended(proxy(), Revocation::PatientEnded), true),
            (ended(proxy(), Revocation::NoLongerWanted), true),
            (ended(proxy(), Revocation::StaffError), false),
            (ended(proxy(), Revocation::Superseded), false),
            (ended(LinkRole::SelfRole, Revocation::Fraud), false),
        ] {
            let mut past = OwnPast::default();
            past.note(&link, None, &[]);
            assert_eq!(past.acts_for_patient(), acts, "{:?} {:?}", link.role, link.state);
        }
    }

    #[test]
    fn of_several_endings_the_last_one_counts() {
        let mut past = OwnPast::default();
        let later = NOW + TimeDelta::days(1);
        let by = Actor::Operator;
        for (at, reason) in [(later, Revocation::NotMe), (NOW, Revocation::Fraud)] {
            let state = LinkState::Revoked { at, by, reason };
            past.note(&Link { state, ..active() }, None, &[]);
        }
        assert_eq!(past.kept_out_since(&LinkRole::SelfRole), Some(later));
        assert_eq!(past.kept_out_since(&proxy()), Some(NOW));
    }
}
