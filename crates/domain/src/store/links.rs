use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use crate::{
    access::AccessRules,
    code::Locator,
    evidence::Evidence,
    id::{AccountId, InvitationId, LinkId, OrganizationId, PatientId},
    invitation::{Channel, Invitation, InvitationStatus},
    link::Link,
    organization::{FhirBase, Slug},
    page::{Listed, Page},
    proofing::Ial,
};

/// Which invitations are listed.
#[derive(Debug, Clone, Default)]
pub struct InvitationFilter {
    /// Only those for this record.
    pub patient: Option<PatientId>,
    /// Only those that stand like this now.
    pub status: Option<InvitationStatus>,
    /// Only those that take this way.
    pub channel: Option<Channel>,
}

/// Invitations. Every query names the organization, but for the one that a code is found by.
#[async_trait]
pub trait Invitations {
    /// Adds an invitation; [`super::Constraint::Locator`] if its locator is taken.
    async fn add_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError>;
    /// Replaces failures and state.
    async fn update_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError>;
    /// One invitation.
    async fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError>;
    /// One invitation, locked.
    async fn invitation_for_update(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError>;
    /// The invitation that a code names, locked.
    async fn invitation_by_locator_for_update(
        &mut self,
        locator: &Locator,
    ) -> Result<Option<Invitation>, StoreError>;
    /// The organization's invitations, newest first.
    async fn invitations(
        &mut self,
        organization: OrganizationId,
        filter: &InvitationFilter,
        page: Page,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Listed<Invitation>, StoreError>;
}

/// Links and their evidence. Whoever listens is told of a link that was written, if that changed what lookups answer
/// of it ([`crate::access::Answering::gave`]).
#[async_trait]
pub trait Links {
    /// Adds a link, made for the record `home` ([`crate::merge`]): another than the one that it opens if that was
    /// merged into it. [`super::Constraint::LiveLink`] if the account has an unrevoked one to that record.
    async fn add_link(&mut self, link: &Link, home: PatientId) -> Result<(), StoreError>;
    /// The record that a link was made for ([`crate::merge`]).
    async fn home(&mut self, link: &Link) -> Result<PatientId, StoreError>;
    /// Replaces what may change; [`super::Constraint::Version`] if the stored version is not one less.
    async fn update_link(&mut self, link: &Link) -> Result<(), StoreError>;
    /// One link.
    async fn link(&mut self, id: LinkId) -> Result<Option<Link>, StoreError>;
    /// One link, locked.
    async fn link_for_update(&mut self, id: LinkId) -> Result<Option<Link>, StoreError>;
    /// The link that stands for this one since records were merged ([`crate::merge`]): itself, unless another of
    /// the account's absorbed it.
    async fn standing_link(&mut self, id: LinkId) -> Result<Option<Link>, StoreError>;
    /// The link that stands for this one, locked.
    async fn standing_link_for_update(&mut self, id: LinkId) -> Result<Option<Link>, StoreError>;
    /// The account's unrevoked link to a record, locked.
    async fn unrevoked_link_for_update(
        &mut self,
        account: AccountId,
        patient: PatientId,
    ) -> Result<Option<Link>, StoreError>;
    /// All links of an account, revoked ones included, newest first.
    async fn links_of_account(&mut self, account: AccountId) -> Result<Vec<Link>, StoreError>;
    /// All links of an account that open a record, or were made for it or for one that was merged into it; revoked
    /// ones included, newest first.
    async fn links_of_account_to(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        patient: PatientId,
    ) -> Result<Vec<Link>, StoreError>;
    /// All links to a record, revoked ones included, newest first.
    async fn links_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Link>, StoreError>;
    /// The organization's unrevoked links, ordered by record and id, behind `after`.
    async fn links_of_organization(
        &mut self,
        organization: OrganizationId,
        after: Option<(PatientId, LinkId)>,
        limit: u16,
    ) -> Result<Vec<Link>, StoreError>;
    /// Adds evidence.
    async fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError>;
    /// Replaces where evidence stands. Its link must be locked.
    async fn update_evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError>;
    /// A link's evidence, oldest first.
    async fn evidence(&mut self, link: LinkId) -> Result<Vec<Evidence>, StoreError>;
}

/// An unrevoked link with what an answer needs beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerableLink {
    /// The link.
    pub link: Link,
    /// The organization's short name.
    pub slug: Slug,
    /// Where the organization's records are.
    pub fhir_base: FhirBase,
    /// The least that the organization answers.
    pub minimum_assurance: Ial,
    /// The organization's rules of who opens what.
    pub rules: AccessRules,
}

/// The hot path: one indexed read.
#[async_trait]
pub trait LinkReader: Send + Sync + fmt::Debug {
    /// The account's unrevoked links; period, record and assurance are decided by the reader.
    async fn answerable_links(&self, account: AccountId) -> Result<Vec<AnswerableLink>, StoreError>;
}
