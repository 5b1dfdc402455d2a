//! What is told, as JSON and as a page of text.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    evidence::{Evidence, EvidenceStatus, Fact},
    explain::{About, Cause},
    fhir_user::UrlForm,
    id::{AccountId, EvidenceId, InvitationId, LinkId},
    invitation::{Channel, Invitation},
    link::{Link, LinkStatus},
    organization::Organization,
    proofing::{Assurance, assess},
    service::{
        explain_account::{ExplainAccount, ExplainedAccount, ExplainedLink},
        explain_link::Told,
    },
};
use serde::Serialize;

/// Whose links they are, and where Kinlink answers for it.
pub(super) struct Face<'a> {
    pub(super) organization: &'a Organization,
    pub(super) public_url: &'a str,
}

#[derive(Serialize)]
pub(super) struct AccountView {
    account: AccountId,
    /// When Kinlink first saw it; absent if it never did.
    first_seen: Option<DateTime<Utc>>,
    organization: String,
    at: DateTime<Utc>,
    /// What a client of the organization is answered.
    answer: Vec<AnswerView>,
    links: Vec<LinkView>,
}

#[derive(Serialize)]
struct AnswerView {
    link: LinkId,
    patient: String,
    #[serde(rename = "fhirUser")]
    fhir_user: String,
    role: String,
    permissions: String,
}

#[derive(Serialize)]
struct LinkView {
    id: LinkId,
    /// The record, now.
    record: String,
    role: String,
    /// Where it stands now.
    status: LinkStatus,
    recorded: &'static str,
    live: bool,
    summary: String,
    reasons: Vec<ReasonView>,
    next_change: Option<NextView>,
    made_at: DateTime<Utc>,
    made_by: Option<Actor>,
    invitation: Option<InvitationView>,
    evidence: Vec<EvidenceView>,
}

#[derive(Serialize)]
struct ReasonView {
    about: About,
    holds: bool,
    text: String,
}

#[derive(Serialize)]
struct NextView {
    at: DateTime<Utc>,
    cause: Cause,
    live: bool,
}

#[derive(Serialize)]
struct InvitationView {
    id: InvitationId,
    channel: Channel,
    issued_at: DateTime<Utc>,
    issued_by: Actor,
}

#[derive(Serialize)]
struct EvidenceView {
    id: EvidenceId,
    fact: Fact,
    established_at: DateTime<Utc>,
    by: Actor,
    /// At the moment that is explained.
    status: EvidenceStatus,
    /// What it would be worth if there were nothing else, by the policy of that moment; absent if that is not known.
    alone: Option<Assurance>,
}

impl AccountView {
    pub(super) fn new(
        face: &Face<'_>,
        asked: &ExplainAccount,
        first_seen: Option<DateTime<Utc>>,
        explained: &ExplainedAccount,
        now: DateTime<Utc>,
    ) -> Self {
        let answer = explained.answer().map(|(one, gives)| AnswerView {
            link: one.link.id,
            patient: one.patient(UrlForm::Absolute),
            fhir_user: one.fhir_user(UrlForm::Absolute, face.public_url),
            role: role(&one.link),
            permissions: gives.to_string(),
        });
        let links = explained.links.iter().map(|one| LinkView::new(face, one, asked.at, now));
        Self {
            account: asked.account,
            first_seen,
            organization: face.organization.slug.to_string(),
            at: asked.at,
            answer: answer.collect(),
            links: links.collect(),
        }
    }

    /// For people.
    pub(super) fn page(&self) -> String {
        // Writing to a String does not fail.
        let mut page = String::new();
        let _ = writeln!(page, "account {}", self.account);
        let _ = match self.first_seen {
            Some(seen) => writeln!(page, "Kinlink first saw it on {}.", moment(seen)),
            None => writeln!(page, "Kinlink has never seen this login."),
        };
        let _ = writeln!(page, "\nAt {}, clients of {} are answered:", moment(self.at), self.organization);
        for answer in &self.answer {
            let AnswerView { patient, fhir_user, role, permissions, .. } = answer;
            let _ = writeln!(page, "  {patient}, as {role}: {permissions}\n    fhirUser {fhir_user}");
        }
        if self.answer.is_empty() {
            page.push_str("  no record\n");
        }
        if self.links.is_empty() {
            page.push_str("\nIt has no such link there, and never had.\n");
        }
        for link in &self.links {
            link.write(&mut page);
        }
        page
    }
}

impl LinkView {
    fn new(face: &Face<'_>, one: &ExplainedLink, at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let rules = face.organization.policy.family.rules();
        let there = one.evidence.iter().filter(|evidence| evidence.established_at <= at);
        let mut view = Self {
            id: one.link.id,
            record: one.link.fhir_id.to_string(),
            role: role(&one.link),
            status: one.link.status(&rules, now),
            recorded: one.told.recorded(),
            live: one.told.is_live(),
            summary: one.told.summary().into_owned(),
            reasons: Vec::new(),
            next_change: None,
            made_at: one.link.created_at,
            made_by: one.made_by,
            invitation: one.invitation.as_ref().map(InvitationView::new),
            evidence: there.map(|evidence| EvidenceView::new(evidence, &one.told, at)).collect(),
        };
        if let Told::Explained { explanation, .. } = &one.told {
            let reasons = explanation.reasons.iter();
            view.reasons = reasons
                .map(|reason| ReasonView {
                    about: reason.about,
                    holds: reason.holds,
                    text: reason.text.clone(),
                })
                .collect();
            view.next_change =
                explanation.next.map(|next| NextView { at: next.at, cause: next.cause, live: next.live });
        }
        view
    }

    fn write(&self, page: &mut String) {
        let status = word(&self.status);
        let _ = writeln!(page, "\nlink {}: record {}, {}; now {status}", self.id, self.record, self.role);
        let _ = writeln!(page, "  {}", self.summary);
        for reason in &self.reasons {
            let _ = writeln!(page, "  {} {}", if reason.holds { "+" } else { "-" }, reason.text);
        }
        if let Some(next) = &self.next_change {
            let opens = if next.live { "opens" } else { "does not open" };
            let _ = writeln!(page, "  By the clock alone it {opens} the record from {} on.", moment(next.at));
        }
        let by = self.made_by.map_or_else(String::new, |by| format!(" by {}", who(by)));
        let _ = writeln!(page, "  It was made on {}{by}.", moment(self.made_at));
        if let Some(invitation) = &self.invitation {
            let InvitationView { id, channel, issued_at, issued_by } = invitation;
            let (channel, issued_at, issued_by) = (channel.as_str(), moment(*issued_at), who(*issued_by));
            let _ = writeln!(page, "  Of invitation {id} ({channel}), issued on {issued_at} by {issued_by}.");
        }
        for evidence in &self.evidence {
            evidence.write(page);
        }
    }
}

impl InvitationView {
    fn new(invitation: &Invitation) -> Self {
        let Invitation { id, channel, issued_at, issued_by, .. } = invitation;
        Self { id: *id, channel: *channel, issued_at: *issued_at, issued_by: *issued_by }
    }
}

impl EvidenceView {
    fn new(evidence: &Evidence, told: &Told, at: DateTime<Utc>) -> Self {
        let alone = match told {
            Told::Explained { policy, .. } => Some(assess([&evidence.fact], &policy.proofing)),
            Told::NotYetMade { .. } | Told::NotRecorded => None,
        };
        Self {
            id: evidence.id,
            fact: evidence.fact.clone(),
            established_at: evidence.established_at,
            by: evidence.by,
            status: evidence.status_at(at),
            alone,
        }
    }

    fn write(&self, page: &mut String) {
        let (at, by, status) = (moment(self.established_at), who(self.by), word(&self.status));
        let worth = self.alone.map_or_else(String::new, |alone| {
            format!("; by itself {}, {}", alone.ial.as_str(), alone.level.as_str())
        });
        let _ =
            writeln!(page, "  Evidence: {}; {status}{worth}\n    on {at}, by {by}", particulars(&self.fact));
    }
}

/// The kind of a fact, and its particulars as they are kept.
fn particulars(fact: &Fact) -> String {
    let kept = serde_json::to_value(fact).unwrap_or_default();
    let members = kept.as_object().into_iter().flatten().filter(|(name, _)| *name != "type");
    let shown = members.map(|(name, value)| match value {
        serde_json::Value::String(text) => format!(", {name} {text}"),
        other => format!(", {name} {other}"),
    });
    shown.fold(fact.kind().to_owned(), |text, member| text + &member)
}

/// The word that JSON has for it.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn role(link: &Link) -> String {
    match link.role.relationship() {
        None => "the patient".to_owned(),
        Some(relationship) => format!("a proxy ({})", relationship.display()),
    }
}

fn who(actor: Actor) -> String {
    match actor {
        Actor::Staff(id) => format!("staff {id}"),
        Actor::Account(id) => format!("the account {id}"),
        Actor::Client(id) => format!("client {id}"),
        Actor::Contact(_) => "a contact on record".to_owned(),
        Actor::Operator => "an operator".to_owned(),
        Actor::System => "Kinlink".to_owned(),
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
