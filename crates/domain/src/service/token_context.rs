//! What goes into a token: the one decision behind every hook and the SMART context. Adapters translate it,
//! and add nothing.
//!
//! Source: SMART App Launch 2.2, "Scopes and Launch Context".

mod wanted;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    access::Access,
    connection::{ConnectionSettings, Member, Several},
    fhir_user::UrlForm,
    id::{LinkId, OrganizationId},
    permission::Permissions,
    proofing::Ial,
    scope::{Granted, grant},
    store::AnswerableLink,
};

use self::wanted::Wanted;

/// What an authorization server asks about an account.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The organization of the connection.
    pub organization: OrganizationId,
    /// What the operator chose.
    pub settings: &'a ConnectionSettings,
    /// The scopes that the app asks for; none if the server does not say.
    pub scopes: Option<&'a [&'a str]>,
    /// The link that the person picked.
    pub picked: Option<LinkId>,
}

/// A link that opens its record now, with what it gives.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The link.
    pub answerable: &'a AnswerableLink,
    /// What it gives now.
    pub permissions: Cow<'a, Permissions>,
}

/// Which record a token is for.
#[derive(Debug)]
pub enum Decision<'a> {
    /// None: not a patient, not any more, or none could be decided on.
    None(Granted),
    /// This one.
    One(TokenContext<'a>),
    /// One of several: the person has to be asked. Until then, what needs no record.
    Several(Granted),
}

/// What a token says of one record.
#[derive(Debug)]
pub struct TokenContext<'a> {
    /// The link.
    pub answerable: &'a AnswerableLink,
    /// Who the user is: the patient, or somebody related to them.
    pub fhir_user: String,
    /// For a proxy, the URL of the `RelatedPerson` that they are, however `fhir_user` is written.
    pub related_person: Option<String>,
    /// Whether the app must show whose record it is: where the user acts for somebody else, or might be
    /// looking at another record than they think.
    pub need_patient_banner: bool,
    /// What the link gives now.
    pub permissions: Cow<'a, Permissions>,
    /// What of it was asked for.
    pub granted: Granted,
    wanted: Wanted,
}

/// A value that a claim can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// A truth value.
    Flag(bool),
}

/// Decides from the account's links. `public_url` is where Kinlink is.
pub fn decide<'a>(
    links: &'a [AnswerableLink],
    asked: Asked<'_>,
    public_url: &str,
    now: DateTime<Utc>,
) -> Decision<'a> {
    let mut candidates = candidates(links, asked.organization, asked.settings.minimum_assurance, now);
    let several = candidates.len() > 1;
    if let Some(picked) = asked.picked {
        candidates.retain(|candidate| candidate.answerable.link.id == picked);
    } else if several {
        match asked.settings.several {
            Several::None => candidates.clear(),
            Several::OwnRecord => only_own(&mut candidates),
            Several::Picker => return Decision::Several(without_record(asked)),
        }
    }
    match candidates.pop() {
        Some(candidate) => Decision::One(context(candidate, asked, several, public_url)),
        None => Decision::None(without_record(asked)),
    }
}

fn without_record(asked: Asked<'_>) -> Granted {
    grant(asked.scopes.unwrap_or_default().iter().copied(), None)
}

/// The links that open a record of this organization now, own records first, then in the order they were made.
pub fn candidates(
    links: &[AnswerableLink],
    organization: OrganizationId,
    minimum: Option<Ial>,
    now: DateTime<Utc>,
) -> Vec<Candidate<'_>> {
    let mut found: Vec<_> = links
        .iter()
        .filter(|answerable| answerable.link.organization == organization)
        .filter_map(|answerable| match answerable.access(minimum, now) {
            Access::Live(permissions) => Some(Candidate { answerable, permissions }),
            Access::Closed(_) => None,
        })
        .collect();
    found.sort_by_key(|candidate| (!candidate.answerable.is_own(), candidate.answerable.link.id));
    found
}

/// Two own records, not yet merged, are as doubtful as two of other people.
fn only_own(candidates: &mut Vec<Candidate<'_>>) {
    candidates.retain(|candidate| candidate.answerable.is_own());
    if candidates.len() > 1 {
        candidates.clear();
    }
}

fn context<'a>(
    Candidate { answerable, permissions }: Candidate<'a>,
    asked: Asked<'_>,
    several: bool,
    public_url: &str,
) -> TokenContext<'a> {
    let granted = grant(asked.scopes.unwrap_or_default().iter().copied(), Some(&permissions));
    let related_person = || answerable.fhir_user(UrlForm::Absolute, public_url);
    TokenContext {
        answerable,
        fhir_user: answerable.fhir_user(asked.settings.fhir_user, public_url),
        related_person: (!answerable.is_own()).then(related_person),
        need_patient_banner: several || !answerable.is_own(),
        wanted: Wanted::of(asked, &granted),
        granted,
        permissions,
    }
}

impl TokenContext<'_> {
    /// Whether the app has asked for this member, or is told it all the same.
    pub const fn tells(&self, member: Member) -> bool {
        self.wanted.has(member)
    }

    /// A member, as a claim; none if the app has not asked for it.
    pub fn value(&self, member: Member) -> Option<ClaimValue> {
        let link = &self.answerable.link;
        self.tells(member).then(|| match member {
            Member::FhirUser => ClaimValue::Text(self.fhir_user.clone()),
            Member::Patient => ClaimValue::Text(link.fhir_id.to_string()),
            Member::NeedPatientBanner => ClaimValue::Flag(self.need_patient_banner),
            Member::PermittedScope if self.wanted.scopes_known => ClaimValue::Text(self.granted.scope()),
            Member::PermittedScope => ClaimValue::Text(self.permissions.to_string()),
            Member::Link => ClaimValue::Text(link.id.to_string()),
        })
    }
}

#[cfg(test)]
mod tests;
