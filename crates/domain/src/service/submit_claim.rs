//! An account asks to be matched to its record, or a client asks on its behalf.
//!
//! Nothing is looked up here: what is on record cannot show in how long this takes. A worker matches later
//! ([`super::process_claim`]).

use chrono::{DateTime, Utc};

use super::Ports;
use crate::{
    account::Account,
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    claim::{Assertion, Claim, ClaimState, InputWeight, Wanting, decoy_hash},
    demographics::Demographics,
    id::{ClaimId, ClientId},
    organization::Organization,
    store::{StoreError, UnitOfWork},
};

/// A claim to be submitted.
#[derive(Debug)]
pub struct SubmitClaim<'a> {
    /// The organization that is to have the record.
    pub organization: &'a Organization,
    /// Who is to be linked.
    pub account: &'a Account,
    /// The person.
    pub demographics: Demographics,
    /// Who submits.
    pub by: Submitter<'a>,
}

/// Who submits a claim.
#[derive(Debug)]
pub enum Submitter<'a> {
    /// The account itself, from this network address in any stable form.
    Account {
        /// The address.
        address: &'a str,
    },
    /// A client, which asserts something about the login.
    Client {
        /// Which.
        id: ClientId,
        /// What it asserts.
        assertion: Assertion,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum Submitted {
    /// It will be matched.
    Accepted(Box<Claim>),
    /// It will not, and why does not depend on what is on record.
    Refused(SubmitRefusal),
}

/// Why a claim was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitRefusal {
    /// What was given could be anybody's. Not counted.
    #[error("what was given is not enough to be found by")]
    TooThin {
        /// What would help.
        wanting: Vec<Wanting>,
    },
    /// The organization does not accept logins of this provider.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
    /// Too many claims by this account or from this address.
    #[error("too many claims")]
    TooMany {
        /// When to try again.
        until: DateTime<Utc>,
    },
}

/// Submits a claim.
pub async fn submit(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: SubmitClaim<'_>,
) -> Result<Submitted, StoreError> {
    let policy = &request.organization.policy.claims;
    let wanting = InputWeight::of(&request.demographics).wanting(policy.input_weight);
    if !wanting.is_empty() {
        return Ok(Submitted::Refused(SubmitRefusal::TooThin { wanting }));
    }
    let trusted = unit.trust_in(&request.account.key.iss).await?;
    if !trusted.iter().any(|trust| trust.organization == request.organization.id && trust.accounts) {
        return Ok(Submitted::Refused(SubmitRefusal::IssuerNotTrusted));
    }
    if let Some(until) = count(unit, ports, &request).await? {
        return Ok(Submitted::Refused(SubmitRefusal::TooMany { until }));
    }
    let now = ports.clock.now();
    let id = ClaimId::new(now, &*ports.random);
    let (submitted_by, assertion) = match request.by {
        Submitter::Account { .. } => (Actor::Account(request.account.id), None),
        Submitter::Client { id, assertion } => (Actor::Client(id), Some(assertion)),
    };
    let claim = Claim {
        id,
        organization: request.organization.id,
        account: request.account.id,
        demographics: request.demographics,
        submitted_by,
        assertion,
        submitted_at: now,
        expires_at: now + Claim::lifetime(policy),
        failures: 0,
        code_hash: decoy_hash(id, &*ports.random, &*ports.vault),
        band: None,
        state: ClaimState::Submitted,
    };
    unit.add_claim(&claim).await?;
    let subject = Subject { account: Some(claim.account), ..Subject::default() };
    let detail = serde_json::json!({"claim": id, "assertion": claim.assertion});
    unit.record(ports.audit(claim.organization, submitted_by, Action::ClaimSubmit, subject, detail));
    Ok(Submitted::Accepted(Box::new(claim)))
}

/// Counts this claim on the account, and on the address where it is the claimant's own; refuses it beyond the
/// limit.
async fn count(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &SubmitClaim<'_>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let now = ports.clock.now();
    let mut scopes = vec![(AttemptScope::ClaimsOfAccount, super::account_key(request.account.id))];
    if let Submitter::Account { address } = request.by {
        scopes.push((AttemptScope::ClaimsFromAddress, super::address_key(ports, address)));
    }
    let mut until = None;
    for (scope, key) in &scopes {
        let counter = unit.attempts_for_update(*scope, *key, now).await?;
        until = until.max(counter.and_then(|counter| counter.locked_until(scope.limit(), now)));
    }
    if until.is_none() {
        for (scope, key) in scopes {
            unit.count_failure(scope, key, now).await?;
        }
    }
    Ok(until)
}
