//! What a merge of records, or its end, means beside where links go ([`crate::merge`]): bars of every record that
//! became one hold there, and a doubt about whoever granted is one about all that they granted there.

use super::{Ports, bar::end_proxy, follow_link::follow};
use crate::{
    actor::Actor,
    audit::Action,
    bar::Bar,
    id::{LinkId, PatientId},
    link::LinkState,
    store::{StoreError, UnitOfWork},
};

/// Ends what `bars` keep from this record, whether the bars came here or the links.
pub async fn enforce_bars(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    bars: &[Bar],
    record: PatientId,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    for bar in bars.iter().filter(|bar| bar.is_in_force(now)) {
        if let Some(account) = bar.account {
            let link = unit.unrevoked_link_for_update(account, record).await?;
            end_proxy(unit, ports, Actor::System, bar, link).await?;
        }
    }
    Ok(())
}

/// Suspends what the accounts of these links granted where the links came to in doubt; every link has come to its
/// place by now.
pub async fn spread_doubt(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    moved: &[LinkId],
) -> Result<(), StoreError> {
    for id in moved {
        if let Some(link) = unit.link(*id).await?
            && matches!(link.state, LinkState::Suspended { .. })
        {
            follow(unit, ports, &link, Action::LinkMove).await?;
        }
    }
    Ok(())
}
