//! Which problem each error of the inner crates is. One `match` without a wildcard for each.

use chrono::{DateTime, Utc};
use kinlink_auth::{BearerError, ClientAuthError};
use kinlink_domain::{
    actor::StaffRefusal,
    code::MistypedCode,
    ending::UndoRefusal,
    link::{ReinstateRefusal, RevokeRefusal, SuspendRefusal},
    picker::PickerRefusal,
    review::ReviewRefusal,
    service::{
        add_evidence::AddEvidenceError,
        confirm_claim::ConfirmRefusal,
        decide_review::ReviewError,
        dispute::{DecideError, TokenRefusal},
        end_access::EndAccessError,
        end_link::EndLinkError,
        federate::FederateError,
        issue_invitation::IssueError,
        pick::PickError,
        redeem::RedeemRefusal,
        revoke_invitation::RevokeInvitationError,
        streams::{StreamError, VERIFICATION_INTERVAL},
        submit_claim::SubmitRefusal,
        suspend_link::SuspendLinkError,
        undo_ending::UndoError,
        withdraw_claim::WithdrawError,
        withdraw_evidence::WithdrawEvidenceError,
    },
    store::StoreError,
    stream::StreamRefusal,
};
use kinlink_signing::SigningError;

use super::{Problem, ProblemType};

impl From<StoreError> for Problem {
    /// The cause is logged and not sent.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(constraint) => {
                tracing::info!(?constraint, "a request stood against another one");
                Self::new(ProblemType::Conflict)
            }
            StoreError::Contention(_) => {
                tracing::info!(
                    error = &error as &dyn std::error::Error,
                    "transactions stood in each other's way"
                );
                Self::new(ProblemType::Unavailable).retry_after(1)
            }
            StoreError::Unavailable(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the database does not answer");
                Self::new(ProblemType::Unavailable).retry_after(5)
            }
            StoreError::Corrupt { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "what is stored cannot be read");
                Self::new(ProblemType::Internal)
            }
        }
    }
}

impl From<StaffRefusal> for Problem {
    fn from(refusal: StaffRefusal) -> Self {
        match refusal {
            StaffRefusal::Stranger => Self::new(ProblemType::NotYourOrganization),
            StaffRefusal::RoleMissing => Self::new(ProblemType::Forbidden).detail(refusal.to_string()),
        }
    }
}

impl From<BearerError> for Problem {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Invalid(word) => Self::new(ProblemType::Unauthenticated).detail(word),
            BearerError::UntrustedIssuer => {
                Self::new(ProblemType::Unauthenticated).detail("untrusted_issuer")
            }
            BearerError::ProviderUnavailable => Self::new(ProblemType::Unavailable).retry_after(30),
            BearerError::Store(error) => error.into(),
        }
    }
}

impl From<ClientAuthError> for Problem {
    fn from(error: ClientAuthError) -> Self {
        match error {
            ClientAuthError::NotAccepted => {
                Self::new(ProblemType::Unauthenticated).detail("client_credential")
            }
            ClientAuthError::Store(error) => error.into(),
        }
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Key => {
                tracing::error!("there is no key to sign with");
                Self::new(ProblemType::Internal)
            }
            SigningError::Store(error) => error.into(),
        }
    }
}

impl From<StreamError> for Problem {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Refused(StreamRefusal::NotFound) => Self::new(ProblemType::NotFound),
            StreamError::Refused(StreamRefusal::TooMany) => Self::new(ProblemType::TooManyStreams),
            StreamError::Refused(StreamRefusal::TooSoon) => {
                Self::new(ProblemType::TooManyVerifications).retry_after(VERIFICATION_INTERVAL.num_seconds())
            }
            StreamError::Store(error) => error.into(),
        }
    }
}

impl From<PickError> for Problem {
    fn from(error: PickError) -> Self {
        match error {
            // Another browser is not told that there is one.
            PickError::NotAccepted | PickError::Refused(PickerRefusal::AnotherBrowser) => {
                Self::new(ProblemType::NotFound)
            }
            PickError::Refused(PickerRefusal::Answered | PickerRefusal::Expired) => {
                Self::new(ProblemType::PickerClosed)
            }
            PickError::NotOffered => Self::new(ProblemType::InvalidMember).at("link", error.to_string()),
            PickError::Store(error) => error.into(),
        }
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::PatientNotFound => Self::new(ProblemType::PatientNotFound),
            IssueError::PatientAmbiguous => Self::new(ProblemType::PatientAmbiguous),
            IssueError::RecordNotInvitable => Self::new(ProblemType::RecordNotInvitable),
            IssueError::ChallengeImpossible => Self::new(ProblemType::ChallengeImpossible),
            IssueError::NoContact => Self::new(ProblemType::NoContact),
            IssueError::ChannelNotSendable => Self::new(ProblemType::ChannelNotSendable),
            IssueError::ContactNotOnRecord => Self::new(ProblemType::ContactNotOnRecord),
            IssueError::RelationshipNotShown => Self::new(ProblemType::RelationshipNotShown),
            IssueError::Terms(error) => error.into(),
            IssueError::InvitationNotFound => Self::new(ProblemType::NotFound),
            IssueError::NotOpen(status) => {
                Self::new(ProblemType::InvitationClosed).detail(status.to_string())
            }
            IssueError::Store(error) => error.into(),
        }
    }
}

impl From<RevokeInvitationError> for Problem {
    fn from(error: RevokeInvitationError) -> Self {
        match error {
            RevokeInvitationError::NotFound => Self::new(ProblemType::NotFound),
            RevokeInvitationError::NotOpen(status) => {
                Self::new(ProblemType::InvitationClosed).detail(status.to_string())
            }
            RevokeInvitationError::Store(error) => error.into(),
        }
    }
}

impl From<EndLinkError> for Problem {
    fn from(error: EndLinkError) -> Self {
        match error {
            EndLinkError::NotFound => Self::new(ProblemType::NotFound),
            EndLinkError::Refused(RevokeRefusal::AlreadyRevoked) => Self::new(ProblemType::LinkEnded),
            EndLinkError::Refused(refusal @ RevokeRefusal::ReasonNotAllowed) => {
                Self::new(ProblemType::InvalidMember).at("/reason", refusal.to_string())
            }
            EndLinkError::Store(error) => error.into(),
        }
    }
}

impl From<EndAccessError> for Problem {
    fn from(error: EndAccessError) -> Self {
        match error {
            EndAccessError::Changed(_) => Self::new(ProblemType::EndingChanged),
            EndAccessError::Nothing => Self::new(ProblemType::NothingToEnd),
            EndAccessError::ReasonNotAllowed => {
                Self::new(ProblemType::InvalidMember).at("/reason", error.to_string())
            }
            EndAccessError::Store(error) => error.into(),
        }
    }
}

impl From<UndoError> for Problem {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::NotFound => Self::new(ProblemType::NotFound),
            UndoError::Refused(UndoRefusal::AlreadyUndone) => Self::new(ProblemType::EndingUndone),
            UndoError::Refused(UndoRefusal::TooLate) => Self::new(ProblemType::UndoTooLate),
            UndoError::Refused(UndoRefusal::SamePerson) => Self::new(ProblemType::SecondPersonNeeded),
            UndoError::Store(error) => error.into(),
        }
    }
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::NotFound => Self::new(ProblemType::NotFound),
            WithdrawError::NotOpen(status) => Self::new(ProblemType::ClaimClosed).detail(status.to_string()),
            WithdrawError::Store(error) => error.into(),
        }
    }
}

impl From<AddEvidenceError> for Problem {
    fn from(error: AddEvidenceError) -> Self {
        match error {
            AddEvidenceError::NotFound => Self::new(ProblemType::NotFound),
            AddEvidenceError::Ended => Self::new(ProblemType::LinkEnded),
            AddEvidenceError::OwnLink => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            AddEvidenceError::OverAlready => {
                Self::new(ProblemType::InvalidMember).at("/valid_until", "it lies in the past")
            }
            AddEvidenceError::Store(error) => error.into(),
        }
    }
}

impl From<SuspendLinkError> for Problem {
    fn from(error: SuspendLinkError) -> Self {
        match error {
            SuspendLinkError::NotFound => Self::new(ProblemType::NotFound),
            SuspendLinkError::NotSuspended(SuspendRefusal::AlreadySuspended) => {
                Self::new(ProblemType::LinkSuspended)
            }
            SuspendLinkError::NotSuspended(SuspendRefusal::AlreadyRevoked)
            | SuspendLinkError::NotReinstated(ReinstateRefusal::AlreadyRevoked) => {
                Self::new(ProblemType::LinkEnded)
            }
            SuspendLinkError::NotSuspended(refusal @ SuspendRefusal::ReasonNotAllowed) => {
                Self::new(ProblemType::InvalidMember).at("/reason", refusal.to_string())
            }
            SuspendLinkError::NotReinstated(ReinstateRefusal::NotSuspended) => {
                Self::new(ProblemType::LinkNotSuspended)
            }
            SuspendLinkError::DisputeOpen => Self::new(ProblemType::DisputeOpen),
            SuspendLinkError::Store(error) => error.into(),
        }
    }
}

impl From<WithdrawEvidenceError> for Problem {
    fn from(error: WithdrawEvidenceError) -> Self {
        match error {
            WithdrawEvidenceError::NotFound => Self::new(ProblemType::NotFound),
            WithdrawEvidenceError::Refused(_) => Self::new(ProblemType::EvidenceWithdrawn),
            WithdrawEvidenceError::Store(error) => error.into(),
        }
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotFound => Self::new(ProblemType::NotFound),
            ReviewError::OwnClaim => Self::new(ProblemType::Forbidden).detail(error.to_string()),
            ReviewError::Review(refusal @ ReviewRefusal::Closed(_)) => {
                Self::new(ProblemType::ReviewClosed).detail(refusal.to_string())
            }
            ReviewError::Review(ReviewRefusal::SameReviewer) => Self::new(ProblemType::SecondReviewerNeeded),
            ReviewError::Review(ReviewRefusal::Disagreement) => Self::new(ProblemType::ReviewersDisagree),
            ReviewError::Claim(status) => Self::new(ProblemType::ReviewClosed).detail(status.to_string()),
            ReviewError::NotACandidate => {
                Self::new(ProblemType::InvalidMember).at("/patient", "not one of the review's candidates")
            }
            ReviewError::RecordNotUsable => Self::new(ProblemType::RecordNotInvitable),
            ReviewError::NoContact => Self::new(ProblemType::NoContact),
            ReviewError::ProofNeeded => Self::new(ProblemType::ProofNeeded),
            ReviewError::ReasonNotAllowed => {
                Self::new(ProblemType::InvalidMember).at("/reason", error.to_string())
            }
            ReviewError::Store(error) => error.into(),
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::NotFound => Self::new(ProblemType::NotFound),
            DecideError::AlreadyDecided(_) => Self::new(ProblemType::DisputeDecided),
            DecideError::LinkEnded => Self::new(ProblemType::LinkEnded),
            DecideError::ReasonNotAllowed => {
                Self::new(ProblemType::InvalidMember).at("/reason", error.to_string())
            }
            DecideError::Store(error) => error.into(),
        }
    }
}

impl From<FederateError> for Problem {
    fn from(error: FederateError) -> Self {
        match error {
            FederateError::NotFound => Self::new(ProblemType::NotFound),
            FederateError::Ended => Self::new(ProblemType::LinkEnded),
            FederateError::IssuerNotTrusted => Self::new(ProblemType::IssuerNotTrusted),
            FederateError::NotRecognized => Self::new(ProblemType::AssuranceNotRecognized),
            FederateError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// A claim that was not taken.
    pub(crate) fn from_submission(refusal: SubmitRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            SubmitRefusal::TooThin { wanting } => {
                wanting.into_iter().fold(Self::new(ProblemType::InputTooThin), |problem, wanting| {
                    problem.at(format!("/demographics{}", wanting.pointer()), wanting.advice())
                })
            }
            SubmitRefusal::IssuerNotTrusted => Self::new(ProblemType::IssuerNotTrusted),
            SubmitRefusal::TooMany { until } => {
                Self::new(ProblemType::TooManyClaims).retry_after((until - now).num_seconds())
            }
        }
    }

    /// A refused confirmation. All that is not accepted looks the same.
    pub(crate) fn from_confirmation(refusal: ConfirmRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            ConfirmRefusal::Mistyped(mistyped) => Self::from_refusal(mistyped.into(), now),
            ConfirmRefusal::NotFound => Self::new(ProblemType::NotFound),
            ConfirmRefusal::NotOpen(status) => Self::new(ProblemType::ClaimClosed).detail(status.to_string()),
            ConfirmRefusal::NotAccepted => Self::new(ProblemType::CodeNotAccepted),
            ConfirmRefusal::TooManyAttempts { until } => {
                Self::new(ProblemType::TooManyAttempts).retry_after((until - now).num_seconds())
            }
        }
    }

    /// A "this was not me" that is not taken.
    pub(crate) fn from_token(refusal: TokenRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            TokenRefusal::NotAccepted => Self::new(ProblemType::DisputeTokenNotAccepted),
            TokenRefusal::Expired => Self::new(ProblemType::DisputeTokenExpired),
            TokenRefusal::TooManyAttempts { until } => {
                Self::new(ProblemType::TooManyAttempts).retry_after((until - now).num_seconds())
            }
            TokenRefusal::Store(error) => error.into(),
        }
    }

    /// A refused redemption. All that is not accepted looks the same.
    pub(crate) fn from_refusal(refusal: RedeemRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            RedeemRefusal::Mistyped(mistyped) => {
                let why = match mistyped {
                    MistypedCode::Length | MistypedCode::Symbol | MistypedCode::Check => mistyped.to_string(),
                };
                Self::new(ProblemType::CodeMistyped).at("/code", why)
            }
            RedeemRefusal::NotAccepted => Self::new(ProblemType::CodeNotAccepted),
            RedeemRefusal::OwnRecord => Self::new(ProblemType::OwnRecord),
            RedeemRefusal::ActsForPatient => Self::new(ProblemType::ActsForPatient),
            RedeemRefusal::TooManyProxies => Self::new(ProblemType::TooManyProxies),
            RedeemRefusal::BirthDateNeeded => Self::new(ProblemType::BirthDateNeeded),
            RedeemRefusal::IssuerNotTrusted => Self::new(ProblemType::IssuerNotTrusted),
            RedeemRefusal::TooManyAttempts { until } => {
                Self::new(ProblemType::TooManyAttempts).retry_after((until - now).num_seconds())
            }
        }
    }
}
