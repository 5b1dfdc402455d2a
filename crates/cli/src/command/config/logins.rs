//! Whether anybody can log in to the pages with what is configured.

use anyhow::{Context as _, ensure};
use kinlink_auth::LoginProvider;
use kinlink_domain::store::Store;

/// Says at how many organizations logins of this provider count; an error if at none.
pub(super) async fn reach(store: &dyn Store, login: &LoginProvider) -> anyhow::Result<String> {
    let (iss, client_id) = (&login.iss, &login.client_id);
    let mut unit = store.begin_read().await?;
    let scope = login.scope(&mut *unit).await?;
    let scope = scope.context("there is no organization of the name in `organization`")?;
    let trusted = unit.trust_in(iss).await?;
    let count = trusted.iter().filter(|trust| scope.counts(trust)).count();
    ensure!(
        count > 0,
        "nobody can log in: no organization trusts {iss} for {client_id}; \
         name it among its --audience in `kinlink issuer add`"
    );
    Ok(format!("logins of {iss} for {client_id} count at {count} of {} that trust it", trusted.len()))
}
