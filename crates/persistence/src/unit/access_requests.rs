use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access_request::{AccessRequest, Decider, RequestState},
    demographics::Demographics,
    id::{AccountId, Id, OrganizationId, PatientId, RequestId},
    page::{Listed, Page},
    port::Vault,
    relationship::Relationship,
    store::{AccessRequests, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::LockType,
};
use serde::{Deserialize, Serialize};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word, unseal},
    entity::access_request::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "access request";

/// What is encrypted of a request.
#[derive(Serialize, Deserialize)]
struct Stored {
    person: Demographics,
    asker: Demographics,
}

/// The columns that change. All of them are written for every state, so that one statement serves all.
fn state_columns(request: &AccessRequest) -> ActiveModel {
    let base = ActiveModel {
        organization_id: Set(request.organization.uuid()),
        id: Set(request.id.uuid()),
        status: Set(word(&request.state).to_owned()),
        patient_id: Set(None),
        candidates: Set(None),
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        grant_id: Set(None),
        ..Default::default()
    };
    match &request.state {
        RequestState::Submitted => base,
        RequestState::Pending(Decider::Patient(patient)) => {
            ActiveModel { patient_id: Set(Some(patient.uuid())), ..base }
        }
        RequestState::Pending(Decider::Staff(candidates)) => {
            ActiveModel { candidates: Set(Some(to_json(candidates))), ..base }
        }
        RequestState::Granted { at, by, grant } => ActiveModel {
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            grant_id: Set(Some(grant.uuid())),
            ..base
        },
        RequestState::Declined { at, by, reason } => ActiveModel {
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ended_reason: Set(Some(to_word(reason))),
            ..base
        },
        RequestState::Withdrawn { at } => ActiveModel { ended_at: Set(Some(*at)), ..base },
    }
}

const fn word(state: &RequestState) -> &'static str {
    match state {
        RequestState::Submitted => "submitted",
        RequestState::Pending(_) => "pending",
        RequestState::Granted { .. } => "granted",
        RequestState::Declined { .. } => "declined",
        RequestState::Withdrawn { .. } => "withdrawn",
    }
}

fn row(request: &AccessRequest, vault: &dyn Vault) -> ActiveModel {
    let stored = Stored { person: request.person.clone(), asker: request.asker.clone() };
    let sealed = vault.seal(request.id.uuid().as_bytes(), to_json(&stored).as_bytes());
    ActiveModel {
        account_id: Set(request.account.uuid()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        relationship: Set(request.relationship.code().to_owned()),
        submitted_at: Set(request.submitted_at),
        expires_at: Set(request.expires_at),
        due_at: Set(request.submitted_at),
        ..state_columns(request)
    }
}

fn request(row: Model, vault: &dyn Vault) -> Result<AccessRequest, StoreError> {
    let state = state(&row)?;
    let stored: Stored = unseal(vault, WHAT, row.id.as_bytes(), row.key_id, row.sealed)?;
    Ok(AccessRequest {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        account: Id::from_uuid(row.account_id),
        person: stored.person,
        asker: stored.asker,
        relationship: Relationship::parse(&row.relationship).map_err(|error| corrupt(WHAT, error))?,
        submitted_at: row.submitted_at,
        expires_at: row.expires_at,
        state,
    })
}

fn state(row: &Model) -> Result<RequestState, StoreError> {
    let unfitting = || corrupt(WHAT, "its state does not fit together");
    let by = || from_json(WHAT, row.ended_by.as_deref().ok_or_else(unfitting)?);
    Ok(match (row.status.as_str(), row.ended_at) {
        ("submitted", None) => RequestState::Submitted,
        ("pending", None) => RequestState::Pending(match (row.patient_id, row.candidates.as_deref()) {
            (Some(patient), None) => Decider::Patient(Id::from_uuid(patient)),
            (None, Some(candidates)) => Decider::Staff(from_json(WHAT, candidates)?),
            _ => return Err(unfitting()),
        }),
        ("granted", Some(at)) => {
            RequestState::Granted { at, by: by()?, grant: Id::from_uuid(row.grant_id.ok_or_else(unfitting)?) }
        }
        ("declined", Some(at)) => RequestState::Declined {
            at,
            by: by()?,
            reason: from_word(WHAT, row.ended_reason.as_deref().ok_or_else(unfitting)?)?,
        },
        ("withdrawn", Some(at)) => RequestState::Withdrawn { at },
        _ => return Err(unfitting()),
    })
}

/// By the primary key.
fn at(organization: OrganizationId, id: RequestId) -> Select<Entity> {
    Entity::find_by_id((organization.uuid(), id.uuid()))
}

/// By the index `access_request_by_account`.
fn of(account: AccountId) -> Select<Entity> {
    Entity::find().filter(Column::AccountId.eq(account.uuid()))
}

/// By an index of what is pending.
fn pending(organization: OrganizationId, now: DateTime<Utc>) -> Select<Entity> {
    Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::Status.eq("pending"))
        .filter(Column::ExpiresAt.gt(now))
}

impl SeaUnit {
    async fn one_request(&self, select: Select<Entity>) -> Result<Option<AccessRequest>, StoreError> {
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| request(row, &*self.vault)).transpose()
    }

    async fn page_of_requests(
        &self,
        select: Select<Entity>,
        page: Page,
    ) -> Result<Listed<AccessRequest>, StoreError> {
        self.newest_first(select, Column::Id, page, |row| row.id, |row| request(row, &*self.vault)).await
    }
}

#[async_trait]
impl AccessRequests for SeaUnit {
    async fn add_request(&mut self, request: &AccessRequest) -> Result<(), StoreError> {
        let row = row(request, &*self.vault);
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_request(&mut self, request: &AccessRequest) -> Result<(), StoreError> {
        Entity::update(state_columns(request)).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn request(
        &mut self,
        organization: OrganizationId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError> {
        self.one_request(at(organization, id)).await
    }

    async fn request_for_update(
        &mut self,
        organization: OrganizationId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError> {
        self.one_request(at(organization, id).lock(LockType::Update)).await
    }

    async fn request_of_account(
        &mut self,
        account: AccountId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError> {
        self.one_request(of(account).filter(Column::Id.eq(id.uuid()))).await
    }

    async fn request_of_account_for_update(
        &mut self,
        account: AccountId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError> {
        self.one_request(of(account).filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn requests_of_account(
        &mut self,
        account: AccountId,
        page: Page,
    ) -> Result<Listed<AccessRequest>, StoreError> {
        self.page_of_requests(of(account), page).await
    }

    async fn requests_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
        now: DateTime<Utc>,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        let select = pending(organization, now).filter(Column::PatientId.is_in(records));
        let rows = select.order_by_desc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| request(row, &*self.vault)).collect()
    }

    async fn requests_to_staff(
        &mut self,
        organization: OrganizationId,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<AccessRequest>, StoreError> {
        self.page_of_requests(pending(organization, now).filter(Column::Candidates.is_not_null()), page).await
    }
}
