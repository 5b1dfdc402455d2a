//! What a login opens at an organization at a moment, and why: for whoever has the login in hand, and no link's id.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{
    Ports,
    explain_link::{Told, explain as explain_link},
    lookup::{LookupFilter, live},
};
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    evidence::Evidence,
    explain::Listener,
    id::{AccountId, OrganizationId},
    invitation::Invitation,
    link::Link,
    organization::Organization,
    page::Page,
    patient::FhirId,
    permission::Permissions,
    store::{AnswerableLink, AuditFilter, StoreError, UnitOfWork},
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct ExplainAccount {
    /// Whose links; [`crate::account::AccountKey::id`] tells it of a login.
    pub account: AccountId,
    /// Only links that open this record, or did.
    pub record: Option<FhirId>,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// One link of the account.
#[derive(Debug)]
pub struct ExplainedLink {
    /// As it stands now.
    pub link: Link,
    /// Why it opened its record at the moment, or not.
    pub told: Told,
    /// All of its evidence, oldest first.
    pub evidence: Vec<Evidence>,
    /// By whose act it was made, as the audit tells.
    pub made_by: Option<Actor>,
    /// The invitation that it came of, if it did.
    pub invitation: Option<Invitation>,
}

/// What there is to say of the account at the organization. Nothing of other organizations is in it.
#[derive(Debug)]
pub struct ExplainedAccount {
    /// Its links, those that were ended among them, newest first.
    pub links: Vec<ExplainedLink>,
    /// The links as a lookup at the moment would have read them.
    answerable: Vec<AnswerableLink>,
    organizations: [OrganizationId; 1],
    filter: LookupFilter,
    at: DateTime<Utc>,
}

impl ExplainedAccount {
    /// What a client of the organization would be answered at the moment, by the code that lookups run.
    pub fn answer(&self) -> impl Iterator<Item = (&AnswerableLink, Cow<'_, Permissions>)> {
        live(&self.answerable, &self.organizations, &self.filter, self.at)
    }
}

/// Explains every link of an account at the organization. That it was asked is put on record, also where there is
/// nothing to tell.
pub async fn explain(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    asked: &ExplainAccount,
) -> Result<ExplainedAccount, StoreError> {
    let mut links = unit.links_of_account(asked.account).await?;
    links.retain(|link| link.organization == by.organization());
    let mut explained = Vec::new();
    for link in links {
        let told = explain_link(unit, link.clone(), Listener::Staff, asked.at).await?;
        if asked.record.as_ref().is_some_and(|record| !is_of(record, &link, &told)) {
            continue;
        }
        explained.push(with_origin(unit, link, told).await?);
    }
    let patient = explained.first().filter(|_| asked.record.is_some()).map(|one| one.link.patient);
    let subject = Subject { account: Some(asked.account), patient, ..Subject::default() };
    let detail = serde_json::json!({"links": explained.len(), "at": asked.at});
    unit.record(ports.audit(by.organization(), by.actor(), Action::AccountRead, subject, detail));
    let answerable = explained.iter().filter_map(|one| answerable(one, organization)).collect();
    let filter = LookupFilter { patient: asked.record.clone(), ..LookupFilter::default() };
    Ok(ExplainedAccount {
        links: explained,
        answerable,
        organizations: [by.organization()],
        filter,
        at: asked.at,
    })
}

async fn with_origin(unit: &mut dyn UnitOfWork, link: Link, told: Told) -> Result<ExplainedLink, StoreError> {
    let evidence = unit.evidence(link.id).await?;
    let made =
        AuditFilter { action: Some(Action::LinkCreate), link: Some(link.id), ..AuditFilter::default() };
    let entries = unit.audit_entries(link.organization, &made, Page { after: None, limit: 1 }).await?;
    let made_by = entries.items.first().map(|made| made.entry.actor);
    let invitation = match link.invitation {
        Some(id) => unit.invitation(link.organization, id).await?,
        None => None,
    };
    Ok(ExplainedLink { link, told, evidence, made_by, invitation })
}

/// A link may have opened another record then: records are merged.
fn is_of(record: &FhirId, link: &Link, told: &Told) -> bool {
    link.fhir_id == *record || matches!(told, Told::Explained { link, .. } if link.fhir_id == *record)
}

fn answerable(one: &ExplainedLink, organization: &Organization) -> Option<AnswerableLink> {
    let Told::Explained { link, policy, .. } = &one.told else { return None };
    Some(AnswerableLink {
        link: (**link).clone(),
        slug: organization.slug.clone(),
        fhir_base: organization.fhir_base.clone(),
        minimum_assurance: policy.minimum_assurance,
        rules: policy.family.rules(),
    })
}
