//! What an app has asked to be told of a record, by its scopes.
//!
//! Source: SMART App Launch 2.2, "Scopes for requesting identity data" (`fhirUser`) and "Scopes for requesting context
//! data" (`launch`, `launch/patient`; data of the patient in context are of no use without the patient).

use super::Asked;
use crate::{
    connection::{Member, Unasked},
    scope::{Granted, is_of_the_patient},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(super) struct Wanted {
    /// Whether the server tells the scopes at all.
    pub(super) scopes_known: bool,
    user: bool,
    patient: bool,
    permissions: bool,
}

impl Wanted {
    /// Of these scopes, of which so much is granted.
    pub(super) fn of(asked: Asked<'_>, granted: &Granted) -> Self {
        let Some(scopes) = asked.scopes else {
            return Self { scopes_known: false, user: true, patient: true, permissions: true };
        };
        let all = asked.settings.unasked == Unasked::Give;
        let launches = scopes.iter().any(|scope| matches!(*scope, "launch" | "launch/patient"));
        let patient = launches || granted.scopes.iter().any(|scope| is_of_the_patient(scope));
        let user =
            if asked.settings.server.has_scope_of_user() { scopes.contains(&"fhirUser") } else { patient };
        Self {
            scopes_known: true,
            user: all || user,
            patient: all || patient,
            permissions: all || patient || scopes.iter().copied().any(is_of_the_patient),
        }
    }

    pub(super) const fn has(self, member: Member) -> bool {
        match member {
            Member::FhirUser => self.user,
            Member::Patient | Member::NeedPatientBanner => self.patient,
            Member::PermittedScope => self.permissions,
            Member::Link => self.user || self.patient,
        }
    }
}
