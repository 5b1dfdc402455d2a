use async_trait::async_trait;
use kinlink_domain::{
    account::Iss,
    audit::ChainEnd,
    id::{Id, OrganizationId},
    issuer::{ClaimPath, Issuer, TrustedIssuer},
    organization::{Organization, Slug},
    store::{Directory, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::{LockType, OnConflict},
};

use super::{SeaUnit, audit_log};
use crate::{
    convert::{corrupt, from_json, to_json, to_word},
    entity::{audit_end, issuer, organization, trusted_issuer},
    error::store_error,
};

fn organization_row(organization: &Organization) -> organization::ActiveModel {
    organization::ActiveModel {
        id: Set(organization.id.uuid()),
        slug: Set(organization.slug.to_string()),
        name: Set(organization.name.clone()),
        fhir_base: Set(organization.fhir_base.to_string()),
        policy: Set(to_json(&organization.policy)),
        minimum_assurance: Set(to_word(&organization.policy.minimum_assurance)),
        created_at: Set(organization.created_at),
        access_rules: Set(Some(to_json(&organization.policy.family.rules()))),
    }
}

impl TryFrom<organization::Model> for Organization {
    type Error = StoreError;
    fn try_from(row: organization::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            slug: row.slug.try_into().map_err(|error| corrupt("organization", error))?,
            name: row.name,
            fhir_base: row.fhir_base.try_into().map_err(|error| corrupt("organization", error))?,
            policy: from_json("organization", &row.policy)?,
            created_at: row.created_at,
        })
    }
}

fn issuer_from(row: issuer::Model) -> Result<Issuer, StoreError> {
    Ok(Issuer {
        iss: Iss::parse(row.iss).map_err(|error| corrupt("issuer", error))?,
        subject_claim: ClaimPath::parse(row.subject_claim).map_err(|error| corrupt("issuer", error))?,
    })
}

impl SeaUnit {
    async fn with_issuers(&self, rows: Vec<trusted_issuer::Model>) -> Result<Vec<TrustedIssuer>, StoreError> {
        let mut trusted = Vec::with_capacity(rows.len());
        for row in rows {
            let issuer = issuer::Entity::find_by_id(&row.iss).one(&self.tx).await.map_err(store_error)?;
            let issuer = issuer.ok_or_else(|| corrupt("trusted issuer", "its issuer is gone"))?;
            trusted.push(TrustedIssuer {
                issuer: issuer_from(issuer)?,
                organization: Id::from_uuid(row.organization_id),
                audiences: from_json("trusted issuer", &row.audiences)?,
                accounts: row.accounts,
                staff: row.staff.map(|staff| from_json("trusted issuer", &staff)).transpose()?,
            });
        }
        Ok(trusted)
    }
}

#[async_trait]
impl Directory for SeaUnit {
    async fn add_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        organization::Entity::insert(organization_row(organization))
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        let end = audit_log::end_row(&ChainEnd::new(organization.id, 0, [0; 32], &*self.vault));
        audit_end::Entity::insert(end).exec_without_returning(&self.tx).await.map_err(store_error)?;
        self.keep_policy(organization).await
    }

    async fn update_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.answering.remove(&organization.id);
        organization::Entity::update(organization_row(organization))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        self.keep_policy(organization).await
    }

    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let row = organization::Entity::find_by_id(id.uuid()).one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Rows that refer to it can be written meanwhile.
    async fn organization_for_update(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        let select = organization::Entity::find_by_id(id.uuid()).lock(LockType::NoKeyUpdate);
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }

    async fn organization_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError> {
        let select = organization::Entity::find().filter(organization::Column::Slug.eq(slug.as_str()));
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }

    async fn organizations(&mut self) -> Result<Vec<Organization>, StoreError> {
        let select = organization::Entity::find().order_by_asc(organization::Column::Slug);
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn issuer(&mut self, iss: &Iss) -> Result<Option<Issuer>, StoreError> {
        let row = issuer::Entity::find_by_id(iss.as_str()).one(&self.tx).await.map_err(store_error)?;
        row.map(issuer_from).transpose()
    }

    async fn put_trusted_issuer(&mut self, trusted: &TrustedIssuer) -> Result<(), StoreError> {
        use trusted_issuer::Column;
        let issuer = issuer::ActiveModel {
            iss: Set(trusted.issuer.iss.to_string()),
            subject_claim: Set(trusted.issuer.subject_claim.to_string()),
        };
        issuer::Entity::insert(issuer)
            .on_conflict(OnConflict::column(issuer::Column::Iss).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        let row = trusted_issuer::ActiveModel {
            organization_id: Set(trusted.organization.uuid()),
            iss: Set(trusted.issuer.iss.to_string()),
            audiences: Set(to_json(&trusted.audiences)),
            accounts: Set(trusted.accounts),
            staff: Set(trusted.staff.as_ref().map(to_json)),
        };
        let mut replace = OnConflict::columns([Column::OrganizationId, Column::Iss]);
        replace.update_columns([Column::Audiences, Column::Accounts, Column::Staff]);
        trusted_issuer::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn remove_trusted_issuer(
        &mut self,
        organization: OrganizationId,
        iss: &Iss,
    ) -> Result<bool, StoreError> {
        let key = (organization.uuid(), iss.to_string());
        let result = trusted_issuer::Entity::delete_by_id(key).exec(&self.tx).await.map_err(store_error)?;
        Ok(result.rows_affected > 0)
    }

    async fn trust_in(&mut self, iss: &Iss) -> Result<Vec<TrustedIssuer>, StoreError> {
        let select = trusted_issuer::Entity::find().filter(trusted_issuer::Column::Iss.eq(iss.as_str()));
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        self.with_issuers(rows).await
    }

    async fn trusted_issuers(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<TrustedIssuer>, StoreError> {
        let rows = trusted_issuer::Entity::find()
            .filter(trusted_issuer::Column::OrganizationId.eq(organization.uuid()))
            .order_by_asc(trusted_issuer::Column::Iss)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        self.with_issuers(rows).await
    }
}
