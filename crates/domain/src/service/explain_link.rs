//! Why a link opens its record at a moment, or does not, with the policy and the evidence of then.

use chrono::{DateTime, Utc};

use crate::{
    explain::{Explanation, Listener, Situation},
    link::{Link, LinkRole},
    policy::Policy,
    store::{StoreError, UnitOfWork},
};

/// What can be said of a link at a moment.
#[derive(Debug)]
pub enum Told {
    /// It was not there yet.
    NotYetMade,
    /// It was there before its history was kept, and nobody knows how it stood.
    NotRecorded,
    /// As it stood then.
    Explained {
        /// The link as it stood.
        link: Box<Link>,
        /// Why it opened its record, or not.
        explanation: Box<Explanation>,
        /// The organization's policy as it was then.
        policy: Box<Policy>,
    },
}

/// Explains `link` at `at`: in the past from what was stored, in the future by the clock alone.
pub async fn explain(
    unit: &mut dyn UnitOfWork,
    link: Link,
    listener: Listener,
    at: DateTime<Utc>,
) -> Result<Told, StoreError> {
    if at < link.created_at {
        return Ok(Told::NotYetMade);
    }
    let Some(then) = unit.link_at(&link, at).await? else { return Ok(Told::NotRecorded) };
    let gone = || StoreError::Corrupt { what: "link", why: "its organization is gone".into() };
    let policy = unit.policy_at(link.organization, at).await?.ok_or_else(gone)?;
    let evidence = unit.evidence(link.id).await?;
    let grant = match then.role {
        LinkRole::SelfRole => None,
        LinkRole::Proxy { .. } => unit.grant_of_link(then.organization, then.id).await?,
    };
    let situation =
        Situation { link: &then, evidence: &evidence, policy: &policy, grant: grant.as_ref(), at };
    let explanation = Box::new(situation.explain(listener));
    Ok(Told::Explained { link: Box::new(then), explanation, policy: Box::new(policy) })
}
