//! Grants: a patient, or staff, let another person act for the patient.

pub(crate) mod accept;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod offer;
pub(crate) mod read;
pub(crate) mod renew;
pub(crate) mod withdraw;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::AccessRules,
    actor::Actor,
    audit::Action,
    grant::{Acceptance, Grant, GrantState, GrantStatus},
    invitation::Channel,
    link::{LinkStatus, Revocation},
    organization::Organization,
    page::Page,
    relationship::ProxyBasis,
    store::{AuditFilter, UnitOfWork},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemType};

/// Who looks at a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Who acts. Is not told when the patient or anybody ended it, nor why.
    Proxy,
    /// The patient, who sees what the proxy does with it.
    Patient,
    /// Staff, who see all.
    Staff,
}

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    #[schema(example = "gnt_0197f2f31c2a7d0c8e6f2b7f5a1d9c55")]
    id: String,
    organization: String,
    /// The organization's name.
    #[schema(example = "Northside General Hospital")]
    organization_name: String,
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// `patient` or `organization`: who decided it.
    #[schema(example = "patient")]
    granted_by: &'static str,
    /// HL7 v3-RoleCode: what the proxy is to the patient.
    #[schema(example = "SPS")]
    relationship: &'static str,
    /// On what ground the proxy acts.
    #[schema(value_type = String, example = "patient_grant")]
    basis: ProxyBasis,
    /// The name of the profile that was chosen.
    #[schema(example = "appointments")]
    profile: String,
    /// What people read of that profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_title: Option<String>,
    /// SMART v2 scopes that it can at most give.
    permissions: String,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    /// `offered`, `accepted`, `ended`, `declined`, `withdrawn` or `expired`, now.
    #[schema(value_type = String, example = "accepted")]
    status: GrantStatus,
    made_at: DateTime<Utc>,
    /// Of an offer: by which way its code goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "email")]
    channel: Option<Channel>,
    /// Of an offer: until when it can be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<DateTime<Utc>>,
    /// The proxy's account; not to the proxy, who knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// The proxy's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<GrantLink>,
    /// When an authorization server last asked for the proxy's links here; for the patient and staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why it ended; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "patient_ended")]
    reason: Option<Revocation>,
}

/// The proxy's link, now.
#[derive(Debug, Serialize, ToSchema)]
struct GrantLink {
    #[schema(example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: String,
    /// Where it stands, as for any link.
    #[schema(value_type = String, example = "active")]
    status: LinkStatus,
    /// What it gives now; absent where it gives nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    gives: Option<String>,
}

impl GrantView {
    pub(crate) async fn load(
        unit: &mut dyn UnitOfWork,
        grant: &Grant,
        sight: Sight,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let organization = unit.organization(grant.organization).await?;
        let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
        let mut view = Self::new(grant, &organization, sight, now);
        if let Some(accepted) = grant.acceptance() {
            view.link = link(unit, accepted, &organization.policy.family.rules(), now).await?;
            if sight != Sight::Proxy {
                view.last_used_at = last_used(unit, grant, accepted).await?;
            }
        }
        Ok(view)
    }

    fn new(grant: &Grant, organization: &Organization, sight: Sight, now: DateTime<Utc>) -> Self {
        let (offer, ended_at, reason) = match &grant.state {
            GrantState::Offered(offer) => (Some(offer), None, None),
            GrantState::Accepted(_) => (None, None, None),
            GrantState::Ended { at, reason, .. } => (None, Some(*at), Some(*reason)),
            GrantState::Declined { at, .. } | GrantState::Withdrawn { at, .. } => (None, Some(*at), None),
        };
        let profile = organization.policy.family.profiles.get(&grant.terms.profile);
        Self {
            id: grant.id.to_string(),
            organization: grant.organization.to_string(),
            organization_name: organization.name.clone(),
            patient: grant.fhir_id.to_string(),
            granted_by: if matches!(grant.by, Actor::Account(_)) { "patient" } else { "organization" },
            relationship: grant.relationship.code(),
            basis: grant.basis,
            profile: grant.terms.profile.clone(),
            profile_title: profile.map(|profile| profile.title.clone()),
            permissions: grant.terms.permissions.to_string(),
            until: grant.terms.until,
            status: grant.status(now),
            made_at: grant.made_at,
            channel: offer.map(|offer| offer.channel),
            expires_at: offer.map(|offer| offer.expires_at),
            accepted_at: grant.acceptance().map(|accepted| accepted.at),
            account: grant
                .acceptance()
                .filter(|_| sight != Sight::Proxy)
                .map(|accepted| accepted.account.to_string()),
            link: None,
            last_used_at: None,
            ended_at: ended_at.filter(|_| sight != Sight::Proxy),
            reason: reason.filter(|_| sight == Sight::Staff),
        }
    }
}

async fn link(
    unit: &mut dyn UnitOfWork,
    accepted: &Acceptance,
    rules: &AccessRules,
    now: DateTime<Utc>,
) -> Result<Option<GrantLink>, Problem> {
    let link = unit.link(accepted.link).await?;
    Ok(link.map(|link| {
        let gives = link.gives(rules, now);
        GrantLink {
            id: link.id.to_string(),
            status: *gives.as_ref().err().unwrap_or(&LinkStatus::Active),
            gives: gives.ok().map(|permissions| permissions.to_string()),
        }
    }))
}

/// From the audit of lookups, which counts them by account and minute.
pub(crate) async fn last_used(
    unit: &mut dyn UnitOfWork,
    grant: &Grant,
    accepted: &Acceptance,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let filter = AuditFilter {
        action: Some(Action::LinkLookup),
        account: Some(accepted.account),
        from: Some(accepted.at),
        ..AuditFilter::default()
    };
    let page = Page { after: None, limit: 1 };
    let listed = unit.audit_entries(grant.organization, &filter, page).await?;
    Ok(listed.items.first().map(|chained| chained.entry.at))
}

/// One grant, in an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantAnswer {
    grant: GrantView,
}
