use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{ProvisioningTarget, TargetState};
use crate::{access::Access, store::AnswerableLink};

/// What a user's attributes say. A server may hold several values where Kinlink writes one at most.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Of the attribute for `fhirUser`.
    pub fhir_user: Vec<String>,
    /// Of the attribute for `patient`, if the target has one.
    pub patient: Vec<String>,
}

/// Shows nothing: a record's id must not reach a log beside an account's.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(…)")
    }
}

impl Values {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.fhir_user.is_empty() && self.patient.is_empty()
    }

    /// By which what Kinlink wrote is known again; absent if there is nothing.
    pub fn digest(&self) -> Option<[u8; 16]> {
        let written = serde_json::json!([self.fhir_user, self.patient]).to_string();
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(written)[..16]);
        (!self.is_empty()).then_some(digest)
    }
}

impl ProvisioningTarget {
    /// What the attributes of an account with these links are to say now: the one record that is the person's
    /// own. With several there is no telling which is meant, and a proxy is a `RelatedPerson` of one patient,
    /// which an attribute that stands in every token cannot say; so then they say nothing.
    pub fn desired(&self, links: &[AnswerableLink], now: DateTime<Utc>) -> Values {
        if self.state == TargetState::Clearing {
            return Values::default();
        }
        let mut own = links.iter().filter(|answerable| {
            answerable.link.organization == self.organization
                && answerable.is_own()
                && matches!(answerable.access(None, now), Access::Live(_))
        });
        let (Some(only), None) = (own.next(), own.next()) else { return Values::default() };
        let patient = self.settings.patient.iter().map(|_| only.link.fhir_id.to_string()).collect();
        Values { fhir_user: vec![only.patient(self.settings.form)], patient }
    }
}
