//! Whoever holds the code of an offer accepts it, or declines it.
//!
//! As for invitations, a wrong code, one of an offer that is closed, and one that this account may not use are
//! the same refusal ([`super::redeem`]), and wrong codes of both are counted together.

use chrono::{DateTime, Utc};

use super::{
    Ports,
    make_link::Support,
    own_past::own_past,
    proxy::{self, NewProxy, ProxyError},
    surviving_record::{home_given_by, surviving_for_update},
    wrong_try,
};
use crate::{
    account::Account,
    actor::Actor,
    audit::{Action, Subject},
    code::{Code, MistypedCode},
    evidence::Fact,
    federated::Asserted,
    grant::{Grant, GrantState, GrantStatus, ProxyTerms},
    link::{Link, LinkRole},
    organization::Organization,
    port::Purpose,
    store::{Constraint, StoreError, UnitOfWork},
};

/// A try to use the code of an offer.
#[derive(Debug)]
pub struct UseOffer<'a> {
    /// Who tries.
    pub account: &'a Account,
    /// What was typed.
    pub code: &'a str,
    /// What the account's identity provider says of it.
    pub asserted: Option<&'a Asserted>,
    /// The network address that the try came from, in any stable form.
    pub address: &'a str,
}

/// What came of it. The unit of work is to be saved in every case, since refusals are counted.
#[derive(Debug)]
pub enum Used<T> {
    /// It was accepted, or declined.
    Done(T),
    /// It was not.
    Refused(UseRefusal),
}

/// Why the code of an offer was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UseRefusal {
    /// No code looks like this. Not counted as a try.
    #[error(transparent)]
    Mistyped(#[from] MistypedCode),
    /// The code is not accepted.
    #[error("the code is not accepted")]
    NotAccepted,
    /// The code is right, but the record is the caller's own. Not counted.
    #[error("the account opens this record as the patient")]
    OwnRecord,
    /// The code is right, but the organization does not accept logins of this provider. Not counted.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
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

/// What the code offers, for whoever wants to see it before they accept or decline. A wrong code counts as in
/// [`accept`].
pub async fn look(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
) -> Result<Used<(Grant, Organization)>, StoreError> {
    Ok(find(unit, ports, request).await?.map_or_else(Used::Refused, Used::Done))
}

/// Accepts an offer: the account may then open the record.
pub async fn accept(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
) -> Result<Used<(Grant, Link)>, StoreError> {
    let (grant, organization) = match find(unit, ports, request).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Used::Refused(refusal)),
    };
    if grant.by == Actor::Account(request.account.id) {
        return Ok(Used::Refused(UseRefusal::OwnRecord));
    }
    let home = home_given_by(unit, grant.by, grant.patient).await?;
    let patient = surviving_for_update(unit, grant.organization, home).await?;
    let gone = || StoreError::Corrupt { what: "grant", why: "its record is gone".into() };
    let patient = patient.ok_or_else(gone)?;
    let grant = grant.relocate(patient.id, patient.record.fhir_id.clone());
    let past = own_past(unit, &patient, request.account.id).await?;
    // What was offered since then was offered in spite of it.
    if past.kept_out_since(&grant.role()).is_some_and(|at| grant.made_at < at) {
        return fail(unit, ports, request, grant, "link_ended_since").await.map(Used::Refused);
    }
    let Some(terms) = terms_now(unit, ports, &organization, &grant).await? else {
        return fail(unit, ports, request, grant, "grantor").await.map(Used::Refused);
    };
    let channel = match &grant.state {
        GrantState::Offered(offer) => Some(offer.channel),
        _ => None,
    };
    let by = Actor::Account(request.account.id);
    let fact = Fact::Granted { grant: grant.id, channel };
    let new = NewProxy {
        account: request.account,
        organization: &organization,
        patient: &patient,
        home,
        role: grant.role(),
        terms: &terms,
        invitation: None,
        by,
        asserted: request.asserted,
        support: vec![Support { fact, at: ports.clock.now(), by }],
    };
    let link = match proxy::make(unit, ports, new).await {
        Ok(link) => link,
        Err(error) => return refused(unit, ports, request, grant, error).await.map(Used::Refused),
    };
    let accepted = Grant { terms, ..grant }.accept(request.account.id, link.id, ports.clock.now());
    let accepted = accepted.map_err(|_| StoreError::Conflict(Constraint::Version))?;
    unit.update_grant(&accepted).await?;
    record(unit, ports, &accepted, request, Action::GrantAccept, serde_json::json!({"grant": accepted.id}));
    Ok(Used::Done((accepted, link)))
}

/// Declines an offer.
pub async fn decline(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
) -> Result<Used<Grant>, StoreError> {
    let grant = match find(unit, ports, request).await? {
        Ok((grant, _)) => grant,
        Err(refusal) => return Ok(Used::Refused(refusal)),
    };
    let declined = grant.decline(request.account.id, ports.clock.now());
    let declined = declined.map_err(|_| StoreError::Conflict(Constraint::Version))?;
    unit.update_grant(&declined).await?;
    record(unit, ports, &declined, request, Action::GrantDecline, serde_json::json!({"grant": declined.id}));
    Ok(Used::Done(declined))
}

/// The open offer that the code is of.
async fn find(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
) -> Result<Result<(Grant, Organization), UseRefusal>, StoreError> {
    let code = match Code::parse(request.code) {
        Ok(code) => code,
        Err(mistyped) => return Ok(Err(mistyped.into())),
    };
    let now = ports.clock.now();
    let locked = wrong_try::locked_until(unit, ports, request.account.id, request.address, now).await?;
    if let Some(until) = locked {
        return Ok(Err(UseRefusal::TooManyAttempts { until }));
    }
    let found = unit.grant_by_locator_for_update(&code.locator()).await?;
    let (grant, hash) = match found {
        Some(grant) => match &grant.state {
            GrantState::Offered(offer) => {
                let hash = offer.code_hash.clone();
                (grant, hash)
            }
            _ => return refuse(unit, ports, request).await.map(Err),
        },
        None => return refuse(unit, ports, request).await.map(Err),
    };
    if !ports.vault.verify(Purpose::GrantCode, &code.hash_input(), &hash) {
        return fail(unit, ports, request, grant, "wrong_code").await.map(Err);
    }
    if grant.status(now) != GrantStatus::Offered {
        return fail(unit, ports, request, grant, "not_open").await.map(Err);
    }
    let organization = unit.organization(grant.organization).await?;
    let gone = || StoreError::Corrupt { what: "grant", why: "its organization is gone".into() };
    Ok(Ok((grant, organization.ok_or_else(gone)?)))
}

/// What the grantor can still give of what was offered; nothing if their own link is closed.
async fn terms_now(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    grant: &Grant,
) -> Result<Option<ProxyTerms>, StoreError> {
    let Actor::Account(grantor) = grant.by else { return Ok(Some(grant.terms.clone())) };
    let now = ports.clock.now();
    let rules = organization.policy.family.rules();
    let links = unit.links_of_account(grantor).await?;
    let may_grant = |link: &&Link| {
        let appoints = link.role == LinkRole::SelfRole || organization.policy.family.proxies_may_grant;
        link.organization == grant.organization && link.patient == grant.patient && appoints
    };
    let terms = links.iter().filter(may_grant).find_map(|link| {
        let most = link.gives(&rules, now).ok()?;
        let permissions = grant.terms.permissions.intersection(&most);
        let until = [grant.terms.until, link.period.end].into_iter().flatten().min();
        let over = permissions.is_empty() || until.is_some_and(|until| until <= now);
        (!over).then(|| ProxyTerms { profile: grant.terms.profile.clone(), permissions, until })
    });
    Ok(terms)
}

/// What the account is told of why it does not become a proxy.
async fn refused(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
    grant: Grant,
    error: ProxyError,
) -> Result<UseRefusal, StoreError> {
    let why = match error {
        ProxyError::Store(error) => return Err(error),
        ProxyError::OwnRecord => return Ok(UseRefusal::OwnRecord),
        ProxyError::IssuerNotTrusted => return Ok(UseRefusal::IssuerNotTrusted),
        ProxyError::RecordFull | ProxyError::AccountFull => return Ok(UseRefusal::TooManyProxies),
        ProxyError::Barred => "barred",
        ProxyError::Suspended => "suspended",
        ProxyError::RecordNotUsable => "record_not_usable",
    };
    fail(unit, ports, request, grant, why).await
}

/// A wrong try that was aimed at an offer.
async fn fail(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
    grant: Grant,
    why: &'static str,
) -> Result<UseRefusal, StoreError> {
    let organization = unit.organization(grant.organization).await?;
    let most = organization.map(|organization| organization.policy).unwrap_or_default().invitation_attempts;
    record(
        unit,
        ports,
        &grant,
        request,
        Action::GrantRefuse,
        serde_json::json!({"grant": grant.id, "why": why}),
    );
    // One that is closed has nothing left to lock.
    if let Ok(failed) = grant.fail(most, ports.clock.now()) {
        unit.update_grant(&failed).await?;
    }
    refuse(unit, ports, request).await
}

/// Counts a wrong try on the account and the address.
async fn refuse(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &UseOffer<'_>,
) -> Result<UseRefusal, StoreError> {
    wrong_try::count(unit, ports, request.account.id, request.address, ports.clock.now()).await?;
    Ok(UseRefusal::NotAccepted)
}

fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    grant: &Grant,
    request: &UseOffer<'_>,
    action: Action,
    detail: serde_json::Value,
) {
    let account = request.account.id;
    let subject = Subject {
        patient: Some(grant.patient),
        account: Some(account),
        link: grant.acceptance().map(|accepted| accepted.link),
        ..Subject::default()
    };
    unit.record(ports.audit(grant.organization, Actor::Account(account), action, subject, detail));
}
