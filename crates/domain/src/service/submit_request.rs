//! Somebody asks to act for a person. Nothing is looked up here, as for claims ([`super::submit_claim`]): what is
//! on record cannot show in how long this takes.

use chrono::{DateTime, TimeDelta, Utc};

use super::Ports;
use crate::{
    access_request::{AccessRequest, RequestRefusal, RequestState},
    account::Account,
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    demographics::Demographics,
    id::{AccountId, RequestId},
    organization::Organization,
    relationship::Relationship,
    store::{StoreError, UnitOfWork},
};

/// A request to be submitted.
#[derive(Debug)]
pub struct SubmitRequest<'a> {
    /// The organization that is asked.
    pub organization: &'a Organization,
    /// Who asks.
    pub account: &'a Account,
    /// The person to act for.
    pub person: Demographics,
    /// Who asks, as they describe themselves.
    pub asker: Demographics,
    /// What they say they are to that person.
    pub relationship: Relationship,
    /// The network address it comes from, in any stable form.
    pub address: &'a str,
}

/// Why a request was not taken; it does not depend on what is on record.
#[derive(Debug, thiserror::Error)]
pub enum SubmitRequestError {
    /// The person has no name, or no birth date.
    #[error("a family name, a given name and a birth date are needed")]
    TooThin,
    /// Whoever asks has no name.
    #[error("the name of whoever asks is needed")]
    NoName,
    /// The organization does not accept logins of this provider.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
    /// Too many requests by this account or from this address.
    #[error("too many requests")]
    TooMany {
        /// When to try again.
        until: DateTime<Utc>,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawRequestError {
    /// No such request of this account.
    #[error("no such request")]
    NotFound,
    /// It is closed.
    #[error(transparent)]
    NotOpen(#[from] RequestRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn is_named(person: &Demographics) -> bool {
    person.names.iter().any(|name| name.family.is_some() && !name.given.is_empty())
}

/// Submits a request.
pub async fn submit(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: SubmitRequest<'_>,
) -> Result<AccessRequest, SubmitRequestError> {
    if !is_named(&request.person) || request.person.birth_date.is_none() {
        return Err(SubmitRequestError::TooThin);
    }
    if !is_named(&request.asker) {
        return Err(SubmitRequestError::NoName);
    }
    let organization = request.organization;
    let trusted = unit.trust_in(&request.account.key.iss).await?;
    if !trusted.iter().any(|trust| trust.organization == organization.id && trust.accounts) {
        return Err(SubmitRequestError::IssuerNotTrusted);
    }
    count(unit, ports, &request).await?;
    let now = ports.clock.now();
    let days = TimeDelta::days(organization.policy.family.request_days.into());
    let asked = AccessRequest {
        id: RequestId::new(now, &*ports.random),
        organization: organization.id,
        account: request.account.id,
        person: request.person,
        asker: request.asker,
        relationship: request.relationship,
        submitted_at: now,
        expires_at: now + days,
        state: RequestState::Submitted,
    };
    unit.add_request(&asked).await?;
    let subject = Subject { account: Some(asked.account), ..Subject::default() };
    let detail = serde_json::json!({"request": asked.id, "relationship": asked.relationship});
    let by = Actor::Account(asked.account);
    unit.record(ports.audit(asked.organization, by, Action::RequestSubmit, subject, detail));
    Ok(asked)
}

async fn count(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &SubmitRequest<'_>,
) -> Result<(), SubmitRequestError> {
    let now = ports.clock.now();
    let scopes = [
        (AttemptScope::RequestsOfAccount, super::account_key(request.account.id)),
        (AttemptScope::RequestsFromAddress, super::address_key(ports, request.address)),
    ];
    for (scope, key) in scopes {
        let counter = unit.attempts_for_update(scope, key, now).await?;
        if let Some(until) = counter.and_then(|counter| counter.locked_until(scope.limit(), now)) {
            return Err(SubmitRequestError::TooMany { until });
        }
    }
    for (scope, key) in scopes {
        unit.count_failure(scope, key, now).await?;
    }
    Ok(())
}

/// Whoever asked takes it back.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    id: RequestId,
) -> Result<AccessRequest, WithdrawRequestError> {
    let request = unit.request_of_account_for_update(account, id).await?;
    let withdrawn = request.ok_or(WithdrawRequestError::NotFound)?.withdraw(ports.clock.now())?;
    unit.update_request(&withdrawn).await?;
    let subject = Subject { account: Some(account), ..Subject::default() };
    let detail = serde_json::json!({"request": id});
    let by = Actor::Account(account);
    unit.record(ports.audit(withdrawn.organization, by, Action::RequestWithdraw, subject, detail));
    Ok(withdrawn)
}
