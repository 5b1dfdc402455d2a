//! Who acts: staff, an account, a client, an operator at the command line, or Kinlink itself.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ClientId, MessageId, OrganizationId};

/// What a staff user may do at an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Issues and revokes invitations, ends links.
    Registrar,
    /// Decides doubtful claims and proxies, ends links.
    Reviewer,
    /// Reads the audit, and nothing else.
    Auditor,
    /// Does what registrars and reviewers do; does not read the audit.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Registrar, Self::Reviewer, Self::Auditor, Self::Admin];

    /// The word used in tokens, JSON and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the roles are registrar, reviewer, auditor and admin")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// What a staff user may want to do, and which roles may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffAct {
    /// Issue, reissue, revoke, read and list invitations.
    ManageInvitations,
    /// Seek records by a person's demographics.
    MatchPatients,
    /// Read a link and its evidence.
    ReadLinks,
    /// End a link.
    EndLinks,
    /// Reset the authenticator of a patient's account.
    ResetAuthenticators,
    /// Reset the authenticator of a login with staff roles.
    ResetStaffAuthenticators,
    /// Read the queue of reviews, and decide them.
    DecideReviews,
    /// Suspend a link, lift a suspension, decide a dispute.
    ReviewLinks,
    /// Add evidence to a link, and withdraw it.
    ManageEvidence,
    /// Read reports of what is unusual.
    ReadReports,
    /// Decide who acts for a patient: access requests, grants, bars, exceptions from the age rules.
    ManageProxies,
    /// See the servers whose users carry attributes, and have them compared.
    ManageProvisioning,
    /// Read the audit.
    ReadAudit,
}

impl StaffAct {
    /// Every act.
    pub const ALL: [Self; 13] = [
        Self::ManageInvitations,
        Self::MatchPatients,
        Self::ReadLinks,
        Self::EndLinks,
        Self::ManageEvidence,
        Self::ResetAuthenticators,
        Self::ResetStaffAuthenticators,
        Self::DecideReviews,
        Self::ReviewLinks,
        Self::ReadReports,
        Self::ManageProxies,
        Self::ManageProvisioning,
        Self::ReadAudit,
    ];

    /// Whether `role` may. The auditor reads the audit and nothing else, and nobody else reads it, so that
    /// whoever watches cannot also act.
    pub const fn allowed_to(self, role: Role) -> bool {
        match self {
            Self::ManageInvitations => matches!(role, Role::Registrar | Role::Admin),
            Self::MatchPatients
            | Self::ReadLinks
            | Self::EndLinks
            | Self::ManageEvidence
            | Self::ManageProxies => {
                matches!(role, Role::Registrar | Role::Reviewer | Role::Admin)
            }
            Self::ResetAuthenticators => matches!(role, Role::Reviewer | Role::Admin),
            Self::ResetStaffAuthenticators | Self::ManageProvisioning => matches!(role, Role::Admin),
            Self::DecideReviews => matches!(role, Role::Reviewer | Role::Admin),
            Self::ReviewLinks | Self::ReadReports => matches!(role, Role::Reviewer | Role::Admin),
            Self::ReadAudit => matches!(role, Role::Auditor),
        }
    }
}

/// A person or program that does something, as evidence and audit name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A staff user, by the account they log in with.
    Staff(AccountId),
    /// A patient or another account holder.
    Account(AccountId),
    /// An authorization server.
    Client(ClientId),
    /// Whoever holds the link in this message, which went to a contact on record.
    Contact(MessageId),
    /// Somebody at the command line of the machine that Kinlink runs on.
    Operator,
    /// Kinlink itself.
    System,
}

/// Somebody who may act for one organization. Only [`StaffUser::at`] and [`Authorized::operator`] make
/// one, so whoever holds it has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorized {
    actor: Actor,
    organization: OrganizationId,
}

impl Authorized {
    /// Somebody at the command line: whoever can read the database and the keys needs no further right.
    /// Never to be called for a request from the network.
    pub const fn operator(organization: OrganizationId) -> Self {
        Self { actor: Actor::Operator, organization }
    }

    /// Who acts.
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The organization they act at.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }
}

/// A staff user: an account with roles at one or more organizations, as its token says.
#[derive(Debug, Clone)]
pub struct StaffUser {
    /// The login.
    pub account: AccountId,
    /// The roles at each organization.
    pub roles: Vec<(OrganizationId, Role)>,
}

/// Why a staff user may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefusal {
    /// No role at that organization; to the caller it must look as if it did not exist.
    #[error("no role at this organization")]
    Stranger,
    /// A role there, but none that allows this.
    #[error("none of the user's roles at this organization allows this")]
    RoleMissing,
}

impl StaffUser {
    /// Checks that this user may do `act` at `organization`.
    pub fn at(&self, organization: OrganizationId, act: StaffAct) -> Result<Authorized, StaffRefusal> {
        let mut roles = self.roles.iter().filter(|(at, _)| *at == organization).peekable();
        if roles.peek().is_none() {
            return Err(StaffRefusal::Stranger);
        }
        if roles.any(|(_, role)| act.allowed_to(*role)) {
            Ok(Authorized { actor: Actor::Staff(self.account), organization })
        } else {
            Err(StaffRefusal::RoleMissing)
        }
    }

    /// The only organization this user has a role at, if there is just one.
    pub fn sole_organization(&self) -> Option<OrganizationId> {
        let (first, _) = *self.roles.first()?;
        self.roles.iter().all(|(organization, _)| *organization == first).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_role_at_the_neighbour_gives_nothing_here() {
        let here = OrganizationId::from_uuid(Uuid::from_u128(1));
        let there = OrganizationId::from_uuid(Uuid::from_u128(2));
        for role in Role::ALL {
            let user = StaffUser { account: AccountId::from_uuid(Uuid::nil()), roles: vec![(there, role)] };
            for act in StaffAct::ALL {
                assert_eq!(user.at(here, act), Err(StaffRefusal::Stranger));
                assert_eq!(user.at(there, act).is_ok(), act.allowed_to(role));
            }
        }
    }

    #[test]
    fn whoever_reads_the_audit_cannot_act() {
        for role in Role::ALL {
            let acts = [
                StaffAct::ManageInvitations,
                StaffAct::EndLinks,
                StaffAct::ManageEvidence,
                StaffAct::DecideReviews,
                StaffAct::ReviewLinks,
                StaffAct::ManageProxies,
            ];
            let acts = acts.iter().any(|act| act.allowed_to(role));
            assert!(!(acts && StaffAct::ReadAudit.allowed_to(role)), "{role}");
        }
    }
}
