//! Why a link opens its record at a moment, or does not, with the policy and the evidence of then.

use std::borrow::Cow;

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
    NotYetMade {
        /// When it was made.
        made: DateTime<Utc>,
    },
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

impl Told {
    /// How much is known: `known`, `not_yet_made` or `not_recorded`.
    pub const fn recorded(&self) -> &'static str {
        match self {
            Self::NotYetMade { .. } => "not_yet_made",
            Self::NotRecorded => "not_recorded",
            Self::Explained { .. } => "known",
        }
    }

    /// Whether it opened its record then, as far as is known.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Explained { explanation, .. } if explanation.live)
    }

    /// The answer in a sentence or two.
    pub fn summary(&self) -> Cow<'_, str> {
        match self {
            Self::NotYetMade { made } => {
                let made = made.format("%Y-%m-%d %H:%M UTC");
                format!("The link was not there yet: it was made at {made}.").into()
            }
            Self::NotRecorded => {
                "The link was there, but its history was not kept yet: how it stood is not known.".into()
            }
            Self::Explained { explanation, .. } => explanation.summary.as_str().into(),
        }
    }
}

/// Explains `link` at `at`: in the past from what was stored, in the future by the clock alone.
pub async fn explain(
    unit: &mut dyn UnitOfWork,
    link: Link,
    listener: Listener,
    at: DateTime<Utc>,
) -> Result<Told, StoreError> {
    if at < link.created_at {
        return Ok(Told::NotYetMade { made: link.created_at });
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
