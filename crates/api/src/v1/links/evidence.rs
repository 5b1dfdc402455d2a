//! Evidence of a link, over time: staff add to it and withdraw from it, and lookups see it at once.

pub(crate) mod add;
pub(crate) mod withdraw;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    evidence::Evidence,
    id::LinkId,
    link::Link,
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::view::{EvidenceView, LinkView};
use crate::{
    extract::StaffCaller,
    problem::{Problem, ProblemType},
};

/// The evidence, and what the link is worth with it or without it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceAnswer {
    evidence: EvidenceView,
    link: LinkView,
}

impl EvidenceAnswer {
    async fn load(
        unit: &mut dyn UnitOfWork,
        link: &Link,
        evidence: Evidence,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let link = LinkView::load(unit, link, now).await?;
        Ok(Self { evidence: EvidenceView::new(evidence, now), link })
    }
}

/// Acting for the organization of a link. One at another organization is not found, as if it did not exist.
pub(crate) async fn authorized(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    link: LinkId,
) -> Result<Authorized, Problem> {
    let allowed = staff.wherever(StaffAct::ManageEvidence)?;
    let link = unit.link(link).await?;
    let by = link.and_then(|link| allowed.into_iter().find(|by| by.organization() == link.organization));
    by.ok_or_else(|| Problem::new(ProblemType::NotFound))
}
