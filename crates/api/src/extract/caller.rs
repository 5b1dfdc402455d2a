use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use kinlink_auth::{AuthenticatedClient, Bearer, ClientAuthenticator};
use kinlink_domain::{
    account::AccountKey,
    actor::{Authorized, StaffAct, StaffUser},
    federated::Asserted,
    id::{AccountId, OrganizationId},
    step_up::TokenHash,
};

use super::{Login, state};
use crate::{
    problem::{Problem, ProblemType},
    trusted_proxy::client_address,
};

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A login that may be a patient's account at some organization.
pub(crate) struct AccountUser {
    pub(crate) key: AccountKey,
    pub(crate) id: AccountId,
    pub(crate) login: Login,
    /// What its provider says of how it identified its user.
    pub(crate) asserted: Asserted,
}

/// A login with a staff role at some organization.
pub(crate) struct StaffCaller {
    user: StaffUser,
    pub(crate) login: Login,
}

/// A login that is a patient's, or staff's, or both.
pub(crate) struct PersonCaller {
    pub(crate) login: Login,
    pub(crate) bearer: Bearer,
    /// Where it has a staff role.
    pub(crate) staff_at: Vec<OrganizationId>,
}

/// A registered authorization server.
pub(crate) struct ClientCaller(pub(crate) Arc<AuthenticatedClient>);

/// Who may submit a claim: an account for itself, or a client on its behalf.
pub(crate) enum Claimant {
    /// A login that may be a patient's.
    Account(Box<AccountUser>),
    /// A client.
    Client(Arc<AuthenticatedClient>),
}

/// Any of them: what they may see is decided by what they ask for.
pub(crate) enum AnyCaller {
    /// A person, who may be an account holder, staff, or both.
    Person { account: Option<AccountId>, staff: StaffUser, login: Login },
    /// A client.
    Client(Arc<AuthenticatedClient>),
}

impl StaffCaller {
    /// Somebody with a role, at whatever organization.
    pub(crate) fn new(user: StaffUser, login: Login) -> Result<Self, Problem> {
        if user.roles.is_empty() {
            return Err(Problem::new(ProblemType::Forbidden).detail("only for staff"));
        }
        Ok(Self { user, login })
    }

    /// Acting at an organization that the request names.
    pub(crate) fn at(&self, organization: OrganizationId, act: StaffAct) -> Result<Authorized, Problem> {
        Ok(self.user.at(organization, act)?)
    }

    /// The organizations at which this act is allowed, for things that are named by their id alone.
    pub(crate) fn wherever(&self, act: StaffAct) -> Result<Vec<Authorized>, Problem> {
        let allowed: Vec<_> =
            self.organizations().into_iter().filter_map(|o| self.user.at(o, act).ok()).collect();
        if allowed.is_empty() { Err(Problem::new(ProblemType::Forbidden)) } else { Ok(allowed) }
    }

    /// The organizations that they have a role at.
    pub(crate) fn organizations(&self) -> Vec<OrganizationId> {
        organizations(&self.user)
    }

    /// The only organization of this staff user.
    pub(crate) fn sole_organization(&self) -> Option<OrganizationId> {
        self.user.sole_organization()
    }

    /// The account that they log in with.
    pub(crate) const fn account(&self) -> AccountId {
        self.user.account
    }
}

/// The organizations that somebody has a role at.
pub(crate) fn organizations(user: &StaffUser) -> Vec<OrganizationId> {
    let mut organizations: Vec<_> = user.roles.iter().map(|(organization, _)| *organization).collect();
    organizations.sort_unstable();
    organizations.dedup();
    organizations
}

fn credential(request: &HttpRequest) -> Result<&str, Problem> {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        Ok(token.trim())
    } else {
        Err(Problem::new(ProblemType::Unauthenticated).detail("send Authorization: Bearer …"))
    }
}

async fn bearer(request: &HttpRequest) -> Result<Bearer, Problem> {
    let token = credential(request)?;
    if ClientAuthenticator::is_client_credential(token) {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    }
    Ok(state(request)?.bearers.verify(token).await?)
}

fn login(request: &HttpRequest, bearer: &Bearer) -> Result<Login, Problem> {
    Ok(Login {
        account: bearer.account(),
        token: TokenHash::of(credential(request)?, &*state(request)?.ports.vault),
        authentication: bearer.authentication(),
    })
}

/// The client that calls.
pub(crate) async fn client(request: &HttpRequest) -> Result<Arc<AuthenticatedClient>, Problem> {
    let token = credential(request)?;
    let state = state(request)?;
    if !ClientAuthenticator::is_client_credential(token) {
        // A person's token that is valid belongs to somebody who may not ask; any other belongs to nobody.
        state.bearers.verify(token).await?;
        return Err(Problem::new(ProblemType::Forbidden).detail("only for clients"));
    }
    Ok(state.clients.authenticate(token, state.ports.clock.now()).await?)
}

macro_rules! extract {
    ($caller:ty, |$request:ident| $extract:expr) => {
        impl FromRequest for $caller {
            type Error = Problem;
            type Future = Extracted<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let $request = request.clone();
                Box::pin(async move { $extract })
            }
        }
    };
}

extract!(AccountUser, |request| {
    let bearer = bearer(&request).await?;
    if bearer.account_organizations().next().is_none() {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for patients' logins of this provider"));
    }
    let login = login(&request, &bearer)?;
    Ok(Self { id: bearer.account(), login, asserted: bearer.asserted(), key: bearer.key })
});

extract!(StaffCaller, |request| {
    let bearer = bearer(&request).await?;
    Self::new(bearer.staff(), login(&request, &bearer)?)
});

extract!(PersonCaller, |request| {
    let bearer = bearer(&request).await?;
    let staff_at = organizations(&bearer.staff());
    if staff_at.is_empty() && bearer.account_organizations().next().is_none() {
        return Err(
            Problem::new(ProblemType::Forbidden).detail("not for logins of this provider without a role")
        );
    }
    Ok(Self { login: login(&request, &bearer)?, bearer, staff_at })
});

extract!(ClientCaller, |request| client(&request).await.map(Self));

extract!(Claimant, |request| {
    if ClientAuthenticator::is_client_credential(credential(&request)?) {
        return client(&request).await.map(Self::Client);
    }
    AccountUser::from_request(&request, &mut Payload::None).await.map(|user| Self::Account(Box::new(user)))
});

extract!(AnyCaller, |request| {
    if ClientAuthenticator::is_client_credential(credential(&request)?) {
        return client(&request).await.map(Self::Client);
    }
    let bearer = bearer(&request).await?;
    let account = bearer.account_organizations().next().map(|_| bearer.account());
    Ok(Self::Person { account, staff: bearer.staff(), login: login(&request, &bearer)? })
});

/// The address that a request came from.
pub(crate) fn address(request: &HttpRequest) -> Result<String, Problem> {
    let trusted = &state(request)?.settings.trusted_proxies;
    let Some(peer) = request.peer_addr().map(|peer| peer.ip()) else { return Ok(String::new()) };
    let forwarded: Vec<&str> =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    Ok(client_address(peer, &forwarded.join(","), trusted).to_string())
}
