use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    code::Locator,
    id::{Id, InvitationId, OrganizationId},
    invitation::{Invitation, InvitationState, InvitationStatus},
    link::LinkRole,
    page::{Listed, Page},
    patient::FhirId,
    store::{InvitationFilter, Invitations, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, NotSet, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::LockType,
};

use super::{SeaUnit, links::role};
use crate::{
    convert::{corrupt, from_json, from_word, keyed_hash, to_json, to_word},
    entity::invitation::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "invitation";

/// The columns that change: failures and what became of it.
fn state_columns(invitation: &Invitation) -> ActiveModel {
    let base = ActiveModel {
        organization_id: Set(invitation.organization.uuid()),
        id: Set(invitation.id.uuid()),
        failures: Set(invitation.failures.into()),
        ended_at: Set(None),
        ended_by: Set(None),
        ended_reason: Set(None),
        link_id: Set(None),
        ..Default::default()
    };
    let word = |status: InvitationStatus| Set(status.as_str().to_owned());
    match &invitation.state {
        InvitationState::Issued => ActiveModel { status: word(InvitationStatus::Issued), ..base },
        InvitationState::Redeemed { at, by, link } => ActiveModel {
            status: word(InvitationStatus::Redeemed),
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            link_id: Set(Some(link.uuid())),
            ..base
        },
        InvitationState::Revoked { at, by, reason } => ActiveModel {
            status: word(InvitationStatus::Revoked),
            ended_at: Set(Some(*at)),
            ended_by: Set(Some(to_json(by))),
            ended_reason: Set(Some(to_word(reason))),
            ..base
        },
        InvitationState::Locked { at } => {
            ActiveModel { status: word(InvitationStatus::Locked), ended_at: Set(Some(*at)), ..base }
        }
    }
}

fn row(invitation: &Invitation) -> ActiveModel {
    ActiveModel {
        patient_id: Set(invitation.patient.uuid()),
        fhir_id: Set(invitation.fhir_id.to_string()),
        role: Set(invitation.role.as_str().to_owned()),
        relationship: Set(invitation.role.relationship().map(|relationship| relationship.code().to_owned())),
        basis: Set(invitation.role.basis().map(|basis| basis.as_str().to_owned())),
        terms: Set(invitation.terms.as_ref().map(to_json)),
        channel: Set(invitation.channel.as_str().to_owned()),
        address: Set(to_word(&invitation.address)),
        locator: Set(invitation.locator.as_str().to_owned()),
        code_key_id: Set(invitation.code_hash.key.0.into()),
        code_hash: Set(invitation.code_hash.bytes.to_vec()),
        challenge: Set(invitation.challenge.as_ref().map(to_word)),
        proof: Set(to_json(&invitation.proof)),
        issued_by: Set(to_json(&invitation.issued_by)),
        issued_at: Set(invitation.issued_at),
        expires_at: Set(invitation.expires_at),
        replaces: Set(invitation.replaces.map(Id::uuid)),
        ..state_columns(invitation)
    }
}

impl TryFrom<Model> for Invitation {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let state = state(&row)?;
        let role: LinkRole = role(WHAT, &row.role, row.relationship.as_deref(), row.basis.as_deref())?;
        Ok(Self {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            patient: Id::from_uuid(row.patient_id),
            fhir_id: FhirId::parse(row.fhir_id).map_err(|error| corrupt(WHAT, error))?,
            role,
            terms: row.terms.map(|terms| from_json(WHAT, &terms)).transpose()?,
            channel: from_word(WHAT, &row.channel)?,
            address: from_word(WHAT, &row.address)?,
            locator: Locator::from_stored(row.locator),
            code_hash: keyed_hash(WHAT, row.code_key_id, &row.code_hash)?,
            challenge: row.challenge.map(|word| from_word(WHAT, &word)).transpose()?,
            proof: from_json(WHAT, &row.proof)?,
            failures: u16::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
            issued_by: from_json(WHAT, &row.issued_by)?,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            replaces: row.replaces.map(Id::from_uuid),
            state,
        })
    }
}

fn state(row: &Model) -> Result<InvitationState, StoreError> {
    let ended = (row.status.as_str(), row.ended_at, row.ended_by.as_deref());
    match ended {
        ("issued", None, None) => Ok(InvitationState::Issued),
        ("locked", Some(at), None) => Ok(InvitationState::Locked { at }),
        ("redeemed", Some(at), Some(by)) => {
            let link = row.link_id.ok_or_else(|| corrupt(WHAT, "it was redeemed without a link"))?;
            Ok(InvitationState::Redeemed { at, by: from_json(WHAT, by)?, link: Id::from_uuid(link) })
        }
        ("revoked", Some(at), Some(by)) => {
            let reason = row.ended_reason.as_deref().unwrap_or_default();
            Ok(InvitationState::Revoked { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

/// Issued and expired are one stored state, told apart by the time of asking.
fn with_status(select: Select<Entity>, status: InvitationStatus, now: DateTime<Utc>) -> Select<Entity> {
    match status {
        InvitationStatus::Issued => {
            select.filter(Column::Status.eq("issued")).filter(Column::ExpiresAt.gt(now))
        }
        InvitationStatus::Expired => {
            select.filter(Column::Status.eq("issued")).filter(Column::ExpiresAt.lte(now))
        }
        other => select.filter(Column::Status.eq(other.as_str())),
    }
}

impl SeaUnit {
    /// Those that can be redeemed, by the index `invitation_by_patient`.
    pub(super) async fn open_invitations_to(
        &self,
        organization: OrganizationId,
        patients: &[uuid::Uuid],
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Invitation>, StoreError> {
        let to = of(organization).filter(Column::PatientId.is_in(patients.iter().copied()));
        let mut select = with_status(to, InvitationStatus::Issued, now).order_by_asc(Column::Id);
        if lock {
            select = select.lock(LockType::Update);
        }
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

#[async_trait]
impl Invitations for SeaUnit {
    async fn add_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        Entity::insert(row(invitation)).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let columns = ActiveModel { patient_id: NotSet, ..state_columns(invitation) };
        Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        let select = of(organization).filter(Column::Id.eq(id.uuid()));
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    async fn invitation_for_update(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        let select = of(organization).filter(Column::Id.eq(id.uuid())).lock(LockType::Update);
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    async fn invitation_by_locator_for_update(
        &mut self,
        locator: &Locator,
    ) -> Result<Option<Invitation>, StoreError> {
        let select = Entity::find().filter(Column::Locator.eq(locator.as_str())).lock(LockType::Update);
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    async fn invitations(
        &mut self,
        organization: OrganizationId,
        filter: &InvitationFilter,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<Invitation>, StoreError> {
        let mut select = of(organization);
        if let Some(patient) = filter.patient {
            select = select.filter(Column::PatientId.eq(patient.uuid()));
        }
        if let Some(channel) = filter.channel {
            select = select.filter(Column::Channel.eq(channel.as_str()));
        }
        if let Some(status) = filter.status {
            select = with_status(select, status, now);
        }
        self.newest_first(select, Column::Id, page, |row| row.id, TryInto::try_into).await
    }
}
