use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::Method};
use kinlink_domain::{
    account::AccountKey,
    actor::StaffUser,
    id::{AccountId, OrganizationId},
    step_up::TokenHash,
};

use super::{refusal::Refusal, session::Session};
use crate::{
    extract::{self, AnyCaller, Login, StaffCaller},
    problem::{Problem, ProblemType},
};

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Refusal>>>>;

/// Somebody who has logged in to the pages.
pub(super) struct Visitor {
    pub(super) session: Session,
    pub(super) login: AccountKey,
    /// Where this login may be a patient's.
    pub(super) account_at: Vec<OrganizationId>,
    staff: StaffUser,
    token: TokenHash,
}

/// Whoever comes, logged in or not.
pub(super) struct Anybody(pub(super) Option<Visitor>);

/// Somebody whose login may be a patient's.
pub(super) struct Patient(pub(super) Visitor);

/// Somebody whose login may be a patient's, or who has a staff role.
pub(super) struct Person(pub(super) Visitor);

/// Somebody with a staff role.
pub(super) struct Staff {
    pub(super) visitor: Visitor,
    pub(super) caller: StaffCaller,
}

impl Visitor {
    pub(super) async fn of(request: &HttpRequest) -> Result<Option<Self>, Refusal> {
        let state = extract::state(request)?;
        let Some(session) = Session::read(request, state) else { return Ok(None) };
        let trusted = state.bearers.trust_in(session.iss()).await?;
        let trusted: Vec<_> = trusted.iter().filter(|trust| session.scope.counts(trust)).collect();
        if trusted.is_empty() {
            return Ok(None);
        }
        let employs = |organization| {
            trusted.iter().any(|trust| trust.organization == organization && trust.staff.is_some())
        };
        let login = session.login();
        let roles = session.roles.iter().copied().filter(|(organization, _)| employs(*organization));
        let staff = StaffUser { account: login.id(), roles: roles.collect() };
        let accounts = trusted.iter().filter(|trust| trust.accounts);
        let account_at = accounts.map(|trust| trust.organization).collect();
        let token = session.token(state);
        Ok(Some(Self { session, login, account_at, staff, token }))
    }

    pub(super) fn account(&self) -> AccountId {
        self.staff.account
    }

    /// Whether this login may be a patient's.
    pub(super) fn is_patient(&self) -> bool {
        !self.account_at.is_empty()
    }

    pub(super) fn is_staff(&self) -> bool {
        !self.staff.roles.is_empty()
    }

    pub(super) const fn staff(&self) -> &StaffUser {
        &self.staff
    }

    /// As the JSON handlers know them.
    pub(super) fn caller(&self) -> AnyCaller {
        AnyCaller::Person {
            account: self.account_if_patient(),
            staff: self.staff.clone(),
            login: self.stepping_up(),
        }
    }

    /// What step-up is decided by.
    pub(super) fn stepping_up(&self) -> Login {
        let authentication = self.session.authentication.clone();
        Login { account: self.account(), token: self.token, authentication }
    }

    pub(super) fn account_if_patient(&self) -> Option<AccountId> {
        self.is_patient().then(|| self.account())
    }

    /// Where they have a staff role.
    pub(super) fn staff_at(&self) -> Vec<OrganizationId> {
        extract::organizations(&self.staff)
    }

    async fn required(request: &HttpRequest) -> Result<Self, Refusal> {
        match Self::of(request).await? {
            Some(visitor) => Ok(visitor),
            // A form's contents cannot be carried through a login.
            None if request.method() == Method::POST => Err(Refusal::LoggedOut),
            None => Err(Refusal::LogIn { return_to: request.uri().to_string() }),
        }
    }
}

macro_rules! extract {
    ($extracted:ty, |$request:ident| $extract:expr) => {
        impl FromRequest for $extracted {
            type Error = Refusal;
            type Future = Extracted<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let $request = request.clone();
                Box::pin(async move { $extract })
            }
        }
    };
}

extract!(Anybody, |request| Visitor::of(&request).await.map(Self));

extract!(Patient, |request| {
    let visitor = Visitor::required(&request).await?;
    if visitor.is_patient() {
        Ok(Self(visitor))
    } else {
        Err(Problem::new(ProblemType::Forbidden).detail("Your login is not one that patients use.").into())
    }
});

extract!(Person, |request| {
    let visitor = Visitor::required(&request).await?;
    if visitor.is_patient() || visitor.is_staff() {
        Ok(Self(visitor))
    } else {
        Err(Problem::new(ProblemType::Forbidden).detail("Your login is not one that is used here.").into())
    }
});

extract!(Staff, |request| {
    let visitor = Visitor::required(&request).await?;
    let caller = StaffCaller::new(visitor.staff.clone(), visitor.stepping_up())?;
    Ok(Self { visitor, caller })
});
