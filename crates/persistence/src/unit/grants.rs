use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    code::Locator,
    grant::{Acceptance, Grant, GrantState, GrantStatus, Offer, ProxyTerms},
    id::{AccountId, GrantId, Id, LinkId, OrganizationId, PatientId},
    page::{Listed, Page},
    patient::FhirId,
    port::Vault,
    relationship::Relationship,
    store::{GrantFilter, Grants, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::LockType,
};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, keyed_hash, to_json, to_word, unseal},
    entity::proxy_grant::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "grant";

/// The columns that change.
fn state_columns(grant: &Grant) -> ActiveModel {
    let base = ActiveModel {
        organization_id: Set(grant.organization.uuid()),
        id: Set(grant.id.uuid()),
        patient_id: Set(grant.patient.uuid()),
        fhir_id: Set(grant.fhir_id.to_string()),
        permissions: Set(grant.terms.permissions.to_string()),
        until: Set(grant.terms.until),
        locator: Set(None),
        code_key_id: Set(None),
        code_hash: Set(None),
        channel: Set(None),
        expires_at: Set(None),
        failures: Set(0),
        account_id: Set(None),
        link_id: Set(None),
        accepted_at: Set(None),
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        ..Default::default()
    };
    let accepted = |accepted: &Acceptance| ActiveModel {
        account_id: Set(Some(accepted.account.uuid())),
        link_id: Set(Some(accepted.link.uuid())),
        accepted_at: Set(Some(accepted.at)),
        ..base.clone()
    };
    let word = |status: GrantStatus| Set(status.as_str().to_owned());
    match &grant.state {
        GrantState::Offered(offer) => ActiveModel {
            status: word(GrantStatus::Offered),
            locator: Set(Some(offer.locator.as_str().to_owned())),
            code_key_id: Set(Some(offer.code_hash.key.0.into())),
            code_hash: Set(Some(offer.code_hash.bytes.to_vec())),
            channel: Set(Some(offer.channel.as_str().to_owned())),
            expires_at: Set(Some(offer.expires_at)),
            failures: Set(offer.failures.into()),
            ..base
        },
        GrantState::Accepted(acceptance) => {
            ActiveModel { status: word(GrantStatus::Accepted), ..accepted(acceptance) }
        }
        GrantState::Ended { accepted: acceptance, at, by, reason } => ActiveModel {
            status: word(GrantStatus::Ended),
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ended_reason: Set(Some(to_word(reason))),
            ..accepted(acceptance)
        },
        GrantState::Declined { at, by } => ActiveModel {
            status: word(GrantStatus::Declined),
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ..base
        },
        GrantState::Withdrawn { at, by } => ActiveModel {
            status: word(GrantStatus::Withdrawn),
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ..base
        },
    }
}

fn row(grant: &Grant, vault: &dyn Vault) -> ActiveModel {
    let name = grant.id.uuid();
    let contact =
        grant.contact.as_ref().map(|contact| vault.seal(name.as_bytes(), to_json(contact).as_bytes()));
    ActiveModel {
        granted_by: Set(to_json(&grant.by)),
        relationship: Set(grant.relationship.code().to_owned()),
        basis: Set(grant.basis.as_str().to_owned()),
        profile: Set(grant.terms.profile.clone()),
        contact_key_id: Set(contact.as_ref().map(|sealed| sealed.key.0.into())),
        contact_sealed: Set(contact.map(|sealed| sealed.bytes)),
        made_at: Set(grant.made_at),
        ..state_columns(grant)
    }
}

pub(crate) fn grant_from(row: Model, vault: &dyn Vault) -> Result<Grant, StoreError> {
    let state = state(&row)?;
    let contact = match (row.contact_key_id, row.contact_sealed) {
        (Some(key), Some(bytes)) => Some(unseal(vault, WHAT, row.id.as_bytes(), key, bytes)?),
        _ => None,
    };
    Ok(Grant {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        patient: Id::from_uuid(row.patient_id),
        fhir_id: FhirId::parse(row.fhir_id).map_err(|error| corrupt(WHAT, error))?,
        by: from_json(WHAT, &row.granted_by)?,
        relationship: Relationship::parse(&row.relationship).map_err(|error| corrupt(WHAT, error))?,
        basis: from_word(WHAT, &row.basis)?,
        terms: ProxyTerms {
            profile: row.profile,
            permissions: row.permissions.parse().map_err(|error| corrupt(WHAT, error))?,
            until: row.until,
        },
        contact,
        made_at: row.made_at,
        state,
    })
}

fn state(row: &Model) -> Result<GrantState, StoreError> {
    let unfitting = || corrupt(WHAT, "its state does not fit together");
    let by = row.ended_by.as_deref().ok_or_else(unfitting);
    Ok(match (row.status.as_str(), row.ended_at) {
        ("offered", None) => GrantState::Offered(offer(row)?.ok_or_else(unfitting)?),
        ("accepted", None) => GrantState::Accepted(acceptance(row).ok_or_else(unfitting)?),
        ("ended", Some(at)) => GrantState::Ended {
            accepted: acceptance(row).ok_or_else(unfitting)?,
            at,
            by: from_json(WHAT, by?)?,
            reason: from_word(WHAT, row.ended_reason.as_deref().ok_or_else(unfitting)?)?,
        },
        ("declined", Some(at)) => GrantState::Declined { at, by: from_json(WHAT, by?)? },
        ("withdrawn", Some(at)) => GrantState::Withdrawn { at, by: from_json(WHAT, by?)? },
        _ => return Err(unfitting()),
    })
}

fn offer(row: &Model) -> Result<Option<Offer>, StoreError> {
    let (Some(locator), Some(key), Some(hash), Some(channel), Some(expires_at)) =
        (&row.locator, row.code_key_id, &row.code_hash, &row.channel, row.expires_at)
    else {
        return Ok(None);
    };
    Ok(Some(Offer {
        locator: Locator::from_stored(locator.clone()),
        code_hash: keyed_hash(WHAT, key, hash)?,
        channel: from_word(WHAT, channel)?,
        expires_at,
        failures: u16::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
    }))
}

fn acceptance(row: &Model) -> Option<Acceptance> {
    Some(Acceptance {
        at: row.accepted_at?,
        account: Id::from_uuid(row.account_id?),
        link: Id::from_uuid(row.link_id?),
    })
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

/// Offered and expired are one stored state, told apart by the time of asking.
fn with_status(select: &Select<Entity>, status: GrantStatus, now: DateTime<Utc>) -> Select<Entity> {
    let stored = |word: &str| select.clone().filter(Column::Status.eq(word));
    match status {
        GrantStatus::Offered => stored("offered").filter(Column::ExpiresAt.gt(now)),
        GrantStatus::Expired => stored("offered").filter(Column::ExpiresAt.lte(now)),
        other => stored(other.as_str()),
    }
}

impl SeaUnit {
    async fn one_grant(&self, select: Select<Entity>) -> Result<Option<Grant>, StoreError> {
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| grant_from(row, &*self.vault)).transpose()
    }

    /// By the index `proxy_grant_by_patient`.
    pub(super) async fn grants_at(
        &self,
        organization: OrganizationId,
        records: HashSet<Uuid>,
    ) -> Result<Vec<Grant>, StoreError> {
        self.all_grants(of(organization).filter(Column::PatientId.is_in(records))).await
    }

    async fn all_grants(&self, select: Select<Entity>) -> Result<Vec<Grant>, StoreError> {
        let rows = select.order_by_desc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| grant_from(row, &*self.vault)).collect()
    }
}

#[async_trait]
impl Grants for SeaUnit {
    async fn add_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        let row = row(grant, &*self.vault);
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        Entity::update(state_columns(grant)).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.one_grant(Entity::find().filter(Column::Id.eq(id.uuid()))).await
    }

    async fn grant_for_update(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.one_grant(Entity::find().filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn grant_by_locator_for_update(&mut self, locator: &Locator) -> Result<Option<Grant>, StoreError> {
        let select = Entity::find().filter(Column::Locator.eq(locator.as_str()));
        self.one_grant(select.lock(LockType::Update)).await
    }

    async fn grant_of_link(
        &mut self,
        organization: OrganizationId,
        link: LinkId,
    ) -> Result<Option<Grant>, StoreError> {
        self.one_grant(of(organization).filter(Column::LinkId.eq(link.uuid()))).await
    }

    async fn grants_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Grant>, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        self.grants_at(organization, records).await
    }

    async fn grants_of_account(&mut self, account: AccountId) -> Result<Vec<Grant>, StoreError> {
        self.all_grants(Entity::find().filter(Column::AccountId.eq(account.uuid()))).await
    }

    async fn grants(
        &mut self,
        organization: OrganizationId,
        filter: &GrantFilter,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<Grant>, StoreError> {
        let mut select = of(organization);
        if let Some(patient) = filter.patient {
            select = select.filter(Column::PatientId.eq(patient.uuid()));
        }
        if let Some(account) = filter.account {
            select = select.filter(Column::AccountId.eq(account.uuid()));
        }
        if let Some(status) = filter.status {
            select = with_status(&select, status, now);
        }
        self.newest_first(select, Column::Id, page, |row| row.id, |row| grant_from(row, &*self.vault)).await
    }
}
