use kinlink_auth::AuthenticatedClient;
use kinlink_domain::{
    id::AccountId,
    permission::Permissions,
    service::lookup::{LookupFilter, live},
};

use super::wire::{Decision, Question, required};
use crate::{problem::Problem, state::State};

/// The only type of subject.
pub(super) const ACCOUNT: &str = "account";
/// The only type of resource.
pub(super) const PATIENT: &str = "Patient";

/// Answers one question by the same links and the same rule as a lookup, and counts it like one.
pub(super) async fn decide(
    state: &State,
    client: &AuthenticatedClient,
    question: &Question,
) -> Result<Decision, Problem> {
    let subject = required("/subject", question.subject.as_ref())?;
    let action = required("/action", question.action.as_ref())?;
    let resource = required("/resource", question.resource.as_ref())?;
    let (subject_kind, resource_kind) = (subject.kind("/subject")?, resource.kind("/resource")?);
    let (account, record) = (subject.account("/subject")?, resource.record("/resource")?);
    let Some(needed) = action.permission("/action")? else { return Ok(Decision::deny("unknown_action")) };
    if subject_kind != ACCOUNT {
        return Ok(Decision::deny("unknown_subject_type"));
    }
    if resource_kind != PATIENT {
        return Ok(Decision::deny("unknown_resource_type"));
    }
    let Some((organization, patient)) = record else { return Ok(Decision::deny("no_live_link")) };
    let filter = LookupFilter {
        organization: Some(organization),
        minimum_assurance: question.minimum(),
        patient: Some(patient),
    };
    let gives = gives(state, client, account, &filter).await?;
    Ok(match gives {
        None => Decision::deny("no_live_link"),
        Some(gives) if gives.cover(&needed) => Decision::PERMIT,
        Some(_) => Decision::deny("not_permitted"),
    })
}

/// What an account's live link to the one record that `filter` names gives.
pub(super) async fn gives(
    state: &State,
    client: &AuthenticatedClient,
    account: AccountId,
    filter: &LookupFilter,
) -> Result<Option<Permissions>, Problem> {
    let known = state.links.of(account).await?;
    let found = live(&known, &client.organizations, filter, state.ports.clock.now()).next();
    state.lookups.count_each(found.iter().map(|(link, _)| link.link.organization), client.id, account);
    Ok(found.map(|(_, gives)| gives.into_owned()))
}
