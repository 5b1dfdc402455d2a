use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, AuditEntry, Subject},
    id::AuditId,
    port::Random,
    store::{Journal, LookupAudit, LookupCount, StoreError, UnitOfWork},
};

use crate::SeaStore;

#[async_trait]
impl LookupAudit for SeaStore {
    async fn record_lookups(
        &self,
        counts: &[LookupCount],
        minute: DateTime<Utc>,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let mut unit = Box::new(self.begin_unit().await?);
        let now = self.ports.clock.now();
        for counted in counts {
            unit.record(AuditEntry {
                id: AuditId::new(now, random),
                organization: counted.organization,
                at: now,
                actor: Actor::Client(counted.client),
                action: Action::LinkLookup,
                subject: Subject {
                    account: Some(counted.account),
                    client: Some(counted.client),
                    ..Subject::default()
                },
                detail: serde_json::json!({"minute": minute, "count": counted.count}),
            });
        }
        unit.save().await
    }
}
