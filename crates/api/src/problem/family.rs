//! Which problem each error about proxies is.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    link::RevokeRefusal,
    service::{
        accept_grant::UseRefusal,
        bar::BarError,
        decide_request::DecideRequestError,
        end_grant::EndGrantError,
        offer_grant::OfferError,
        proxy::{ProxyError, TermsError},
        renew_grant::RenewError,
        submit_request::{SubmitRequestError, WithdrawRequestError},
    },
};

use super::{Problem, ProblemType};

impl From<TermsError> for Problem {
    fn from(error: TermsError) -> Self {
        let at = match error {
            TermsError::UnknownProfile | TermsError::NothingToGive => "/profile",
            TermsError::OverAlready => "/until",
        };
        Self::new(ProblemType::InvalidMember).at(at, error.to_string())
    }
}

impl From<EndGrantError> for Problem {
    fn from(error: EndGrantError) -> Self {
        match error {
            EndGrantError::NotFound => Self::new(ProblemType::NotFound),
            EndGrantError::NotThePatients => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            EndGrantError::NotOpen(refusal) => {
                Self::new(ProblemType::GrantClosed).detail(refusal.to_string())
            }
            EndGrantError::Refused(RevokeRefusal::AlreadyRevoked) => Self::new(ProblemType::GrantClosed),
            EndGrantError::Refused(refusal @ RevokeRefusal::ReasonNotAllowed) => {
                Self::new(ProblemType::InvalidMember).at("/reason", refusal.to_string())
            }
            EndGrantError::Store(error) => error.into(),
        }
    }
}

impl From<RenewError> for Problem {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::NotFound => Self::new(ProblemType::NotFound),
            RenewError::OwnGrant => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            RenewError::NotOpen(refusal) => Self::new(ProblemType::GrantClosed).detail(refusal.to_string()),
            RenewError::RelationshipNotShown => Self::new(ProblemType::RelationshipNotShown),
            RenewError::OverAlready => Self::new(ProblemType::InvalidMember).at("/until", error.to_string()),
            RenewError::Store(error) => error.into(),
        }
    }
}

impl From<BarError> for Problem {
    fn from(error: BarError) -> Self {
        match error {
            BarError::NotFound => Self::new(ProblemType::NotFound),
            BarError::PatientNotFound => Self::new(ProblemType::PatientNotFound),
            BarError::PatientAmbiguous => Self::new(ProblemType::PatientAmbiguous),
            BarError::AccountNotFound => {
                Self::new(ProblemType::InvalidMember).at("/account", error.to_string())
            }
            BarError::OverAlready => Self::new(ProblemType::InvalidMember).at("/until", error.to_string()),
            BarError::AlreadyLifted(_) => Self::new(ProblemType::BarLifted),
            BarError::Store(error) => error.into(),
        }
    }
}

impl From<WithdrawRequestError> for Problem {
    fn from(error: WithdrawRequestError) -> Self {
        match error {
            WithdrawRequestError::NotFound => Self::new(ProblemType::NotFound),
            // Which state it is in is not for whoever asked.
            WithdrawRequestError::NotOpen(_) => Self::new(ProblemType::RequestClosed),
            WithdrawRequestError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// An offer that was not made.
    pub(crate) fn from_offer(error: OfferError, now: DateTime<Utc>) -> Self {
        match error {
            OfferError::NotFound => Self::new(ProblemType::InvalidMember).at("/link", error.to_string()),
            OfferError::NotLive(_) => Self::new(ProblemType::LinkNotLive),
            OfferError::OnlyPatients => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            OfferError::Terms(error) => error.into(),
            OfferError::TooMany { until } => {
                Self::new(ProblemType::TooManyRequests).retry_after((until - now).num_seconds())
            }
            OfferError::Store(error) => error.into(),
        }
    }

    /// An access request that was not taken.
    pub(crate) fn from_request(error: SubmitRequestError, now: DateTime<Utc>) -> Self {
        match error {
            SubmitRequestError::TooThin => {
                Self::new(ProblemType::InputTooThin).at("/demographics", error.to_string())
            }
            SubmitRequestError::NoName => {
                Self::new(ProblemType::InvalidMember).at("/asker/name", error.to_string())
            }
            SubmitRequestError::IssuerNotTrusted => Self::new(ProblemType::IssuerNotTrusted),
            SubmitRequestError::TooMany { until } => {
                Self::new(ProblemType::TooManyRequests).retry_after((until - now).num_seconds())
            }
            SubmitRequestError::Store(error) => error.into(),
        }
    }

    /// The code of an offer that was not used. All that is not accepted looks the same.
    pub(crate) fn from_use(refusal: UseRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            UseRefusal::Mistyped(mistyped) => Self::from_refusal(mistyped.into(), now),
            UseRefusal::NotAccepted => Self::new(ProblemType::CodeNotAccepted),
            UseRefusal::OwnRecord => Self::new(ProblemType::OwnRecord),
            UseRefusal::IssuerNotTrusted => Self::new(ProblemType::IssuerNotTrusted),
            UseRefusal::TooManyProxies => Self::new(ProblemType::TooManyProxies),
            UseRefusal::TooManyAttempts { until } => {
                Self::new(ProblemType::TooManyAttempts).retry_after((until - now).num_seconds())
            }
        }
    }

    /// An access request that was not decided. Why somebody cannot be given access, only staff are told.
    pub(crate) fn from_decision(error: DecideRequestError, to_staff: bool) -> Self {
        match error {
            DecideRequestError::NotFound => Self::new(ProblemType::NotFound),
            DecideRequestError::OwnRequest => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            DecideRequestError::NotOpen(refusal) => {
                Self::new(ProblemType::RequestClosed).detail(refusal.to_string())
            }
            DecideRequestError::NotACandidate => {
                Self::new(ProblemType::InvalidMember).at("/patient", error.to_string())
            }
            DecideRequestError::RelationshipNotShown => Self::new(ProblemType::RelationshipNotShown),
            DecideRequestError::ReasonNotAllowed => {
                Self::new(ProblemType::InvalidMember).at("/reason", error.to_string())
            }
            DecideRequestError::Terms(error) => error.into(),
            DecideRequestError::Proxy(error) => Self::from_proxy(error, to_staff),
            DecideRequestError::Store(error) => error.into(),
        }
    }

    fn from_proxy(error: ProxyError, to_staff: bool) -> Self {
        match error {
            ProxyError::Store(error) => error.into(),
            ProxyError::RecordFull | ProxyError::AccountFull => {
                Self::new(ProblemType::TooManyProxies).detail(error.to_string())
            }
            ProxyError::Barred
            | ProxyError::Suspended
            | ProxyError::RecordNotUsable
            | ProxyError::IssuerNotTrusted
            | ProxyError::OwnRecord => {
                let problem = Self::new(ProblemType::ProxyNotPossible);
                if to_staff { problem.detail(error.to_string()) } else { problem }
            }
        }
    }
}
