//! Who the user is to the record that a link opens, as FHIR names them: what `fhirUser` says wherever Kinlink says
//! it (SMART App Launch 2.2, "Scopes for requesting identity data").

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{id::LinkId, store::AnswerableLink};

/// How a reference to a resource is written. SMART allows both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrlForm {
    /// As a whole URL.
    #[default]
    Absolute,
    /// As `Patient/x`, relative to the FHIR base that the app was launched with.
    Relative,
}

/// Where Kinlink, which is at `public_url`, answers FHIR requests for the organization of this short name.
pub fn face(public_url: &str, organization: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{public_url}/fhir/{organization}"))
}

/// The `RelatedPerson` that the holder of a proxy's link is, relative to [`face`].
pub fn related_person(link: LinkId) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "RelatedPerson/{}", link.uuid()))
}

impl AnswerableLink {
    /// Whether the holder is the patient.
    pub const fn is_own(&self) -> bool {
        self.link.role.relationship().is_none()
    }

    /// The holder: the patient themselves, or somebody related to them. The former is on the organization's server,
    /// the latter on Kinlink, which is at `public_url`.
    pub fn fhir_user(&self, form: UrlForm, public_url: &str) -> String {
        if self.is_own() {
            return self.patient(form);
        }
        let proxy = related_person(self.link.id);
        match form {
            UrlForm::Absolute => format!("{}/{proxy}", face(public_url, self.slug.as_str())),
            UrlForm::Relative => proxy.to_string(),
        }
    }

    /// The patient.
    pub fn patient(&self, form: UrlForm) -> String {
        match form {
            UrlForm::Absolute => self.fhir_base.patient(&self.link.fhir_id),
            UrlForm::Relative => format!("Patient/{}", self.link.fhir_id),
        }
    }
}
