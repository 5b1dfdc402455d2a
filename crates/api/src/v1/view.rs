//! What answers are made of: the domain's types as JSON shows them.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::AccessRules,
    actor::Actor,
    evidence::{AddressValidation, Evidence, EvidenceState, EvidenceStatus, Fact, Withdrawal},
    invitation::{Challenge, Channel, Invitation, InvitationRevocation, InvitationState, InvitationStatus},
    link::{Link, LinkState, LinkStatus, Revocation, Suspension},
    proofing::AssuranceOverTime,
    relationship::{ProxyBasis, Relationship},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemType};

/// An invitation. Its code is never part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    #[schema(example = "inv_0197f2f31c2a7d0c8e6f2b7f5a1d9c11")]
    id: String,
    #[schema(example = "org_0197f2f31c2a7d0c8e6f2b7f5a1d9c00")]
    organization: String,
    /// The FHIR id of the record on offer.
    #[schema(example = "n-002")]
    patient: String,
    #[schema(example = "self")]
    role: String,
    /// HL7 v3-RoleCode of a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<&'static str>,
    /// On what ground a proxy will act.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "parental_responsibility")]
    basis: Option<ProxyBasis>,
    /// What a proxy will get: the name of a profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Until when a proxy will have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    #[schema(value_type = String, example = "in_person")]
    channel: Channel,
    /// How the place that the code went to was known to be the patient's.
    #[schema(value_type = String, example = "none")]
    address: AddressValidation,
    #[schema(value_type = Option<String>, example = "birth_date")]
    challenge: Option<Challenge>,
    /// `issued`, `redeemed`, `revoked`, `locked` or `expired`, now.
    #[schema(value_type = String, example = "issued")]
    status: InvitationStatus,
    /// Wrong tries so far.
    failures: u16,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// When it was redeemed, revoked or locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "lost")]
    reason: Option<InvitationRevocation>,
    /// The link that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// The invitation that it took the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
}

impl InvitationView {
    pub(crate) fn new(invitation: &Invitation, now: DateTime<Utc>) -> Self {
        let (ended_at, reason, link) = match invitation.state {
            InvitationState::Issued => (None, None, None),
            InvitationState::Redeemed { at, link, .. } => (Some(at), None, Some(link.to_string())),
            InvitationState::Revoked { at, reason, .. } => (Some(at), Some(reason), None),
            InvitationState::Locked { at } => (Some(at), None, None),
        };
        Self {
            id: invitation.id.to_string(),
            organization: invitation.organization.to_string(),
            patient: invitation.fhir_id.to_string(),
            role: invitation.role.as_str().to_owned(),
            relationship: invitation.role.relationship().map(Relationship::code),
            basis: invitation.role.basis(),
            profile: invitation.terms.as_ref().map(|terms| terms.profile.clone()),
            until: invitation.terms.as_ref().and_then(|terms| terms.until),
            channel: invitation.channel,
            address: invitation.address,
            challenge: invitation.challenge,
            status: invitation.status(now),
            failures: invitation.failures,
            issued_at: invitation.issued_at,
            expires_at: invitation.expires_at,
            ended_at,
            reason,
            link,
            replaces: invitation.replaces.map(|id| id.to_string()),
        }
    }
}

/// NIST SP 800-63A and FHIR `Person.link.assurance`, computed from the evidence.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct AssuranceView {
    /// `IAL1` or `IAL2`.
    #[schema(value_type = String, example = "IAL2")]
    ial: kinlink_domain::proofing::Ial,
    /// `level1` to `level4`.
    #[schema(value_type = String, example = "level3")]
    level: kinlink_domain::proofing::AssuranceLevel,
    /// It lowers at this moment, when evidence runs out; absent if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl AssuranceView {
    pub(crate) fn new(assurance: &AssuranceOverTime, now: DateTime<Utc>) -> Self {
        let at = assurance.at(now);
        Self { ial: at.ial, level: at.level, until: assurance.until(now) }
    }
}

/// From when to when; open where there is no end.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct PeriodView {
    pub(crate) start: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<DateTime<Utc>>,
}

/// A link with all that its owner and its organization may know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    #[schema(example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: String,
    /// Counts its changes.
    version: u32,
    organization: String,
    account: String,
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// `self` or `proxy`.
    #[schema(example = "self")]
    role: String,
    /// HL7 v3-RoleCode of a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<&'static str>,
    /// On what ground a proxy acts: `patient_grant`, `parental_responsibility`, `guardianship`,
    /// `power_of_attorney` or `executor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "parental_responsibility")]
    basis: Option<ProxyBasis>,
    /// SMART v2 scopes that it can at most give.
    #[schema(example = "patient/*.cruds")]
    permissions: String,
    /// What it gives now; absent where it gives nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "patient/*.cruds")]
    gives: Option<String>,
    period: PeriodView,
    assurance: AssuranceView,
    /// `active`, `pending`, `expired`, `suspended`, `revoked`, `record_inactive`, `aged_out`, `age_unknown`,
    /// `too_young`, `patient_deceased` or `patient_living`, now.
    #[schema(value_type = String, example = "active")]
    status: LinkStatus,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why it is suspended, or was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "no_longer_wanted")]
    reason: Option<Reason>,
    /// Whether the account itself ended it.
    #[serde(skip)]
    own_act: bool,
}

/// Why a link is suspended, or was ended.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reason {
    Suspended(Suspension),
    Ended(Revocation),
}

impl LinkView {
    /// As it stands at `now`.
    pub(crate) async fn load(
        unit: &mut dyn UnitOfWork,
        link: &Link,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let organization = unit.organization(link.organization).await?;
        let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
        Ok(Self::new(link, &organization.policy.family.rules(), now))
    }

    pub(crate) fn new(link: &Link, rules: &AccessRules, now: DateTime<Utc>) -> Self {
        let gives = link.gives(rules, now);
        let (suspended_at, ended_at, reason) = match link.state {
            LinkState::Active => (None, None, None),
            LinkState::Suspended { at, reason, .. } => (Some(at), None, Some(Reason::Suspended(reason))),
            LinkState::Revoked { at, reason, .. } => (None, Some(at), Some(Reason::Ended(reason))),
        };
        Self {
            id: link.id.to_string(),
            version: link.version,
            organization: link.organization.to_string(),
            account: link.account.to_string(),
            patient: link.fhir_id.to_string(),
            role: link.role.as_str().to_owned(),
            relationship: link.role.relationship().map(Relationship::code),
            basis: link.role.basis(),
            permissions: link.permissions.to_string(),
            period: PeriodView { start: link.period.start, end: link.period.end },
            assurance: AssuranceView::new(&link.assurance, now),
            status: *gives.as_ref().err().unwrap_or(&LinkStatus::Active),
            gives: gives.ok().map(|permissions| permissions.to_string()),
            created_at: link.created_at,
            suspended_at,
            ended_at,
            reason,
            own_act: matches!(link.state, LinkState::Revoked { by: Actor::Account(by), .. } if by == link.account),
        }
    }

    /// What the account itself is told of an ended or suspended link: that it is. Why, who said so, and when, may
    /// endanger somebody, unless it was the account.
    #[must_use]
    pub(crate) fn without_reason(self) -> Self {
        let ended_at = self.ended_at.filter(|_| self.own_act);
        Self { reason: None, suspended_at: None, ended_at, ..self }
    }
}

/// One fact in support of a link, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    #[schema(example = "evd_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
    id: String,
    /// The fact; `type` says which kind.
    #[schema(value_type = Object)]
    fact: Fact,
    established_at: DateTime<Utc>,
    /// Who established it.
    #[schema(value_type = Object)]
    by: kinlink_domain::actor::Actor,
    /// `valid`, `expired` or `withdrawn`, now; only what is valid counts.
    #[schema(value_type = String, example = "valid")]
    status: EvidenceStatus,
    /// Until when it counts; without an end if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<WithdrawnView>,
}

/// Who took evidence out of what is counted, and why.
#[derive(Debug, Serialize, ToSchema)]
struct WithdrawnView {
    at: DateTime<Utc>,
    #[schema(value_type = Object)]
    by: kinlink_domain::actor::Actor,
    #[schema(value_type = String, example = "found_forged")]
    reason: Withdrawal,
}

impl EvidenceView {
    pub(crate) fn new(evidence: Evidence, now: DateTime<Utc>) -> Self {
        let withdrawn = match evidence.state {
            EvidenceState::Valid => None,
            EvidenceState::Withdrawn { at, by, reason } => Some(WithdrawnView { at, by, reason }),
        };
        Self {
            id: evidence.id.to_string(),
            status: evidence.status(now),
            fact: evidence.fact,
            established_at: evidence.established_at,
            by: evidence.by,
            valid_until: evidence.valid_until,
            withdrawn,
        }
    }
}

/// One fact in support of a link, as the account holder sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnEvidenceView {
    /// The kind, for example `document_seen`.
    #[serde(rename = "type")]
    #[schema(example = "code_redeemed")]
    kind: &'static str,
    established_at: DateTime<Utc>,
    /// Until when it counts; without an end if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<DateTime<Utc>>,
}

impl OwnEvidenceView {
    /// Absent for what was withdrawn: what staff suspect is not for whom they suspect.
    pub(crate) fn new(evidence: &Evidence, now: DateTime<Utc>) -> Option<Self> {
        (evidence.status(now) != EvidenceStatus::Withdrawn).then(|| Self {
            kind: evidence.fact.kind(),
            established_at: evidence.established_at,
            valid_until: evidence.valid_until,
        })
    }
}
