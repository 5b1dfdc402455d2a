use std::sync::Arc;

use async_trait::async_trait;
use kinlink_domain::{
    id::AccountId,
    policy::FamilyPolicy,
    port::Vault,
    service::Ports,
    store::{AnswerableLink, Change, ChangeListener, LinkReader, Schema, Store, StoreError, UnitOfWork},
};
use sea_orm::{
    AccessMode, ColumnTrait, DatabaseTransaction, EntityTrait, IsolationLevel, QueryFilter,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::{
    Database,
    convert::{corrupt, from_json, from_word},
    entity::{link, organization},
    error::store_error,
    unit::{SeaUnit, link_from},
};

/// The domain's storage ports on a [`Database`].
#[derive(Debug, Clone)]
pub struct SeaStore {
    pub(crate) database: Database,
    pub(crate) ports: Ports,
    listener: Arc<dyn ChangeListener>,
}

/// Nobody listens.
#[derive(Debug)]
struct Deaf;

impl ChangeListener for Deaf {
    fn committed(&self, _: &[Change]) {}
}

impl SeaStore {
    /// A store on this database.
    pub fn new(database: Database, ports: Ports) -> Self {
        Self { database, ports, listener: Arc::new(Deaf) }
    }

    /// Tells `listener` of every commit, before it is acknowledged.
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn ChangeListener>) -> Self {
        Self { listener, ..self }
    }

    pub(crate) async fn begin_unit(&self) -> Result<SeaUnit, StoreError> {
        let tx = self.begin_immediate().await?;
        Ok(SeaUnit::new(tx, &self.ports, Some(self.listener.clone())))
    }

    /// IMMEDIATE: on SQLite a transaction that reads first and writes later may find that another process wrote in
    /// between, and fail; so it queues at the beginning instead.
    pub(crate) async fn begin_immediate(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        self.database.writer.begin_with_options(options).await.map_err(store_error)
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(self.begin_unit().await?))
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let postgres = self.database.backend() == sea_orm::DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        };
        let tx = self.database.reader.begin_with_options(options).await.map_err(store_error)?;
        Ok(Box::new(SeaUnit::new(tx, &self.ports, None)))
    }

    async fn ready(&self) -> Result<Schema, StoreError> {
        self.database.schema().await
    }
}

#[async_trait]
impl LinkReader for SeaStore {
    /// One statement, by the primary key's first column (`link (account_id, id)`), with the organization's
    /// few columns joined from a table that every node holds. A suspended link answers nothing, so it is
    /// not read.
    async fn answerable_links(&self, account: AccountId) -> Result<Vec<AnswerableLink>, StoreError> {
        let rows = link::Entity::find()
            .filter(link::Column::AccountId.eq(account.uuid()))
            .filter(link::Column::Status.eq("active"))
            .find_also_linked(crate::unit::LinkToOrganization)
            .all(&self.database.reader)
            .await
            .map_err(store_error)?;
        rows.into_iter().map(|row| answerable(row, &*self.ports.vault)).collect()
    }
}

fn answerable(
    (link, organization): (link::Model, Option<organization::Model>),
    vault: &dyn Vault,
) -> Result<AnswerableLink, StoreError> {
    let organization = organization.ok_or_else(|| corrupt("link", "its organization is gone"))?;
    Ok(AnswerableLink {
        slug: organization.slug.try_into().map_err(|error| corrupt("organization", error))?,
        fhir_base: organization.fhir_base.try_into().map_err(|error| corrupt("organization", error))?,
        minimum_assurance: from_word("organization", &organization.minimum_assurance)?,
        rules: match &organization.access_rules {
            Some(rules) => from_json("organization", rules)?,
            // Stored before there were rules: those that every policy then has.
            None => FamilyPolicy::default().rules(),
        },
        link: link_from(link, vault)?,
    })
}
