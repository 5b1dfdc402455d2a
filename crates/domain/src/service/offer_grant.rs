//! A patient lets another person act for them: a code goes to that person by email, or the patient hands it over.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ports, account_key, proxy, proxy::TermsError, proxy_notice};
use crate::{
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    code::{Code, CodeStrength},
    grant::{Grant, GrantState, Offer, ProxyContact},
    id::{AccountId, GrantId, LinkId},
    invitation::Channel,
    link::{Link, LinkRole, LinkStatus},
    organization::Organization,
    port::Purpose,
    relationship::{ProxyBasis, Relationship},
    store::{StoreError, UnitOfWork},
};

/// What the patient wants.
#[derive(Debug)]
pub struct OfferGrant<'a> {
    /// The account that grants.
    pub account: AccountId,
    /// Its link to the record.
    pub link: LinkId,
    /// What the proxy is to the patient.
    pub relationship: Relationship,
    /// The name of a profile of the organization.
    pub profile: &'a str,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
    /// Where the code goes; without it, the patient hands it over.
    pub email: Option<ProxyContact>,
}

/// An offer with its code, which nothing shows again.
#[derive(Debug)]
pub struct Offered {
    /// The offer.
    pub grant: Grant,
    /// The code, unless Kinlink sends it.
    pub code: Option<Code>,
}

/// Why nothing was offered.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// No such link of this account.
    #[error("no such link")]
    NotFound,
    /// The link opens nothing now.
    #[error("the link opens nothing now")]
    NotLive(LinkStatus),
    /// A proxy appoints nobody, by the organization's policy.
    #[error("the organization does not let a proxy appoint another")]
    OnlyPatients,
    /// What was asked for cannot be given.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// Too many offers by this account.
    #[error("too many offers")]
    TooMany {
        /// When to try again.
        until: DateTime<Utc>,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Offers.
pub async fn offer(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: OfferGrant<'_>,
) -> Result<Offered, OfferError> {
    let link = unit.link(request.link).await?.filter(|link| link.account == request.account);
    let link = link.ok_or(OfferError::NotFound)?;
    let gone = || StoreError::Corrupt { what: "link", why: "its organization is gone".into() };
    let organization = unit.organization(link.organization).await?.ok_or_else(gone)?;
    let (grant, code) = draw(ports, &organization, &link, &request)?;
    count(unit, ports, request.account).await?;
    unit.add_grant(&grant).await?;
    let subject = Subject::from(&link);
    let detail = serde_json::json!({
        "grant": grant.id,
        "relationship": grant.relationship,
        "profile": grant.terms.profile,
        "permissions": grant.terms.permissions,
        "until": grant.terms.until,
        "sent": grant.contact.is_some(),
    });
    unit.record(ports.audit(organization.id, grant.by, Action::GrantOffer, subject, detail));
    let sent = match &grant.state {
        GrantState::Offered(offer) => proxy_notice::offer(ports, &organization, &grant, offer, &code),
        _ => None,
    };
    let code = match sent {
        Some(message) => {
            unit.send(message);
            None
        }
        None => Some(code),
    };
    Ok(Offered { grant, code })
}

/// On what ground a proxy acts whom this link's holder appoints: whoever passes on what they have passes on its
/// limits too.
fn basis(organization: &Organization, link: &Link) -> Result<ProxyBasis, OfferError> {
    match link.role {
        LinkRole::SelfRole => Ok(ProxyBasis::PatientGrant),
        LinkRole::Proxy { basis, .. } if organization.policy.family.proxies_may_grant => Ok(basis),
        LinkRole::Proxy { .. } => Err(OfferError::OnlyPatients),
    }
}

fn draw(
    ports: &Ports,
    organization: &Organization,
    link: &Link,
    request: &OfferGrant<'_>,
) -> Result<(Grant, Code), OfferError> {
    let now = ports.clock.now();
    let basis = basis(organization, link)?;
    let rules = organization.policy.family.rules();
    let most = link.gives(&rules, now).map_err(OfferError::NotLive)?;
    let terms = proxy::terms(organization, request.profile, &most, [request.until, link.period.end], now)?;
    let (channel, strength) = match request.email {
        Some(_) => (Channel::Email, CodeStrength::Long),
        None => (Channel::InPerson, CodeStrength::Medium),
    };
    let code = Code::generate(strength, &*ports.random);
    let offer = Offer {
        locator: code.locator(),
        code_hash: ports.vault.keyed_hash(Purpose::GrantCode, &code.hash_input()),
        channel,
        expires_at: now + TimeDelta::days(organization.policy.family.offer_days.into()),
        failures: 0,
    };
    let grant = Grant {
        id: GrantId::new(now, &*ports.random),
        organization: organization.id,
        patient: link.patient,
        fhir_id: link.fhir_id.clone(),
        by: Actor::Account(request.account),
        relationship: request.relationship,
        basis,
        terms,
        contact: request.email.clone(),
        made_at: now,
        state: GrantState::Offered(offer),
    };
    Ok((grant, code))
}

/// An offer may be a mail to a stranger, so there are only so many.
async fn count(unit: &mut dyn UnitOfWork, ports: &Ports, account: AccountId) -> Result<(), OfferError> {
    let (scope, key, now) = (AttemptScope::OffersOfAccount, account_key(account), ports.clock.now());
    let counter = unit.attempts_for_update(scope, key, now).await?;
    if let Some(until) = counter.and_then(|counter| counter.locked_until(scope.limit(), now)) {
        return Err(OfferError::TooMany { until });
    }
    unit.count_failure(scope, key, now).await?;
    Ok(())
}
