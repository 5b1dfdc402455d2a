//! The patient, or staff, decide an access request.

pub mod candidates;
pub mod relationships;

use chrono::{DateTime, Utc};

use super::{
    Ports,
    make_link::Support,
    proxy::{self, NewProxy, ProxyError, TermsError},
    renew_grant::{first_end, shows_relationship},
    surviving_record::{home_given_by, surviving_for_update},
};
use crate::{
    access_request::{AccessRequest, Decider, RequestDecline, RequestRefusal, RequestState},
    account::Account,
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    evidence::Fact,
    grant::{Acceptance, Grant, GrantState, ProxyContact, ProxyTerms},
    id::{AccountId, GrantId, PatientId, RequestId},
    link::{Link, LinkRole},
    organization::Organization,
    patient::PatientRecord,
    permission::Permissions,
    relationship::{ProxyBasis, Relationship},
    store::{StoreError, UnitOfWork},
};
use candidates::candidates;

/// Who decides.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The patient, who opens the record by a link of their own.
    Patient(AccountId),
    /// Staff.
    Staff(Authorized),
}

/// What is agreed to.
#[derive(Debug)]
pub struct Approval<'a> {
    /// The name of a profile of the organization.
    pub profile: &'a str,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
    /// What only staff say.
    pub staff: Option<StaffApproval>,
}

/// What staff say when they agree.
#[derive(Debug)]
pub struct StaffApproval {
    /// Which of the candidates.
    pub patient: PatientId,
    /// On what ground the asker may act.
    pub basis: ProxyBasis,
    /// What they are to the patient, if not what they said.
    pub relationship: Option<Relationship>,
    /// Papers that were seen.
    pub proof: Vec<Fact>,
}

/// Why a request was not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideRequestError {
    /// No such request that waits for this caller.
    #[error("no such request")]
    NotFound,
    /// Staff decide about their own request.
    #[error("nobody decides about their own request")]
    OwnRequest,
    /// It was decided before, or its time is over.
    #[error(transparent)]
    NotOpen(#[from] RequestRefusal),
    /// Staff name a record that is not among the candidates.
    #[error("the record is not one of the candidates")]
    NotACandidate,
    /// Staff saw no paper that shows the relationship.
    #[error("a paper that shows the relationship must have been seen")]
    RelationshipNotShown,
    /// This reason is not one that this caller can give.
    #[error("this reason is not one that this caller can give")]
    ReasonNotAllowed,
    /// What is to be given cannot be.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The asker does not become a proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request that waits for the caller, locked.
struct Found {
    request: AccessRequest,
    /// The caller's own record, locked, if they are the patient.
    own: Option<PatientRecord>,
    /// What they can give at most.
    most: Permissions,
}

/// What is to come of an approval.
struct Decided {
    /// Locked.
    patient: PatientRecord,
    /// The record that the link is made for, which merges may have led on from.
    home: PatientId,
    relationship: Relationship,
    basis: ProxyBasis,
    proof: Vec<Fact>,
    most: Permissions,
    end: Option<DateTime<Utc>>,
    by: Actor,
}

async fn find(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: By,
    id: RequestId,
) -> Result<Found, DecideRequestError> {
    let request = unit.request_for_update(organization.id, id).await?;
    let request = request.ok_or(DecideRequestError::NotFound)?;
    match by {
        By::Staff(staff) if staff.actor() == Actor::Staff(request.account) => {
            Err(DecideRequestError::OwnRequest)
        }
        By::Staff(staff) if staff.organization() == organization.id => {
            Ok(Found { request, own: None, most: organization.policy.self_permissions.clone() })
        }
        By::Staff(_) => Err(DecideRequestError::NotFound),
        By::Patient(account) => {
            let RequestState::Pending(Decider::Patient(patient)) = request.state else {
                return Err(DecideRequestError::NotFound);
            };
            let own = surviving_for_update(unit, organization.id, patient).await?;
            let own = own.ok_or(DecideRequestError::NotFound)?;
            let most = own_permissions(unit, ports, organization, account, own.id).await?;
            let most = most.ok_or(DecideRequestError::NotFound)?;
            Ok(Found { request, own: Some(own), most })
        }
    }
}

/// What this account opens of this record as the patient. The link is locked: a doubt about it comes before, and is
/// seen here, or after, and finds the grant that came of it.
async fn own_permissions(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    account: AccountId,
    patient: PatientId,
) -> Result<Option<Permissions>, StoreError> {
    let (now, rules) = (ports.clock.now(), organization.policy.family.rules());
    let own = unit.unrevoked_link_for_update(account, patient).await?;
    let own = own.filter(|link| link.role == LinkRole::SelfRole);
    Ok(own.and_then(|link| link.gives(&rules, now).ok().map(std::borrow::Cow::into_owned)))
}

/// Agrees: whoever asked gets a grant and its link.
pub async fn approve(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: By,
    id: RequestId,
    approval: Approval<'_>,
) -> Result<(AccessRequest, Grant, Link), DecideRequestError> {
    let Found { request, own, most } = find(unit, ports, organization, by, id).await?;
    let (profile, until) = (approval.profile, approval.until);
    let decided = decided(unit, &request, by, approval, own, most).await?;
    let now = ports.clock.now();
    let terms = proxy::terms(organization, profile, &decided.most, [until, decided.end], now)?;
    let gone = || StoreError::Corrupt { what: "access request", why: "its account is gone".into() };
    let account = unit.account(request.account).await?.ok_or_else(gone)?;
    let (grant, link) = make(unit, ports, organization, (&request, &account), decided, terms).await?;
    let granted = request.grant(grant.by, grant.id, now)?;
    unit.update_request(&granted).await?;
    let subject = Subject {
        account: Some(granted.account),
        patient: Some(grant.patient),
        link: Some(link.id),
        ..Subject::default()
    };
    let detail = serde_json::json!({
        "request": id,
        "grant": grant.id,
        "basis": grant.basis,
        "profile": grant.terms.profile,
        "until": grant.terms.until,
    });
    unit.record(ports.audit(organization.id, grant.by, Action::RequestApprove, subject, detail));
    Ok((granted, grant, link))
}

async fn decided(
    unit: &mut dyn UnitOfWork,
    request: &AccessRequest,
    by: By,
    approval: Approval<'_>,
    own: Option<PatientRecord>,
    most: Permissions,
) -> Result<Decided, DecideRequestError> {
    match (by, own, approval.staff) {
        (By::Patient(account), Some(patient), _) => Ok(Decided {
            home: home_given_by(unit, Actor::Account(account), patient.id).await?,
            patient,
            relationship: request.relationship,
            basis: ProxyBasis::PatientGrant,
            proof: Vec::new(),
            most,
            end: None,
            by: Actor::Account(account),
        }),
        (By::Staff(staff), _, Some(said))
            if matches!(request.state, RequestState::Pending(Decider::Staff(_))) =>
        {
            let patient = chosen(unit, request, said.patient).await?;
            if !shows_relationship(&said.proof) {
                return Err(DecideRequestError::RelationshipNotShown);
            }
            Ok(Decided {
                patient,
                home: said.patient,
                relationship: said.relationship.unwrap_or(request.relationship),
                basis: said.basis,
                end: first_end(&said.proof, None),
                proof: said.proof,
                most,
                by: staff.actor(),
            })
        }
        // What waits for the patient is not staff's to agree to.
        (By::Staff(_), ..) if matches!(request.state, RequestState::Pending(_)) => {
            Err(DecideRequestError::NotACandidate)
        }
        _ => Err(RequestRefusal(request.status(request.submitted_at)).into()),
    }
}

/// What the record that staff name has become, locked, if it is among those that the request may be about.
async fn chosen(
    unit: &mut dyn UnitOfWork,
    request: &AccessRequest,
    named: PatientId,
) -> Result<PatientRecord, DecideRequestError> {
    let named = surviving_for_update(unit, request.organization, named).await?;
    let named = named.ok_or(DecideRequestError::NotACandidate)?;
    let among = candidates(unit, request).await?.iter().any(|record| record.id == named.id);
    among.then_some(named).ok_or(DecideRequestError::NotACandidate)
}

async fn make(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    (request, account): (&AccessRequest, &Account),
    decided: Decided,
    terms: ProxyTerms,
) -> Result<(Grant, Link), DecideRequestError> {
    let now = ports.clock.now();
    let patient = &decided.patient;
    let id = GrantId::new(now, &*ports.random);
    let fact = Fact::Granted { grant: id, channel: None };
    let facts = std::iter::once(fact).chain(decided.proof);
    let new = NewProxy {
        account,
        organization,
        patient,
        home: decided.home,
        role: LinkRole::Proxy { relationship: decided.relationship, basis: decided.basis },
        terms: &terms,
        invitation: None,
        by: decided.by,
        asserted: None,
        support: facts.map(|fact| Support { fact, at: now, by: decided.by }).collect(),
    };
    let link = proxy::make(unit, ports, new).await?;
    let emails = request.asker.emails();
    let grant = Grant {
        id,
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        by: decided.by,
        relationship: decided.relationship,
        basis: decided.basis,
        terms,
        contact: emails.first().map(|email| ProxyContact((*email).to_owned())),
        made_at: now,
        state: GrantState::Accepted(Acceptance { at: now, account: account.id, link: link.id }),
    };
    unit.add_grant(&grant).await?;
    Ok((grant, link))
}

/// Declines. Whoever asked is not told.
pub async fn decline(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: By,
    id: RequestId,
    reason: RequestDecline,
) -> Result<AccessRequest, DecideRequestError> {
    let Found { request, .. } = find(unit, ports, organization, by, id).await?;
    let actor = match by {
        By::Patient(account) => Actor::Account(account),
        By::Staff(staff) => staff.actor(),
    };
    if !reason.allowed_to(actor) {
        return Err(DecideRequestError::ReasonNotAllowed);
    }
    let declined = request.decline(actor, reason, ports.clock.now())?;
    unit.update_request(&declined).await?;
    let subject = Subject { account: Some(declined.account), ..Subject::default() };
    let detail = serde_json::json!({"request": id, "reason": reason});
    unit.record(ports.audit(organization.id, actor, Action::RequestDecline, subject, detail));
    Ok(declined)
}
