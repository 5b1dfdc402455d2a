use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    claim::Claim,
    comparison::Candidate,
    id::{AccountId, ClaimId, OrganizationId, PatientId, ReviewId},
    page::{Listed, Page},
    review::{Review, ReviewStatus},
};

/// Claims, and what they were compared with. Every query names the organization or the account.
#[async_trait]
pub trait Claims {
    /// Adds a claim, due to be matched at once.
    async fn add_claim(&mut self, claim: &Claim) -> Result<(), StoreError>;
    /// Replaces failures, code hash, band and state: one statement, the same for every state.
    async fn update_claim(&mut self, claim: &Claim) -> Result<(), StoreError>;
    /// One claim of an organization.
    async fn claim_by_id(
        &mut self,
        organization: OrganizationId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError>;
    /// One claim of an organization, locked.
    async fn claim_for_update(
        &mut self,
        organization: OrganizationId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError>;
    /// One claim of an account.
    async fn claim_of_account(
        &mut self,
        account: AccountId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError>;
    /// One claim of an account, locked.
    async fn claim_of_account_for_update(
        &mut self,
        account: AccountId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError>;
    /// An account's claims, newest first.
    async fn claims_of_account(
        &mut self,
        account: AccountId,
        page: Page,
    ) -> Result<Listed<Claim>, StoreError>;
    /// An account's claims whose code opens this record or one that was merged into it, and those in review that
    /// look most like one of them; locked.
    async fn open_claims_for_update(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        patient: PatientId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError>;
    /// Keeps what a claim was compared with, best first.
    async fn add_candidates(
        &mut self,
        organization: OrganizationId,
        claim: ClaimId,
        candidates: &[Candidate],
    ) -> Result<(), StoreError>;
    /// What a claim was compared with, best first.
    async fn candidates_of_claim(
        &mut self,
        organization: OrganizationId,
        claim: ClaimId,
    ) -> Result<Vec<Candidate>, StoreError>;
}

/// Reviews. Every query names the organization.
#[async_trait]
pub trait Reviews {
    /// Opens a review.
    async fn add_review(&mut self, review: &Review) -> Result<(), StoreError>;
    /// Replaces asks and state.
    async fn update_review(&mut self, review: &Review) -> Result<(), StoreError>;
    /// One review.
    async fn review(
        &mut self,
        organization: OrganizationId,
        id: ReviewId,
    ) -> Result<Option<Review>, StoreError>;
    /// One review, locked. A review's claim is locked before it.
    async fn review_for_update(
        &mut self,
        organization: OrganizationId,
        id: ReviewId,
    ) -> Result<Option<Review>, StoreError>;
    /// The organization's reviews, of whatever status or of one, newest first.
    async fn reviews(
        &mut self,
        organization: OrganizationId,
        status: Option<ReviewStatus>,
        page: Page,
    ) -> Result<Listed<Review>, StoreError>;
}

/// The claims that wait to be matched, for those who match.
#[async_trait]
pub trait ClaimQueue: Send + Sync + fmt::Debug {
    /// Takes up to `limit` submitted claims until `lease_until`. Workers of several replicas share the work:
    /// what one has taken, others pass over until the lease ends.
    async fn take_submitted(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, ClaimId)>, StoreError>;
}
