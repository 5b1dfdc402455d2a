//! The links of accounts, kept in memory while the change feed is fresh.

use std::sync::Arc;

use kinlink_cache::{Forget, Freshness, GuardedCache};
use kinlink_domain::{
    id::AccountId,
    store::{AnswerableLink, Change, LinkReader, StoreError},
};

#[derive(Debug)]
pub(crate) struct LinksCache {
    reader: Arc<dyn LinkReader>,
    kept: GuardedCache<AccountId, Arc<[AnswerableLink]>>,
}

impl LinksCache {
    pub(crate) fn new(reader: Arc<dyn LinkReader>, capacity: u64, freshness: Freshness) -> Self {
        Self { reader, kept: GuardedCache::new(capacity, freshness) }
    }

    /// The account's unrevoked links, from memory if they are known to be true, else from the database.
    pub(crate) async fn of(&self, account: AccountId) -> Result<Arc<[AnswerableLink]>, StoreError> {
        if let Some(links) = self.kept.get(&account) {
            return Ok(links);
        }
        metrics::counter!("kinlink_link_cache_misses_total").increment(1);
        let ticket = self.kept.ticket(&account);
        let links: Arc<[AnswerableLink]> = self.reader.answerable_links(account).await?.into();
        self.kept.keep(ticket, account, links.clone());
        Ok(links)
    }
}

impl Forget for LinksCache {
    fn forget(&self, change: &Change) {
        match change {
            Change::Account(account) => self.kept.forget(account),
            // Its FHIR base and its minimum assurance stand beside every link.
            Change::Organization(_) => self.kept.forget_everything(),
            Change::Client(_) => {}
        }
    }

    fn forget_everything(&self) {
        self.kept.forget_everything();
    }
}
