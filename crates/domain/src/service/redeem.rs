//! An account redeems a code: the moment in which a link comes to be.
//!
//! Whoever tries must not learn whether a code exists: a wrong code, a code of another's, one that is
//! expired, revoked or locked, and a wrong birth date are all the same refusal.

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use super::{
    Ports,
    make_link::{Made, Support, WantedLink, make_link},
    own_past::own_past,
    proxy::{self, NewProxy, ProxyError},
    surviving_record::surviving_for_update,
    wrong_try,
};
use crate::{
    account::Account,
    actor::Actor,
    audit::{Action, Subject},
    code::{Code, MistypedCode},
    evidence::Fact,
    federated::Asserted,
    grant::{Acceptance, Grant, GrantState, ProxyTerms},
    id::{AccountId, GrantId, LinkId},
    invitation::{Challenge, Invitation, InvitationState, InvitationStatus},
    link::{Link, LinkRole, LinkState},
    organization::Organization,
    partial_date::PartialDate,
    patient::PatientRecord,
    port::Purpose,
    relationship::{ProxyBasis, Relationship},
    store::{StoreError, UnitOfWork},
};

/// A try to redeem a code.
#[derive(Debug)]
pub struct Redeem<'a> {
    /// Who tries.
    pub account: &'a Account,
    /// What was typed.
    pub code: &'a str,
    /// The birth date, if one was given.
    pub birth_date: Option<PartialDate>,
    /// What the account's identity provider says of it.
    pub asserted: Option<&'a Asserted>,
    /// The network address that the try came from, in any stable form.
    pub address: &'a str,
}

/// What came of it. The unit of work is to be saved in every case, since refusals are counted.
#[derive(Debug)]
pub enum Redeemed {
    /// A link was made.
    Created(Link),
    /// The account has this link already, by this very code or by another.
    Existing(Link),
    /// No link.
    Refused(RedeemRefusal),
}

/// Why a code was not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRefusal {
    /// No code looks like this. Not counted as a try.
    #[error(transparent)]
    Mistyped(#[from] MistypedCode),
    /// The code, or what was given beside it, is not accepted.
    #[error("the code is not accepted")]
    NotAccepted,
    /// The code is right so far, and the birth date is needed too. Not counted as a try.
    #[error("the birth date is needed too")]
    BirthDateNeeded,
    /// The code is right, but the organization does not accept logins of this provider. Not counted.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
    /// The code is right, but makes the caller a proxy of their own record. Not counted.
    #[error("the account opens this record as the patient")]
    OwnRecord,
    /// The code is right, but makes the caller the patient for whom they act, or did. Not counted.
    #[error("the account acts for this patient, and so is not theirs")]
    ActsForPatient,
    /// The code is right, but there are too many proxies, or too many patients. Not counted.
    #[error("there are as many proxies as are allowed already")]
    TooManyProxies,
    /// Too many wrong tries.
    #[error("too many wrong tries")]
    TooManyAttempts {
        /// When to try again.
        until: DateTime<Utc>,
    },
}

/// Redeems a code.
pub async fn redeem(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
) -> Result<Redeemed, StoreError> {
    let code = match Code::parse(request.code) {
        Ok(code) => code,
        Err(mistyped) => return Ok(Redeemed::Refused(mistyped.into())),
    };
    let now = ports.clock.now();
    if let Some(until) =
        wrong_try::locked_until(unit, ports, request.account.id, request.address, now).await?
    {
        return Ok(Redeemed::Refused(RedeemRefusal::TooManyAttempts { until }));
    }
    let Some(invitation) = unit.invitation_by_locator_for_update(&code.locator()).await? else {
        return refuse(unit, ports, request).await;
    };
    if !ports.vault.verify(Purpose::InvitationCode, &code.hash_input(), &invitation.code_hash) {
        return fail(unit, ports, request, invitation, "wrong_code").await;
    }
    if let Some(link) = earlier_link(unit, ports, request, &invitation).await? {
        return Ok(Redeemed::Existing(link));
    }
    if invitation.status(now) != InvitationStatus::Issued {
        return fail(unit, ports, request, invitation, "not_open").await;
    }
    accept(unit, ports, request, invitation).await
}

/// The code is right and open: decides about everything beside it.
async fn accept(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: Invitation,
) -> Result<Redeemed, StoreError> {
    let organization = unit.organization(invitation.organization).await?;
    let patient = surviving_for_update(unit, invitation.organization, invitation.patient).await?;
    let (Some(organization), Some(patient)) = (organization, patient) else {
        return Err(StoreError::Corrupt {
            what: "invitation",
            why: "its organization or record is gone".into(),
        });
    };
    let trusted = unit.trust_in(&request.account.key.iss).await?;
    if !trusted.iter().any(|trust| trust.organization == organization.id && trust.accounts) {
        return Ok(Redeemed::Refused(RedeemRefusal::IssuerNotTrusted));
    }
    let executor = invitation.role.basis() == Some(ProxyBasis::Executor);
    if !patient.record.is_usable() || (patient.record.deceased && !executor) {
        return fail(unit, ports, request, invitation, "record_not_usable").await;
    }
    if proxy::is_barred(unit, ports, &patient, request.account.id).await? {
        return fail(unit, ports, request, invitation, "barred").await;
    }
    let past = own_past(unit, &patient, request.account.id).await?;
    let kept_out = past.kept_out_since(&invitation.role);
    // Whoever issued it since then may have meant this very account.
    if kept_out.is_some_and(|at| invitation.issued_at < at) {
        return fail(unit, ports, request, invitation, "link_ended_since").await;
    }
    if invitation.challenge == Some(Challenge::BirthDate) {
        match request.birth_date {
            None => return Ok(Redeemed::Refused(RedeemRefusal::BirthDateNeeded)),
            Some(given) if same_day(given, &patient) => {}
            Some(_) => return fail(unit, ports, request, invitation, "wrong_birth_date").await,
        }
    }
    match (invitation.role, invitation.terms.clone()) {
        (LinkRole::Proxy { relationship, basis }, Some(terms)) => {
            let as_proxy = AsProxy { relationship, basis, terms };
            link_proxy(unit, ports, request, invitation, (&organization, &patient), as_proxy).await
        }
        // Whose code it was to be, nobody can tell who knows only that it was right: a letter to the patient is not
        // for those who live with them. If the account is the patient's, staff end what it has as a proxy.
        _ if invitation.role == LinkRole::SelfRole && past.acts_for_patient() => {
            let earlier = unit.unrevoked_link_for_update(request.account.id, patient.id).await?;
            let doubted = earlier.is_some_and(|link| matches!(link.state, LinkState::Suspended { .. }));
            if doubted || kept_out.is_some() {
                return fail(unit, ports, request, invitation, "acts_for_patient").await;
            }
            Ok(Redeemed::Refused(RedeemRefusal::ActsForPatient))
        }
        _ => link_account(unit, ports, request, invitation, &organization, &patient).await,
    }
}

/// What a proxy's invitation makes of whoever redeems it.
struct AsProxy {
    relationship: Relationship,
    basis: ProxyBasis,
    terms: ProxyTerms,
}

/// Staff decided when they issued the invitation, so the grant is accepted at once.
async fn link_proxy(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: Invitation,
    (organization, patient): (&Organization, &PatientRecord),
    AsProxy { relationship, basis, terms }: AsProxy,
) -> Result<Redeemed, StoreError> {
    let (now, account) = (ports.clock.now(), request.account.id);
    let new = NewProxy {
        account: request.account,
        organization,
        patient,
        home: invitation.patient,
        role: invitation.role,
        terms: &terms,
        invitation: Some(invitation.id),
        by: Actor::Account(account),
        asserted: request.asserted,
        support: support(&invitation, account, now),
    };
    let link = match proxy::make(unit, ports, new).await {
        Ok(link) => link,
        Err(ProxyError::Store(error)) => return Err(error),
        Err(ProxyError::OwnRecord) => return Ok(Redeemed::Refused(RedeemRefusal::OwnRecord)),
        Err(ProxyError::RecordFull | ProxyError::AccountFull) => {
            return Ok(Redeemed::Refused(RedeemRefusal::TooManyProxies));
        }
        Err(ProxyError::IssuerNotTrusted) => {
            return Ok(Redeemed::Refused(RedeemRefusal::IssuerNotTrusted));
        }
        Err(ProxyError::Barred | ProxyError::Suspended | ProxyError::RecordNotUsable) => {
            return fail(unit, ports, request, invitation, "not_a_proxy").await;
        }
    };
    let grant = Grant {
        id: GrantId::new(now, &*ports.random),
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        by: invitation.issued_by,
        relationship,
        basis,
        terms,
        contact: None,
        made_at: invitation.issued_at,
        state: GrantState::Accepted(Acceptance { at: now, account, link: link.id }),
    };
    unit.add_grant(&grant).await?;
    let detail = serde_json::json!({"grant": grant.id});
    let (by, granted) = (Actor::Account(account), subject(&invitation, request, Some(link.id)));
    unit.record(ports.audit(organization.id, by, Action::GrantAccept, granted, detail));
    close(unit, ports, request, invitation, link.id).await?;
    Ok(Redeemed::Created(link))
}

/// The invitation is used up.
async fn close(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: Invitation,
    link: LinkId,
) -> Result<(), StoreError> {
    let (account, organization) = (request.account.id, invitation.organization);
    let subject = subject(&invitation, request, Some(link));
    let redeemed = invitation
        .redeem(account, link, ports.clock.now())
        .map_err(|_| StoreError::Conflict(crate::store::Constraint::Version))?;
    unit.update_invitation(&redeemed).await?;
    let (by, detail) = (Actor::Account(account), serde_json::json!({}));
    unit.record(ports.audit(organization, by, Action::InvitationRedeem, subject, detail));
    Ok(())
}

async fn link_account(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: Invitation,
    organization: &Organization,
    patient: &PatientRecord,
) -> Result<Redeemed, StoreError> {
    let account = request.account.id;
    let now = ports.clock.now();
    let wanted = WantedLink {
        account,
        organization,
        patient,
        home: invitation.patient,
        role: invitation.role,
        terms: invitation.terms.as_ref(),
        invitation: Some(invitation.id),
        by: Actor::Account(account),
        // Which contact the code went to is not kept, so every one hears of it.
        used: None,
        asserted: request.asserted,
        support: support(&invitation, account, now),
    };
    let made = make_link(unit, ports, wanted).await?;
    close(unit, ports, request, invitation, made.link().id).await?;
    Ok(match made {
        Made::Created(link) => Redeemed::Created(link),
        Made::Existing(link) => Redeemed::Existing(link),
    })
}

/// What redeeming this invitation establishes, by the account and now; what staff saw was established when they
/// issued it.
fn support(invitation: &Invitation, account: AccountId, now: DateTime<Utc>) -> Vec<Support> {
    let code = Fact::CodeRedeemed {
        invitation: invitation.id,
        channel: invitation.channel,
        address: invitation.address,
    };
    let challenge = invitation.challenge.map(|Challenge::BirthDate| Fact::BirthDateConfirmed);
    let by_account = std::iter::once(code).chain(challenge);
    let by_account = by_account.map(|fact| Support { fact, at: now, by: Actor::Account(account) });
    let seen = invitation.proof.iter().cloned();
    let by_staff = seen.map(|fact| Support { fact, at: invitation.issued_at, by: invitation.issued_by });
    by_account.chain(by_staff).collect()
}

/// The link that this account made with this very code, if it still holds.
async fn earlier_link(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: &Invitation,
) -> Result<Option<Link>, StoreError> {
    match invitation.state {
        InvitationState::Redeemed { by, link, .. } if by == request.account.id => {
            let now = ports.clock.now();
            Ok(unit
                .link(link)
                .await?
                .filter(|link| link.stored_status(now) == crate::link::LinkStatus::Active))
        }
        _ => Ok(None),
    }
}

fn same_day(given: PartialDate, patient: &PatientRecord) -> bool {
    let on_record = patient.record.demographics.birth_date;
    match (given, on_record) {
        (PartialDate::Day(_), Some(PartialDate::Day(_))) => {
            let recorded = on_record.map(|date| date.to_string()).unwrap_or_default();
            given.to_string().as_bytes().ct_eq(recorded.as_bytes()).into()
        }
        _ => false,
    }
}

/// A wrong try that was aimed at an invitation.
async fn fail(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
    invitation: Invitation,
    why: &'static str,
) -> Result<Redeemed, StoreError> {
    let now = ports.clock.now();
    let organization = unit.organization(invitation.organization).await?;
    let policy = organization.map(|organization| organization.policy).unwrap_or_default();
    let subject = subject(&invitation, request, None);
    let id = invitation.organization;
    // One that is not open any more has nothing left to lock.
    let locked = match invitation.fail(&policy, now) {
        Ok(failed) => {
            unit.update_invitation(&failed).await?;
            matches!(failed.state, InvitationState::Locked { .. })
        }
        Err(_) => false,
    };
    let detail = serde_json::json!({"why": why, "locked": locked});
    unit.record(ports.audit(
        id,
        Actor::Account(request.account.id),
        Action::InvitationRefuse,
        subject,
        detail,
    ));
    refuse(unit, ports, request).await
}

/// Counts a wrong try on the account and the address.
async fn refuse(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Redeem<'_>,
) -> Result<Redeemed, StoreError> {
    let now = ports.clock.now();
    wrong_try::count(unit, ports, request.account.id, request.address, now).await?;
    Ok(Redeemed::Refused(RedeemRefusal::NotAccepted))
}

fn subject(invitation: &Invitation, request: &Redeem<'_>, link: Option<LinkId>) -> Subject {
    Subject {
        patient: Some(invitation.patient),
        account: Some(request.account.id),
        link,
        invitation: Some(invitation.id),
        client: None,
    }
}
