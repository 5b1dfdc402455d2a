//! An account enters the code of its claim.
//!
//! Whoever tries must not learn whether there is a code at all: a claim without a record, one in review, one that
//! was declined, a wrong code and one that is too old are the same refusal, made by the same statements.

use chrono::{DateTime, Utc};

use super::{
    Ports,
    make_link::{Made, Support, WantedLink, make_link},
    own_past::{contact_shows_nothing, own_past},
    proxy::{is_barred, make_way},
    surviving_record::surviving_for_update,
    wrong_try,
};
use crate::{
    account::Account,
    actor::Actor,
    audit::{Action, Subject},
    claim::{Claim, ClaimRefusal, ClaimState, ClaimantStatus, Confirmation},
    code::{Code, MistypedCode},
    comparison::{Band, Candidate},
    evidence::Fact,
    federated::Asserted,
    id::{AccountId, ClaimId, PatientId},
    link::{Link, LinkRole},
    organization::Organization,
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// A try to confirm a claim.
#[derive(Debug)]
pub struct ConfirmClaim<'a> {
    /// Who tries.
    pub account: &'a Account,
    /// Which claim.
    pub claim: ClaimId,
    /// What was typed.
    pub code: &'a str,
    /// What the account's identity provider says of it.
    pub asserted: Option<&'a Asserted>,
    /// The network address that the try came from, in any stable form.
    pub address: &'a str,
}

/// What came of it. The unit of work is to be saved in every case, since refusals are counted.
#[derive(Debug)]
pub enum Confirmed {
    /// A link was made.
    Created(Link),
    /// The account has this link already.
    Existing(Link),
    /// No link.
    Refused(ConfirmRefusal),
}

/// Why a claim was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmRefusal {
    /// No code looks like this. Not counted as a try.
    #[error(transparent)]
    Mistyped(#[from] MistypedCode),
    /// No such claim of this account.
    #[error("no such claim")]
    NotFound,
    /// The claim was linked, withdrawn or closed, all of which the claimant knows.
    #[error(transparent)]
    NotOpen(#[from] ClaimRefusal),
    /// The code is not accepted.
    #[error("the code is not accepted")]
    NotAccepted,
    /// Too many wrong tries.
    #[error("too many wrong tries")]
    TooManyAttempts {
        /// When to try again.
        until: DateTime<Utc>,
    },
}

/// Confirms a claim.
pub async fn confirm(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &ConfirmClaim<'_>,
) -> Result<Confirmed, StoreError> {
    let code = match Code::parse(request.code) {
        Ok(code) => code,
        Err(mistyped) => return Ok(Confirmed::Refused(mistyped.into())),
    };
    let now = ports.clock.now();
    if let Some(until) =
        wrong_try::locked_until(unit, ports, request.account.id, request.address, now).await?
    {
        return Ok(Confirmed::Refused(ConfirmRefusal::TooManyAttempts { until }));
    }
    let Some(claim) = unit.claim_of_account_for_update(request.account.id, request.claim).await? else {
        return Ok(Confirmed::Refused(ConfirmRefusal::NotFound));
    };
    let organization = unit.organization(claim.organization).await?;
    let gone = || StoreError::Corrupt { what: "claim", why: "its organization is gone".into() };
    let organization = organization.ok_or_else(gone)?;
    let policy = &organization.policy.claims;
    // Before anything else is asked, so that there is no way to this place that leaves it out.
    let right = claim.has_code(&code, &*ports.vault);
    if let (true, ClaimState::Linked { link, .. }) = (right, &claim.state)
        && let Some(link) = unit.link(*link).await?
    {
        return Ok(Confirmed::Existing(link));
    }
    if claim.view(policy, now) != ClaimantStatus::Open {
        return Ok(Confirmed::Refused(ClaimRefusal(claim.status(policy, now)).into()));
    }
    match claim.confirmation(now).copied() {
        Some(confirmation) if right => {
            accept(unit, ports, request, claim, &organization, &confirmation).await
        }
        _ => refuse(unit, ports, request, claim, &organization).await,
    }
}

/// The code is right: decides about everything beside it.
async fn accept(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &ConfirmClaim<'_>,
    claim: Claim,
    organization: &Organization,
    confirmation: &Confirmation,
) -> Result<Confirmed, StoreError> {
    let trusted = unit.trust_in(&request.account.key.iss).await?;
    let trusted = trusted.iter().any(|trust| trust.organization == organization.id && trust.accounts);
    let patient = surviving_for_update(unit, organization.id, confirmation.patient).await?;
    let patient = patient.filter(|patient| trusted && patient.record.is_usable() && !patient.record.deceased);
    match patient {
        Some(patient)
            if still_may(unit, ports, claim.account, organization, &patient, confirmation).await?
                && make_way(unit, ports, claim.account, patient.id).await? =>
        {
            link(unit, ports, request, claim, organization, &patient, confirmation).await
        }
        _ => refuse(unit, ports, request, claim, organization).await,
    }
}

/// Whether nothing speaks against this account now. What was asked before the code went out is asked again: much can
/// change meanwhile, and the record may be another by a merge. What a reviewer approved stands, unless it came
/// later.
async fn still_may(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    organization: &Organization,
    patient: &PatientRecord,
    confirmation: &Confirmation,
) -> Result<bool, StoreError> {
    let sent_at = confirmation.sent_at;
    if is_barred(unit, ports, patient, account).await?
        || unit.access_ended_since(organization.id, patient.id, sent_at).await?
    {
        return Ok(false);
    }
    let past = own_past(unit, patient, account).await?;
    Ok(if confirmation.review.is_some() {
        past.kept_out_since(&LinkRole::SelfRole).is_none_or(|at| at < sent_at)
    } else {
        !contact_shows_nothing(&past, organization, patient, ports.clock.now())
    })
}

async fn link(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &ConfirmClaim<'_>,
    claim: Claim,
    organization: &Organization,
    patient: &PatientRecord,
    confirmation: &Confirmation,
) -> Result<Confirmed, StoreError> {
    let now = ports.clock.now();
    let (id, account) = (claim.id, claim.account);
    let wanted = WantedLink {
        account,
        organization,
        patient,
        home: confirmation.patient,
        role: LinkRole::SelfRole,
        terms: None,
        invitation: None,
        by: Actor::Account(account),
        used: contact_of(confirmation, patient),
        asserted: request.asserted,
        support: support(unit, &claim, confirmation, now).await?,
    };
    let made = make_link(unit, ports, wanted).await?;
    let linked = claim
        .link(made.link().id, &organization.policy.claims, now)
        .map_err(|_| StoreError::Conflict(crate::store::Constraint::Version))?;
    unit.update_claim(&linked).await?;
    let subject = Subject {
        account: Some(account),
        patient: Some(patient.id),
        link: Some(made.link().id),
        ..Subject::default()
    };
    let detail = serde_json::json!({"claim": id, "channel": confirmation.channel});
    unit.record(ports.audit(organization.id, Actor::Account(account), Action::ClaimConfirm, subject, detail));
    Ok(match made {
        Made::Created(link) => Confirmed::Created(link),
        Made::Existing(link) => Confirmed::Existing(link),
    })
}

/// The contact that the code went to. Of a record that changed since then nobody knows which one that is now, so
/// all are told.
fn contact_of(confirmation: &Confirmation, patient: &PatientRecord) -> Option<String> {
    let contact = confirmation.contact.filter(|_| patient.updated_at <= confirmation.sent_at)?;
    let emails = patient.record.demographics.emails();
    emails.get(usize::from(contact)).map(|email| (*email).to_owned())
}

/// What supports the link: the match, the code, and what reviewers saw.
async fn support(
    unit: &mut dyn UnitOfWork,
    claim: &Claim,
    confirmation: &Confirmation,
    now: DateTime<Utc>,
) -> Result<Vec<Support>, StoreError> {
    let candidates = unit.candidates_of_claim(claim.organization, claim.id).await?;
    let matched = demographic_match(claim, &candidates, confirmation.patient);
    let matched = matched.map(|fact| Support { fact, at: claim.submitted_at, by: Actor::System });
    let entered = Fact::ContactConfirmed { claim: claim.id, channel: confirmation.channel };
    let entered = Support { fact: entered, at: now, by: Actor::Account(claim.account) };
    let vouched = vouched(unit, claim).await?;
    let mut support: Vec<Support> = matched.into_iter().chain([entered]).chain(vouched).collect();
    if let Some(review) = confirmation.review {
        let review = unit.review(claim.organization, review).await?;
        for approval in review.iter().flat_map(crate::review::Review::approvals) {
            let seen = approval.proof.iter().cloned();
            support.extend(seen.map(|fact| Support { fact, at: approval.at, by: approval.by }));
        }
    }
    Ok(support)
}

/// What the client that submitted the claim vouched for, as evidence.
pub(super) async fn vouched(unit: &mut dyn UnitOfWork, claim: &Claim) -> Result<Option<Support>, StoreError> {
    let Some(said) = &claim.assertion else { return Ok(None) };
    let Some(account) = unit.account(claim.account).await? else { return Ok(None) };
    let fact = Fact::FederatedAssurance {
        iss: account.key.iss,
        acr: said.acr.clone(),
        amr: said.amr.clone(),
        trust_framework: said.trust_framework.clone(),
        assurance_level: said.assurance_level.clone(),
    };
    Ok(Some(Support { fact, at: claim.submitted_at, by: claim.submitted_by }))
}

/// How well a claim and a record agree, as evidence.
pub(super) fn demographic_match(claim: &Claim, candidates: &[Candidate], patient: PatientId) -> Option<Fact> {
    let candidate = candidates.iter().find(|candidate| candidate.patient == patient)?;
    let band = claim.band.unwrap_or(Band::Review);
    Some(Fact::DemographicMatch { claim: claim.id, weight: candidate.comparison.weight, band })
}

/// Counts a wrong try on the claim, the account and the address.
async fn refuse(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &ConfirmClaim<'_>,
    claim: Claim,
    organization: &Organization,
) -> Result<Confirmed, StoreError> {
    let now = ports.clock.now();
    let account = request.account.id;
    let failed = match claim.fail(&organization.policy.claims, now) {
        Ok(failed) => failed,
        Err(refusal) => return Ok(Confirmed::Refused(refusal.into())),
    };
    unit.update_claim(&failed).await?;
    let subject = Subject { account: Some(account), ..Subject::default() };
    let detail = serde_json::json!({"claim": failed.id, "failures": failed.failures});
    let by = Actor::Account(account);
    unit.record(ports.audit(organization.id, by, Action::ClaimRefuse, subject, detail));
    wrong_try::count(unit, ports, account, request.address, now).await?;
    Ok(Confirmed::Refused(ConfirmRefusal::NotAccepted))
}
