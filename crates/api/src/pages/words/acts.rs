//! Why staff closed something, opened it again, or took it back.

use kinlink_domain::{
    dispute::DisputeStatus,
    evidence::Withdrawal,
    link::{Reinstatement, Suspension},
};
use serde::Serialize;

use super::Reasons;

/// The word that JSON and forms have for a reason.
pub(in crate::pages) fn word(reason: impl Serialize) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reasons to choose from, and what each is called.
pub(in crate::pages) fn reasons<R: Copy + Serialize>(
    among: impl IntoIterator<Item = R>,
    called: impl Fn(R) -> &'static str,
) -> Reasons {
    among.into_iter().map(|reason| (word(reason), called(reason))).collect()
}

/// The one of these whose word a form sent.
pub(in crate::pages) fn chosen<R: Copy + Serialize>(
    sent: &str,
    among: impl IntoIterator<Item = R>,
) -> Option<R> {
    among.into_iter().find(|reason| word(*reason) == sent)
}

pub(in crate::pages) const fn suspension(reason: Suspension) -> &'static str {
    match reason {
        Suspension::Disputed => "A contact on record says “this was not me”",
        Suspension::PatientRequest => "The patient asked for it",
        Suspension::Fraud => "Fraud, or the suspicion of it",
        Suspension::Safety => "Somebody’s safety",
        Suspension::Review => "To look into it",
        Suspension::Grantor => "The link of whoever gave this access was closed",
    }
}

pub(in crate::pages) const fn reinstatement(reason: Reinstatement) -> &'static str {
    match reason {
        Reinstatement::PatientConfirmed => "The patient says that it was them after all",
        Reinstatement::ContactOutdated => "The contact on record is not the patient’s any more",
        Reinstatement::Unfounded => "Nothing was found wrong",
        Reinstatement::StaffError => "A mistake of staff",
    }
}

pub(in crate::pages) const fn withdrawal(reason: Withdrawal) -> &'static str {
    match reason {
        Withdrawal::FoundForged => "It turned out to be forged",
        Withdrawal::EnteredByMistake => "It was entered by mistake",
        Withdrawal::WrongPerson => "It is about somebody else",
        Withdrawal::NoLongerValid => "It is not valid any more",
    }
}

pub(in crate::pages) const fn dispute_status(status: DisputeStatus) -> &'static str {
    match status {
        DisputeStatus::Open => "Open",
        DisputeStatus::Upheld => "Right: the link was ended",
        DisputeStatus::Dismissed => "Wrong: the link opens again",
    }
}
