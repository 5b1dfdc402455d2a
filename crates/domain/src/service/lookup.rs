//! Which records may this account open, now, as far as this client may know? Decided at read time from what
//! storage or a cache holds: nothing here waits for a nightly job.

use chrono::{DateTime, Utc};

use crate::{id::OrganizationId, organization::Slug, patient::FhirId, proofing::Ial, store::AnswerableLink};

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
    fn names(&self, link: &AnswerableLink) -> bool {
        match self {
            Self::Id(id) => link.link.organization == *id,
            Self::Slug(slug) => link.slug == *slug,
        }
    }
}

/// The links of `links` that are live at `now`, belong to one of the client's `organizations`, and pass the
/// filter.
pub fn live<'a>(
    links: &'a [AnswerableLink],
    organizations: &'a [OrganizationId],
    filter: &'a LookupFilter,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a AnswerableLink> {
    links.iter().filter(move |answerable| {
        let link = &answerable.link;
        let minimum = filter.minimum_assurance.unwrap_or(Ial::Ial1).max(answerable.minimum_assurance);
        organizations.contains(&link.organization)
            && link.is_live(minimum, now)
            && filter.organization.as_ref().is_none_or(|organization| organization.names(answerable))
            && filter.patient.as_ref().is_none_or(|patient| link.fhir_id == *patient)
    })
}
