//! Looks through a server's own list of users for attributes that no account of Kinlink stands behind: what an
//! administrator's script or another system set opens a record, and nobody takes it away.
//!
//! They are counted and left alone. One may be a clinician's, whose `fhirUser` is a `Practitioner`.

use kinlink_domain::{
    account::AccountKey,
    id::AccountId,
    provisioning::{Ended, ProvisioningTarget},
    store::StoreError,
};

use crate::{
    Provisioner,
    reconcile::Stretch,
    server::{ServerError, UserPage},
};

impl Provisioner {
    /// Goes through one page of the list.
    pub(crate) async fn sweep(
        &self,
        target: &ProvisioningTarget,
        stretch: &mut Stretch,
    ) -> Result<(), StoreError> {
        match self.page(target, stretch.run.sweep.as_deref()).await {
            Ok(page) => self.counted(target, stretch, page).await,
            // Who may read one user and not list them would not be let in later either.
            Err(error @ ServerError::Forbidden { .. }) => {
                stretch.finish(Ended::GivenUp { error: error.to_string() }, self.ports.clock.now());
                Ok(())
            }
            Err(error) => self.trouble(target, stretch, &error).await,
        }
    }

    async fn page(&self, target: &ProvisioningTarget, place: Option<&str>) -> Result<UserPage, ServerError> {
        self.server(target)?.page(place).await
    }

    async fn counted(
        &self,
        target: &ProvisioningTarget,
        stretch: &mut Stretch,
        page: UserPage,
    ) -> Result<(), StoreError> {
        let of = |user: &String| AccountKey::derive(target.issuer.as_str(), user);
        let holders: Vec<AccountId> = page.holders.iter().map(of).collect();
        let mut unit = self.store.begin_read().await?;
        let known = unit.provisioned_among(target.organization, target.id, &holders).await?;
        drop(unit);
        let counts = &mut stretch.run.counts;
        counts.users += u64::try_from(page.users).unwrap_or_default();
        counts.strangers += u64::try_from(holders.len() - known.len()).unwrap_or_default();
        stretch.run.failures = 0;
        stretch.run.sweep = page.next;
        if stretch.run.sweep.is_none() {
            stretch.finish(Ended::Completed, self.ports.clock.now());
        }
        tokio::time::sleep(self.pace).await;
        Ok(())
    }
}
