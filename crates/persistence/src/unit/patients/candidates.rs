use std::collections::HashMap;

use kinlink_domain::{
    demographics::Demographics,
    id::OrganizationId,
    store::{Candidates, Patients, StoreError},
};

use super::{super::SeaUnit, SAME_IDENTIFIER};

/// Identifiers of one claim that are looked up.
const IDENTIFIERS: usize = 10;

impl SeaUnit {
    /// Records that share an identifier with the person.
    pub(super) async fn find_candidates(
        &mut self,
        organization: OrganizationId,
        claimed: &Demographics,
    ) -> Result<Candidates, StoreError> {
        let mut records = HashMap::new();
        let mut crowded = claimed.identifiers.len() > IDENTIFIERS;
        for identifier in claimed.identifiers.iter().take(IDENTIFIERS) {
            let found = self.patients_by_identifier(organization, identifier).await?;
            crowded |= u64::try_from(found.len()).is_ok_and(|found| found >= SAME_IDENTIFIER);
            records.extend(found.into_iter().map(|record| (record.id, record)));
        }
        Ok(Candidates { records: records.into_values().collect(), crowded })
    }
}
