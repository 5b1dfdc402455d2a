//! What every way of becoming a proxy has in common: bars, limits, and that one grant stands behind one link.

use chrono::{DateTime, Utc};

use super::{
    Ports,
    make_link::{Support, WantedLink, make_link},
    write_link::{Told, write},
};
use crate::{
    account::Account,
    actor::Actor,
    audit::Action,
    bar::bars_account,
    federated::Asserted,
    grant::ProxyTerms,
    id::{AccountId, InvitationId, PatientId},
    link::{Link, LinkRole, LinkState, LinkStatus, Revocation},
    organization::Organization,
    patient::PatientRecord,
    permission::Permissions,
    relationship::ProxyBasis,
    store::{Constraint, StoreError, UnitOfWork},
};

/// The proxy that is to be. The record must be locked.
pub(super) struct NewProxy<'a> {
    pub(super) account: &'a Account,
    pub(super) organization: &'a Organization,
    pub(super) patient: &'a PatientRecord,
    /// The record that the link is made for ([`WantedLink::home`]).
    pub(super) home: PatientId,
    pub(super) role: LinkRole,
    pub(super) terms: &'a ProxyTerms,
    pub(super) invitation: Option<InvitationId>,
    /// Who makes the link.
    pub(super) by: Actor,
    pub(super) asserted: Option<&'a Asserted>,
    pub(super) support: Vec<Support>,
}

/// Why somebody does not become a proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A bar keeps them from this record. They are not told.
    #[error("a bar keeps this account from the record")]
    Barred,
    /// Their link to this record is suspended, and a new grant would get around that. They are not told.
    #[error("the account's link to the record is suspended")]
    Suspended,
    /// The record is inactive or merged, or its patient died and they are no executor.
    #[error("the record is inactive, merged into another, or its patient is deceased")]
    RecordNotUsable,
    /// The organization does not accept their logins.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
    /// The record is their own.
    #[error("the account opens this record as the patient")]
    OwnRecord,
    /// As many as the organization allows act for this patient already.
    #[error("as many proxies as are allowed act for this patient already")]
    RecordFull,
    /// The account acts for as many patients as the organization allows.
    #[error("the account acts for as many patients as are allowed already")]
    AccountFull,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the terms of a grant are not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// The organization has no such profile.
    #[error("the organization has no such profile")]
    UnknownProfile,
    /// Whoever grants has nothing of what the profile holds.
    #[error("nothing of this profile can be given")]
    NothingToGive,
    /// The end lies in the past.
    #[error("the end lies in the past")]
    OverAlready,
}

/// The terms of a profile, of which no more is given than `most`, and no longer than until the first of `ends`.
pub(super) fn terms(
    organization: &Organization,
    profile: &str,
    most: &Permissions,
    ends: impl IntoIterator<Item = Option<DateTime<Utc>>>,
    now: DateTime<Utc>,
) -> Result<ProxyTerms, TermsError> {
    let chosen = organization.policy.family.profiles.get(profile).ok_or(TermsError::UnknownProfile)?;
    let permissions = chosen.permissions.intersection(most);
    let until = ends.into_iter().flatten().min();
    if permissions.is_empty() {
        Err(TermsError::NothingToGive)
    } else if until.is_some_and(|until| until <= now) {
        Err(TermsError::OverAlready)
    } else {
        Ok(ProxyTerms { profile: profile.to_owned(), permissions, until })
    }
}

/// Makes the link. One that the account has as a proxy already makes way for it.
pub(super) async fn make(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    new: NewProxy<'_>,
) -> Result<Link, ProxyError> {
    check(unit, ports, &new).await?;
    let earlier = unit.unrevoked_link_for_update(new.account.id, new.patient.id).await?;
    // Nothing is written before the last refusal: a refusal may be saved.
    if let Some(earlier) = &earlier {
        check_earlier(earlier)?;
    }
    check_limits(unit, ports, &new).await?;
    if let Some(earlier) = earlier {
        supersede(unit, ports, earlier).await?;
    }
    let wanted = WantedLink {
        account: new.account.id,
        organization: new.organization,
        patient: new.patient,
        home: new.home,
        role: new.role,
        terms: Some(new.terms),
        invitation: new.invitation,
        by: new.by,
        used: None,
        asserted: new.asserted,
        support: new.support,
    };
    Ok(make_link(unit, ports, wanted).await?.link().clone())
}

async fn check(unit: &mut dyn UnitOfWork, ports: &Ports, new: &NewProxy<'_>) -> Result<(), ProxyError> {
    let (organization, patient) = (new.organization.id, new.patient);
    if is_barred(unit, ports, patient, new.account.id).await? {
        return Err(ProxyError::Barred);
    }
    let executor = new.role.basis() == Some(ProxyBasis::Executor);
    if !patient.record.is_usable() || (patient.record.deceased && !executor) {
        return Err(ProxyError::RecordNotUsable);
    }
    let trusted = unit.trust_in(&new.account.key.iss).await?;
    if !trusted.iter().any(|trust| trust.organization == organization && trust.accounts) {
        return Err(ProxyError::IssuerNotTrusted);
    }
    Ok(())
}

/// Whether a bar keeps this account from this record now.
pub(super) async fn is_barred(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    patient: &PatientRecord,
    account: AccountId,
) -> Result<bool, StoreError> {
    let bars = unit.bars(patient.organization, patient.id).await?;
    Ok(bars_account(&bars, account, ports.clock.now()))
}

/// Whether the link that the account has to this record may make way for another.
fn check_earlier(earlier: &Link) -> Result<(), ProxyError> {
    match (&earlier.role, &earlier.state) {
        (LinkRole::SelfRole, _) => Err(ProxyError::OwnRecord),
        (LinkRole::Proxy { .. }, LinkState::Suspended { .. }) => Err(ProxyError::Suspended),
        (LinkRole::Proxy { .. }, _) => Ok(()),
    }
}

/// Ends the link that the account has as a proxy, for one as the patient, which somebody has decided on who knows of
/// it. Not one that is suspended: then nothing happens, and the answer is no.
pub(super) async fn make_way(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    patient: PatientId,
) -> Result<bool, StoreError> {
    let earlier = unit.unrevoked_link_for_update(account, patient).await?;
    match earlier.filter(|link| link.role != LinkRole::SelfRole) {
        None => Ok(true),
        Some(Link { state: LinkState::Suspended { .. }, .. }) => Ok(false),
        Some(earlier) => supersede(unit, ports, earlier).await.map(|()| true),
    }
}

async fn supersede(unit: &mut dyn UnitOfWork, ports: &Ports, earlier: Link) -> Result<(), StoreError> {
    let reason = Revocation::Superseded;
    let ended = earlier.revoke(Actor::System, reason, ports.clock.now());
    let ended = ended.map_err(|_| StoreError::Conflict(Constraint::Version))?;
    let detail = serde_json::json!({"reason": reason});
    write(unit, ports, &ended, Told { by: Actor::System, action: Action::LinkRevoke, detail }).await
}

async fn check_limits(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    new: &NewProxy<'_>,
) -> Result<(), ProxyError> {
    let (organization, limits) = (new.organization.id, new.organization.policy.family.limits);
    let now = ports.clock.now();
    // The link that the new one takes the place of does not count.
    let replaced = |link: &Link| link.account == new.account.id && link.patient == new.patient.id;
    let counts = |link: &&Link| {
        let over = matches!(link.stored_status(now), LinkStatus::Revoked | LinkStatus::Expired);
        link.role != LinkRole::SelfRole && !over && !replaced(link)
    };
    let of_record = unit.links_to_patient(organization, new.patient.id).await?;
    if of_record.iter().filter(counts).count() >= usize::from(limits.per_record) {
        return Err(ProxyError::RecordFull);
    }
    let of_account = unit.links_of_account(new.account.id).await?;
    let here = of_account.iter().filter(|link| link.organization == organization);
    if here.filter(counts).count() >= usize::from(limits.per_account) {
        return Err(ProxyError::AccountFull);
    }
    Ok(())
}
