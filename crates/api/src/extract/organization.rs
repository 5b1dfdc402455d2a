//! Which organization a request of staff is about.

use kinlink_domain::{
    actor::{Authorized, StaffAct},
    id::OrganizationId,
    organization::{Organization, Slug},
    service::lookup::OrganizationReference,
    store::UnitOfWork,
};

use super::StaffCaller;
use crate::problem::{Problem, ProblemType};

/// An organization named by its id or its short name.
pub(crate) fn organization_reference(
    kind: ProblemType,
    at: &str,
    text: &str,
) -> Result<OrganizationReference, Problem> {
    if let Ok(id) = text.parse::<OrganizationId>() {
        return Ok(OrganizationReference::Id(id));
    }
    let slug = Slug::parse(text).map_err(|error| Problem::new(kind).at(at, error.to_string()))?;
    Ok(OrganizationReference::Slug(slug))
}

/// The organization that a staff user names, or the only one they have a role at.
pub(crate) struct NamedOrganization {
    reference: Option<OrganizationReference>,
    kind: ProblemType,
}

impl NamedOrganization {
    /// The query parameter `organization`.
    pub(crate) fn in_query(text: Option<&str>) -> Result<Self, Problem> {
        Self::named(ProblemType::MalformedParameter, "organization", text)
    }

    /// The body's member `organization`.
    pub(crate) fn in_body(text: Option<&str>) -> Result<Self, Problem> {
        Self::named(ProblemType::InvalidMember, "/organization", text)
    }

    fn named(kind: ProblemType, at: &str, text: Option<&str>) -> Result<Self, Problem> {
        let reference = text.map(|text| organization_reference(kind, at, text)).transpose()?;
        Ok(Self { reference, kind })
    }

    /// The organization.
    pub(crate) async fn find(
        &self,
        unit: &mut dyn UnitOfWork,
        staff: &StaffCaller,
    ) -> Result<Organization, Problem> {
        let found = match &self.reference {
            Some(reference) => reference.find(unit).await?,
            None => match staff.sole_organization() {
                Some(id) => unit.organization(id).await?,
                None => {
                    return Err(Problem::new(self.kind).at("organization", "name one: you serve several"));
                }
            },
        };
        // One that does not exist looks like one that is not the caller's.
        found.ok_or_else(|| Problem::new(ProblemType::NotYourOrganization))
    }

    /// The organization, where the caller may do this.
    pub(crate) async fn find_for(
        &self,
        unit: &mut dyn UnitOfWork,
        staff: &StaffCaller,
        act: StaffAct,
    ) -> Result<(Organization, Authorized), Problem> {
        let organization = self.find(unit, staff).await?;
        let by = staff.at(organization.id, act)?;
        Ok((organization, by))
    }
}

/// The one in an address.
impl From<OrganizationReference> for NamedOrganization {
    fn from(reference: OrganizationReference) -> Self {
        Self { reference: Some(reference), kind: ProblemType::NotFound }
    }
}
