use kinlink_domain::{
    id::OrganizationId,
    issuer::TrustedIssuer,
    store::{StoreError, UnitOfWork},
};
use serde::{Deserialize, Serialize};

use super::LoginProvider;

/// Where the logins of one of Kinlink's registrations count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginScope {
    client_id: String,
    only_at: Option<OrganizationId>,
}

impl LoginScope {
    /// Whether they count at an organization that trusts their provider so.
    ///
    /// Claims of a token say what they say to the registration that the token is for: a provider may give a person a role
    /// in one app and none in another. So, as with bearer tokens, the organization must trust the provider for that
    /// audience; unless the operator keeps the registration for this organization alone.
    pub fn counts(&self, trust: &TrustedIssuer) -> bool {
        match self.only_at {
            Some(only) => only == trust.organization,
            None => trust.audiences.contains(&self.client_id),
        }
    }
}

impl LoginProvider {
    /// Where its logins count; none if the organization that it is kept for is not there.
    pub async fn scope(&self, unit: &mut dyn UnitOfWork) -> Result<Option<LoginScope>, StoreError> {
        let only_at = match &self.organization {
            None => None,
            Some(slug) => match unit.organization_by_slug(slug).await? {
                Some(organization) => Some(organization.id),
                None => return Ok(None),
            },
        };
        Ok(Some(LoginScope { client_id: self.client_id.clone(), only_at }))
    }
}

#[cfg(test)]
mod tests {
    use kinlink_domain::{
        account::Iss,
        id::Id,
        issuer::{ClaimPath, Issuer},
    };

    use super::*;

    #[test]
    fn a_login_counts_where_its_registration_is_an_audience_or_the_only_organization_is() {
        let [here, there] = [1, 2].map(|n| Id::from_uuid(uuid::Uuid::from_u128(n)));
        let trust = |organization, audience: &str| TrustedIssuer {
            issuer: Issuer {
                iss: Iss::parse("https://login.example").unwrap(),
                subject_claim: ClaimPath::parse("sub").unwrap(),
            },
            organization,
            audiences: vec!["api".into(), audience.into()],
            accounts: true,
            staff: None,
        };
        for (only_at, organization, audience, counts) in [
            (None, here, "pages", true),
            (None, here, "pages-2", false),
            (Some(here), here, "other", true),
            (Some(here), there, "pages", false),
        ] {
            let scope = LoginScope { client_id: "pages".into(), only_at };
            assert_eq!(scope.counts(&trust(organization, audience)), counts, "{only_at:?} {audience}");
        }
    }
}
