//! Why a link is closed or opened again, and who may say so.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;

/// Why a link was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The account holder says that the record is somebody else's.
    NotMe,
    /// The account holder does not want it any more.
    NoLongerWanted,
    /// Staff found that the account is not that person's.
    WrongPerson,
    /// The patient asked staff.
    PatientRequest,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// A court ordered it.
    CourtOrder,
    /// Somebody's safety asks for it.
    Safety,
    /// A mistake of staff.
    StaffError,
    /// Its record was merged into one that the account has another link to.
    Merged,
    /// The patient ended what they had granted.
    PatientEnded,
    /// A newer grant took its place.
    Superseded,
    /// Whoever passed it on does not have it any more.
    GrantorEnded,
}

impl Revocation {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::NotMe,
        Self::NoLongerWanted,
        Self::WrongPerson,
        Self::PatientRequest,
        Self::Fraud,
        Self::CourtOrder,
        Self::Safety,
        Self::StaffError,
        Self::Merged,
        Self::PatientEnded,
        Self::Superseded,
        Self::GrantorEnded,
    ];

    /// From what the account is kept afterwards, until staff look or decide anew.
    pub const fn keeps_out(self) -> Option<KeptOut> {
        match self {
            Self::NotMe | Self::WrongPerson => Some(KeptOut::AsPatient),
            Self::Fraud | Self::CourtOrder | Self::Safety => Some(KeptOut::InAnyRole),
            Self::NoLongerWanted
            | Self::PatientRequest
            | Self::StaffError
            | Self::Merged
            | Self::PatientEnded
            | Self::Superseded
            | Self::GrantorEnded => None,
        }
    }

    /// Whether `actor` may give this reason.
    pub const fn allowed_to(self, actor: Actor) -> bool {
        match self {
            Self::NotMe | Self::NoLongerWanted | Self::PatientEnded => matches!(actor, Actor::Account(_)),
            Self::Merged | Self::Superseded | Self::GrantorEnded => matches!(actor, Actor::System),
            Self::WrongPerson
            | Self::PatientRequest
            | Self::Fraud
            | Self::CourtOrder
            | Self::Safety
            | Self::StaffError => matches!(actor, Actor::Staff(_) | Actor::Operator),
        }
    }
}

/// From what an account is kept whose link was ended: codes that were on their way open nothing, and a claim is
/// looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptOut {
    /// From opening the record as its patient: the account is somebody else's.
    AsPatient,
    /// From opening it at all: by what was done, or is feared.
    InAnyRole,
}

/// Why a link is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// A contact on record says that it was not the patient.
    Disputed,
    /// The patient asked staff.
    PatientRequest,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// Somebody's safety asks for it.
    Safety,
    /// Staff want to look into it.
    Review,
    /// The link of whoever granted it is in doubt.
    Grantor,
}

impl Suspension {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Disputed, Self::PatientRequest, Self::Fraud, Self::Safety, Self::Review, Self::Grantor];

    /// From what the account is kept if a login ended the link, its own or the patient's, which would take the doubt away
    /// unanswered.
    pub const fn keeps_out(self) -> KeptOut {
        match self {
            Self::Fraud | Self::Safety => KeptOut::InAnyRole,
            Self::Disputed | Self::PatientRequest | Self::Review | Self::Grantor => KeptOut::AsPatient,
        }
    }

    /// Whether `actor` may give this reason.
    pub const fn allowed_to(self, actor: Actor) -> bool {
        match self {
            Self::Disputed => matches!(actor, Actor::Contact(_)),
            Self::Grantor => matches!(actor, Actor::System),
            Self::PatientRequest | Self::Fraud | Self::Safety | Self::Review => {
                matches!(actor, Actor::Staff(_) | Actor::Operator)
            }
        }
    }
}

/// Why a suspension is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reinstatement {
    /// The patient says that it was them after all.
    PatientConfirmed,
    /// Whoever disputed it is not the patient: the contact on record is out of date.
    ContactOutdated,
    /// Staff looked into it and found nothing wrong.
    Unfounded,
    /// A mistake of staff.
    StaffError,
}
