use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
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

/// Why attributes are to say what they are to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// One record is the person's own: its address.
    OwnRecord,
    /// Nothing is open: nothing.
    NoLink,
    /// Only records of others are open: nothing. A proxy is a `RelatedPerson` of one patient, which an attribute
    /// that stands in every token cannot say.
    ProxyOnly,
    /// Several records are the person's own, as long as nobody merged them: nothing, since there is no telling
    /// which is meant.
    SeveralRecords,
    /// The target is being cleared: nothing.
    Clearing,
}

/// What attributes are to say, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// What.
    pub values: Values,
    /// Why.
    pub basis: Basis,
}

impl ProvisioningTarget {
    /// What the attributes of an account with these links are to say now: the one record that is the person's
    /// own, or else nothing.
    pub fn desired(&self, links: &[AnswerableLink], now: DateTime<Utc>) -> Desired {
        let nothing = |basis| Desired { values: Values::default(), basis };
        if self.state == TargetState::Clearing {
            return nothing(Basis::Clearing);
        }
        let live = links.iter().filter(|answerable| {
            answerable.link.organization == self.organization
                && matches!(answerable.access(None, now), Access::Live(_))
        });
        let (own, others): (Vec<_>, Vec<_>) = live.partition(|answerable| answerable.is_own());
        match (&own[..], &others[..]) {
            ([only], _) => Desired { values: self.naming(only), basis: Basis::OwnRecord },
            ([], []) => nothing(Basis::NoLink),
            ([], _) => nothing(Basis::ProxyOnly),
            _ => nothing(Basis::SeveralRecords),
        }
    }

    fn naming(&self, own: &AnswerableLink) -> Values {
        let patient = self.settings.patient.iter().map(|_| own.link.fhir_id.to_string()).collect();
        Values { fhir_user: vec![own.patient(self.settings.form)], patient }
    }
}
