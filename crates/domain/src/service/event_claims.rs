//! What an event tells a client of an account: the same that a lookup would answer it at that moment, of who the
//! user is and which records they open. Neither who changed a link nor why.

use chrono::{DateTime, Utc};

use super::lookup::{LookupFilter, live};
use crate::{id::OrganizationId, store::AnswerableLink};

/// The values that tokens should carry now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventClaims {
    /// `fhirUser`: the URL of each record that the account's holder is the patient of.
    pub fhir_user: Vec<String>,
    /// `patient`: the FHIR id of each record that the account opens.
    pub patient: Vec<String>,
}

/// The claims for a client that serves these organizations.
pub fn event_claims(
    links: &[AnswerableLink],
    organizations: &[OrganizationId],
    now: DateTime<Utc>,
) -> EventClaims {
    let filter = LookupFilter::default();
    let mut claims = EventClaims::default();
    for (answerable, _) in live(links, organizations, &filter, now) {
        let link = &answerable.link;
        if link.role.relationship().is_none() {
            claims.fhir_user.push(answerable.fhir_base.patient(&link.fhir_id));
        }
        claims.patient.push(link.fhir_id.as_str().to_owned());
    }
    claims
}
