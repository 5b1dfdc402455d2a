//! The patient, or staff, decide an access request.

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

/// What is to come of an approval.
struct Decided {
    /// The record that it is made for.
    patient: PatientId,
    relationship: Relationship,
    basis: ProxyBasis,
    proof: Vec<Fact>,
    most: Permissions,
    end: Option<DateTime<Utc>>,
    by: Actor,
}

/// The request that waits for this caller, locked, with what the caller can give at most.
async fn find(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: By,
    id: RequestId,
) -> Result<(AccessRequest, Permissions), DecideRequestError> {
    let request = unit.request_for_update(organization.id, id).await?;
    let request = request.ok_or(DecideRequestError::NotFound)?;
    match by {
        By::Staff(staff) if staff.actor() == Actor::Staff(request.account) => {
            Err(DecideRequestError::OwnRequest)
        }
        By::Staff(staff) if staff.organization() == organization.id => {
            Ok((request, organization.policy.self_permissions.clone()))
        }
        By::Staff(_) => Err(DecideRequestError::NotFound),
        By::Patient(account) => {
            let RequestState::Pending(Decider::Patient(patient)) = request.state else {
                return Err(DecideRequestError::NotFound);
            };
            let most = own_permissions(unit, ports, organization, account, patient).await?;
            most.map(|most| (request, most)).ok_or(DecideRequestError::NotFound)
        }
    }
}

/// What this account opens of this record as the patient.
async fn own_permissions(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    account: AccountId,
    patient: PatientId,
) -> Result<Option<Permissions>, StoreError> {
    let (now, rules) = (ports.clock.now(), organization.policy.family.rules());
    let links = unit.links_of_account(account).await?;
    let own = |link: &&Link| link.patient == patient && link.role == LinkRole::SelfRole;
    Ok(links
        .iter()
        .filter(own)
        .find_map(|link| link.gives(&rules, now).ok())
        .map(std::borrow::Cow::into_owned))
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
    let (request, most) = find(unit, ports, organization, by, id).await?;
    let (profile, until) = (approval.profile, approval.until);
    let decided = decided(&request, by, approval, most)?;
    let now = ports.clock.now();
    let terms = proxy::terms(organization, profile, &decided.most, [until, decided.end], now)?;
    let gone = |what| StoreError::Corrupt { what, why: "what an access request names is gone".into() };
    let account = unit.account(request.account).await?.ok_or_else(|| gone("account"))?;
    let home = home_given_by(unit, decided.by, decided.patient).await?;
    let patient = surviving_for_update(unit, organization.id, home).await?;
    let patient = patient.ok_or_else(|| gone("patient"))?;
    let decided = Decided { patient: home, ..decided };
    let (grant, link) =
        make(unit, ports, organization, (&request, &account, &patient), decided, terms).await?;
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

fn decided(
    request: &AccessRequest,
    by: By,
    approval: Approval<'_>,
    most: Permissions,
) -> Result<Decided, DecideRequestError> {
    match (by, &request.state, approval.staff) {
        (By::Patient(account), RequestState::Pending(Decider::Patient(patient)), _) => Ok(Decided {
            patient: *patient,
            relationship: request.relationship,
            basis: ProxyBasis::PatientGrant,
            proof: Vec::new(),
            most,
            end: None,
            by: Actor::Account(account),
        }),
        (By::Staff(staff), RequestState::Pending(Decider::Staff(candidates)), Some(said)) => {
            if !candidates.contains(&said.patient) {
                return Err(DecideRequestError::NotACandidate);
            }
            if !shows_relationship(&said.proof) {
                return Err(DecideRequestError::RelationshipNotShown);
            }
            Ok(Decided {
                patient: said.patient,
                relationship: said.relationship.unwrap_or(request.relationship),
                basis: said.basis,
                end: first_end(&said.proof, None),
                proof: said.proof,
                most,
                by: staff.actor(),
            })
        }
        // What waits for the patient is not staff's to agree to.
        (By::Staff(_), RequestState::Pending(_), _) => Err(DecideRequestError::NotACandidate),
        _ => Err(RequestRefusal(request.status(request.submitted_at)).into()),
    }
}

async fn make(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    (request, account, patient): (&AccessRequest, &Account, &PatientRecord),
    decided: Decided,
    terms: ProxyTerms,
) -> Result<(Grant, Link), DecideRequestError> {
    let now = ports.clock.now();
    let id = GrantId::new(now, &*ports.random);
    let fact = Fact::Granted { grant: id, channel: None };
    let facts = std::iter::once(fact).chain(decided.proof);
    let new = NewProxy {
        account,
        organization,
        patient,
        home: decided.patient,
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
    let (request, _) = find(unit, ports, organization, by, id).await?;
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
