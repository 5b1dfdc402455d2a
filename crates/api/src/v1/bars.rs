//! Bars: whom a court keeps from a record. Staff with the role `registrar`, `reviewer` or `admin`.

pub(crate) mod lift;
pub(crate) mod list;
pub(crate) mod record;

use chrono::{DateTime, Utc};
use kinlink_domain::{bar::Bar, patient::FhirId};
use serde::Serialize;
use utoipa::ToSchema;

/// A bar, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BarView {
    #[schema(example = "bar_0197f2f31c2a7d0c8e6f2b7f5a1d9c77")]
    id: String,
    organization: String,
    /// The FHIR id of the record.
    #[schema(example = "n-002")]
    patient: String,
    /// The barred person's account. Without one, nobody is refused by Kinlink: only staff can tell whom it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// Who is barred, by name or description.
    person: String,
    /// The order, as the organization files it.
    reference: String,
    /// Whether it holds now.
    in_force: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    by: kinlink_domain::actor::Actor,
    at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted_at: Option<DateTime<Utc>>,
}

impl BarView {
    pub(crate) fn new(bar: &Bar, patient: &FhirId, now: DateTime<Utc>) -> Self {
        Self {
            id: bar.id.to_string(),
            organization: bar.organization.to_string(),
            patient: patient.to_string(),
            account: bar.account.map(|account| account.to_string()),
            person: bar.about.person.clone(),
            reference: bar.about.reference.clone(),
            in_force: bar.is_in_force(now),
            until: bar.until,
            by: bar.by,
            at: bar.at,
            lifted_at: bar.lifted.map(|lifted| lifted.at),
        }
    }
}
