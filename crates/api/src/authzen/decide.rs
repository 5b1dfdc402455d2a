use kinlink_auth::AuthenticatedClient;
use kinlink_domain::{
    id::AccountId,
    permission::Permissions,
    service::lookup::{LookupFilter, live},
};

use super::wire::{Asked, Decision};
use crate::{problem::Problem, state::State};

/// The only type of subject.
pub(super) const ACCOUNT: &str = "account";
/// The only type of resource.
pub(super) const PATIENT: &str = "Patient";

/// Answers one question by the same links and the same rule as a lookup, and counts it like one.
pub(super) async fn decide(
    state: &State,
    client: &AuthenticatedClient,
    asked: Asked<'_>,
) -> Result<Decision, Problem> {
    let (subject, needed, resource) = (asked.subject()?, asked.needed()?, asked.resource()?);
    let (account, record) = (subject.account()?, resource.record()?);
    let Some(needed) = needed else { return Ok(Decision::deny("unknown_action")) };
    if subject.kind != ACCOUNT {
        return Ok(Decision::deny("unknown_subject_type"));
    }
    if resource.kind != PATIENT {
        return Ok(Decision::deny("unknown_resource_type"));
    }
    let Some((organization, patient)) = record else { return Ok(Decision::deny("no_live_link")) };
    let filter = LookupFilter {
        organization: Some(organization),
        minimum_assurance: asked.minimum(),
        patient: Some(patient),
    };
    let covered = with_link(state, client, account, &filter, |gives| gives.cover(&needed)).await?;
    Ok(match covered {
        Some(true) => Decision::PERMIT,
        Some(false) => Decision::deny("not_permitted"),
        None => Decision::deny("no_live_link"),
    })
}

/// What is to be said of what an account's live link to the one record that `filter` names gives; nothing if there
/// is no such link.
pub(super) async fn with_link<T>(
    state: &State,
    client: &AuthenticatedClient,
    account: AccountId,
    filter: &LookupFilter,
    say: impl FnOnce(&Permissions) -> T,
) -> Result<Option<T>, Problem> {
    let known = state.links.of(account).await?;
    let found = live(&known, &client.organizations, filter, state.ports.clock.now()).next();
    state.lookups.count_each(found.iter().map(|(link, _)| link.link.organization), client.id, account);
    Ok(found.map(|(_, gives)| say(&gives)))
}
