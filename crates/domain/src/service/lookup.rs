//! Which records may this account open, now, as far as this client may know? Decided at read time from what
//! storage or a cache holds: nothing here waits for a nightly job.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::{
    access::Access,
    id::OrganizationId,
    organization::{Organization, Slug},
    patient::FhirId,
    permission::Permissions,
    proofing::Ial,
    store::{AnswerableLink, StoreError, UnitOfWork},
};

/// What a client asks for beside the account.
#[derive(Debug, Clone, Default)]
pub struct LookupFilter {
    /// Only links of this organization.
    pub organization: Option<OrganizationReference>,
    /// Only links at least this well proven.
    pub minimum_assurance: Option<Ial>,
    /// Only links to this record: "may this account open it?"
    pub patient: Option<FhirId>,
}

/// How a client names an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationReference {
    /// By its id.
    Id(OrganizationId),
    /// By its short name.
    Slug(Slug),
}

impl OrganizationReference {
    /// The organization that is named, if there is one.
    pub async fn find(&self, unit: &mut dyn UnitOfWork) -> Result<Option<Organization>, StoreError> {
        match self {
            Self::Id(id) => unit.organization(*id).await,
            Self::Slug(slug) => unit.organization_by_slug(slug).await,
        }
    }

    fn names(&self, link: &AnswerableLink) -> bool {
        match self {
            Self::Id(id) => link.link.organization == *id,
            Self::Slug(slug) => link.slug == *slug,
        }
    }
}

/// The links of `links` that are live at `now`, belong to one of the client's `organizations`, and pass the
/// filter, each with what it gives.
pub fn live<'a>(
    links: &'a [AnswerableLink],
    organizations: &'a [OrganizationId],
    filter: &'a LookupFilter,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (&'a AnswerableLink, Cow<'a, Permissions>)> {
    let asked = links.iter().filter(move |answerable| {
        let link = &answerable.link;
        organizations.contains(&link.organization)
            && filter.organization.as_ref().is_none_or(|organization| organization.names(answerable))
            && filter.patient.as_ref().is_none_or(|patient| link.fhir_id == *patient)
    });
    asked.filter_map(move |answerable| match answerable.access(filter.minimum_assurance, now) {
        Access::Live(permissions) => Some((answerable, permissions)),
        Access::Closed(_) => None,
    })
}
