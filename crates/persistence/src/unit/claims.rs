use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    claim::{Assertion, Claim, ClaimState, Confirmation},
    comparison::{Candidate, Comparison},
    demographics::Demographics,
    id::{AccountId, ClaimId, Id, OrganizationId, PatientId},
    page::{Listed, Page},
    port::Vault,
    store::{Claims, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::LockType,
};
use serde::{Deserialize, Serialize};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, keyed_hash, to_json, to_word, unseal},
    entity::{
        claim::{ActiveModel, Column, Entity, Model},
        claim_candidate,
    },
    error::store_error,
};

const WHAT: &str = "claim";

/// What is encrypted of a claim.
#[derive(Serialize, Deserialize)]
struct Stored {
    demographics: Demographics,
    assertion: Option<Assertion>,
}

/// The columns that change. All of them are written for every state, so that one statement serves all.
fn state_columns(claim: &Claim) -> ActiveModel {
    let base = ActiveModel {
        organization_id: Set(claim.organization.uuid()),
        id: Set(claim.id.uuid()),
        failures: Set(claim.failures.into()),
        code_key_id: Set(claim.code_hash.key.0.into()),
        code_hash: Set(claim.code_hash.bytes.to_vec()),
        band: Set(claim.band.as_ref().map(to_word)),
        status: Set(word(&claim.state).to_owned()),
        patient_id: Set(None),
        code_channel: Set(None),
        code_contact: Set(None),
        code_sent_at: Set(None),
        code_expires_at: Set(None),
        review_id: Set(None),
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        link_id: Set(None),
        ..Default::default()
    };
    match &claim.state {
        ClaimState::Submitted => base,
        ClaimState::Confirming(code) => ActiveModel {
            patient_id: Set(Some(code.patient.uuid())),
            code_channel: Set(Some(code.channel.as_str().to_owned())),
            code_contact: Set(code.contact.map(i32::from)),
            code_sent_at: Set(Some(code.sent_at)),
            code_expires_at: Set(Some(code.expires_at)),
            review_id: Set(code.review.map(Id::uuid)),
            ..base
        },
        ClaimState::InReview { review } => ActiveModel { review_id: Set(Some(review.uuid())), ..base },
        ClaimState::Declined { at, by, reason } => ActiveModel {
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ended_reason: Set(Some(to_word(reason))),
            ..base
        },
        ClaimState::Linked { at, link } => {
            ActiveModel { ended_at: Set(Some(*at)), link_id: Set(Some(link.uuid())), ..base }
        }
        ClaimState::Withdrawn { at } => ActiveModel { ended_at: Set(Some(*at)), ..base },
    }
}

const fn word(state: &ClaimState) -> &'static str {
    match state {
        ClaimState::Submitted => "submitted",
        ClaimState::Confirming(_) => "confirming",
        ClaimState::InReview { .. } => "in_review",
        ClaimState::Declined { .. } => "declined",
        ClaimState::Linked { .. } => "linked",
        ClaimState::Withdrawn { .. } => "withdrawn",
    }
}

fn row(claim: &Claim, vault: &dyn Vault) -> ActiveModel {
    let stored = Stored { demographics: claim.demographics.clone(), assertion: claim.assertion.clone() };
    let sealed = vault.seal(claim.id.uuid().as_bytes(), to_json(&stored).as_bytes());
    ActiveModel {
        account_id: Set(claim.account.uuid()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        submitted_by: Set(to_json(&claim.submitted_by)),
        submitted_at: Set(claim.submitted_at),
        expires_at: Set(claim.expires_at),
        due_at: Set(claim.submitted_at),
        ..state_columns(claim)
    }
}

fn claim(row: Model, vault: &dyn Vault) -> Result<Claim, StoreError> {
    let state = state(&row)?;
    let stored: Stored = unseal(vault, WHAT, row.id.as_bytes(), row.key_id, row.sealed)?;
    Ok(Claim {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        account: Id::from_uuid(row.account_id),
        demographics: stored.demographics,
        submitted_by: from_json(WHAT, &row.submitted_by)?,
        assertion: stored.assertion,
        submitted_at: row.submitted_at,
        expires_at: row.expires_at,
        failures: u16::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
        code_hash: keyed_hash(WHAT, row.code_key_id, &row.code_hash)?,
        band: row.band.map(|word| from_word(WHAT, &word)).transpose()?,
        state,
    })
}

fn state(row: &Model) -> Result<ClaimState, StoreError> {
    let unfitting = || corrupt(WHAT, "its state does not fit together");
    Ok(match (row.status.as_str(), row.ended_at) {
        ("submitted", None) => ClaimState::Submitted,
        ("confirming", None) => ClaimState::Confirming(Confirmation {
            patient: Id::from_uuid(row.patient_id.ok_or_else(unfitting)?),
            channel: from_word(WHAT, row.code_channel.as_deref().ok_or_else(unfitting)?)?,
            contact: row.code_contact.map(u16::try_from).transpose().map_err(|e| corrupt(WHAT, e))?,
            sent_at: row.code_sent_at.ok_or_else(unfitting)?,
            expires_at: row.code_expires_at.ok_or_else(unfitting)?,
            review: row.review_id.map(Id::from_uuid),
        }),
        ("in_review", None) => {
            ClaimState::InReview { review: Id::from_uuid(row.review_id.ok_or_else(unfitting)?) }
        }
        ("declined", Some(at)) => ClaimState::Declined {
            at,
            by: from_json(WHAT, row.ended_by.as_deref().ok_or_else(unfitting)?)?,
            reason: from_word(WHAT, row.ended_reason.as_deref().ok_or_else(unfitting)?)?,
        },
        ("linked", Some(at)) => {
            ClaimState::Linked { at, link: Id::from_uuid(row.link_id.ok_or_else(unfitting)?) }
        }
        ("withdrawn", Some(at)) => ClaimState::Withdrawn { at },
        _ => return Err(unfitting()),
    })
}

/// By the primary key.
fn at(organization: OrganizationId, id: ClaimId) -> Select<Entity> {
    Entity::find_by_id((organization.uuid(), id.uuid()))
}

/// By the index `claim_by_account`.
fn of(account: AccountId) -> Select<Entity> {
    Entity::find().filter(Column::AccountId.eq(account.uuid()))
}

/// What a candidate's ciphertext is bound to.
pub(crate) fn candidate_name(claim: uuid::Uuid, patient: uuid::Uuid) -> Vec<u8> {
    [claim.as_bytes().as_slice(), patient.as_bytes()].concat()
}

impl SeaUnit {
    async fn one_claim(&self, select: Select<Entity>) -> Result<Option<Claim>, StoreError> {
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| claim(row, &*self.vault)).transpose()
    }

    async fn open_claims(
        &self,
        select: Select<Entity>,
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut select = select.filter(Column::ExpiresAt.gt(now)).order_by_asc(Column::Id);
        if lock {
            select = select.lock(LockType::Update);
        }
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| claim(row, &*self.vault)).collect()
    }

    /// An account's claims of which a link may still come.
    pub(super) async fn open_claims_of(
        &self,
        organization: OrganizationId,
        account: AccountId,
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        let here = of(account).filter(Column::OrganizationId.eq(organization.uuid()));
        let open = here.filter(Column::Status.is_in(["submitted", "confirming", "in_review"]));
        self.open_claims(open, lock, now).await
    }

    /// The claims whose code opens one of these records, and those in review that look most like one of them; by
    /// the indexes `claim_confirming` and `claim_candidate_first`.
    ///
    /// With `by`, only this account's.
    pub(super) async fn open_claims_to(
        &self,
        organization: OrganizationId,
        patients: &[uuid::Uuid],
        by: Option<AccountId>,
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        let here = || {
            let all = Entity::find().filter(Column::OrganizationId.eq(organization.uuid()));
            match by {
                Some(account) => all.filter(Column::AccountId.eq(account.uuid())),
                None => all,
            }
        };
        let confirming = here()
            .filter(Column::Status.eq("confirming"))
            .filter(Column::PatientId.is_in(patients.iter().copied()));
        let reviewed: Vec<uuid::Uuid> = claim_candidate::Entity::find()
            .select_only()
            .column(claim_candidate::Column::ClaimId)
            .filter(claim_candidate::Column::OrganizationId.eq(organization.uuid()))
            .filter(claim_candidate::Column::PatientId.is_in(patients.iter().copied()))
            .filter(claim_candidate::Column::Place.eq(0))
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let in_review = here().filter(Column::Status.eq("in_review")).filter(Column::Id.is_in(reviewed));
        let mut claims = self.open_claims(confirming, lock, now).await?;
        claims.extend(self.open_claims(in_review, lock, now).await?);
        Ok(claims)
    }
}

#[async_trait]
impl Claims for SeaUnit {
    async fn add_claim(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let row = row(claim, &*self.vault);
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_claim(&mut self, claim: &Claim) -> Result<(), StoreError> {
        Entity::update_many()
            .set(state_columns(claim))
            .filter(Column::OrganizationId.eq(claim.organization.uuid()))
            .filter(Column::Id.eq(claim.id.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn claim_by_id(
        &mut self,
        organization: OrganizationId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError> {
        self.one_claim(at(organization, id)).await
    }

    async fn claim_for_update(
        &mut self,
        organization: OrganizationId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError> {
        self.one_claim(at(organization, id).lock(LockType::Update)).await
    }

    async fn claim_of_account(
        &mut self,
        account: AccountId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError> {
        self.one_claim(of(account).filter(Column::Id.eq(id.uuid()))).await
    }

    async fn claim_of_account_for_update(
        &mut self,
        account: AccountId,
        id: ClaimId,
    ) -> Result<Option<Claim>, StoreError> {
        self.one_claim(of(account).filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn claims_of_account(
        &mut self,
        account: AccountId,
        page: Page,
    ) -> Result<Listed<Claim>, StoreError> {
        self.newest_first(of(account), Column::Id, page, |row| row.id, |row| claim(row, &*self.vault)).await
    }

    async fn open_claims_for_update(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        patient: PatientId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        let records: Vec<_> = records.into_iter().collect();
        self.open_claims_to(organization, &records, Some(account), true, now).await
    }

    async fn add_candidates(
        &mut self,
        organization: OrganizationId,
        claim: ClaimId,
        candidates: &[Candidate],
    ) -> Result<(), StoreError> {
        let rows: Vec<_> = (0..)
            .zip(candidates)
            .map(|(place, candidate)| {
                let name = candidate_name(claim.uuid(), candidate.patient.uuid());
                let sealed = self.vault.seal(&name, to_json(&candidate.comparison).as_bytes());
                claim_candidate::ActiveModel {
                    organization_id: Set(organization.uuid()),
                    claim_id: Set(claim.uuid()),
                    place: Set(place),
                    patient_id: Set(candidate.patient.uuid()),
                    key_id: Set(sealed.key.0.into()),
                    sealed: Set(sealed.bytes),
                }
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let insert = claim_candidate::Entity::insert_many(rows);
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn candidates_of_claim(
        &mut self,
        organization: OrganizationId,
        claim: ClaimId,
    ) -> Result<Vec<Candidate>, StoreError> {
        let rows = claim_candidate::Entity::find()
            .filter(claim_candidate::Column::OrganizationId.eq(organization.uuid()))
            .filter(claim_candidate::Column::ClaimId.eq(claim.uuid()))
            .order_by_asc(claim_candidate::Column::Place)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let open = |row: claim_candidate::Model| {
            let name = candidate_name(row.claim_id, row.patient_id);
            let comparison: Comparison =
                unseal(&*self.vault, "claim candidate", &name, row.key_id, row.sealed)?;
            Ok(Candidate { patient: Id::from_uuid(row.patient_id), comparison })
        };
        rows.into_iter().map(open).collect()
    }
}
