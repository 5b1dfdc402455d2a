//! What an event tells a client of an account: the same that a lookup would answer it at that moment, of who the
//! user is and which records they open. Neither who changed a link nor why.

use chrono::{DateTime, Utc};

use super::lookup::{LookupFilter, live};
use crate::{fhir_user::UrlForm, id::OrganizationId, store::AnswerableLink};

/// The values that tokens should carry now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventClaims {
    /// `fhirUser`: the URL of who the account's holder is to each record.
    pub fhir_user: Vec<String>,
    /// `patient`: the FHIR id of each record that the account opens.
    pub patient: Vec<String>,
}

/// The claims for a client that serves these organizations. `public_url` is where Kinlink is.
pub fn event_claims(
    links: &[AnswerableLink],
    organizations: &[OrganizationId],
    public_url: &str,
    now: DateTime<Utc>,
) -> EventClaims {
    let filter = LookupFilter::default();
    let mut claims = EventClaims::default();
    for (answerable, _) in live(links, organizations, &filter, now) {
        claims.fhir_user.push(answerable.fhir_user(UrlForm::Absolute, public_url));
        claims.patient.push(answerable.link.fhir_id.to_string());
    }
    claims
}
