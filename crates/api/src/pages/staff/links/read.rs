use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::StaffAct,
    dispute::DisputeStatus,
    evidence::{Evidence, EvidenceState, EvidenceStatus},
    explain::Listener,
    id::LinkId,
    link::{Link, LinkState, LinkStatus},
    organization::Organization,
    service::explain_link::{Told, explain as explain_link},
    store::UnitOfWork,
};
use serde::Deserialize;

use super::{reinstate, revoke, suspend};
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Filters, MOMENT, fresh, moment},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::links::read::{self, Seen},
};

#[derive(Deserialize)]
pub(in crate::pages) struct Asked {
    said: Option<String>,
    /// The moment to explain; now, if none is said.
    #[serde(default)]
    at: String,
}

#[derive(Template)]
#[template(path = "staff/link.html")]
struct LinkPage {
    frame: Frame,
    link: Shown,
    why: Why,
    /// The moment that is explained, as its field writes it, and as people read it; empty for now.
    at: String,
    asked: Option<String>,
    evidence: Vec<Item>,
    acts: Acts,
    documents: &'static [(&'static str, &'static str)],
    once: String,
    complaints: Complaints,
}

/// What the visitor may do with the link as it stands. What is empty is not offered.
struct Acts {
    end: Reasons,
    suspend: Reasons,
    reinstate: Reasons,
    evidence: bool,
    /// Whether they may take the account's authenticator app away.
    reset: bool,
    /// A dispute that has to be decided first.
    dispute: Option<String>,
}

struct Shown {
    id: String,
    organization: String,
    organization_name: String,
    fhir_id: String,
    account: String,
    role: String,
    status: &'static str,
    opens: bool,
    since: String,
    until: Option<String>,
    permissions: String,
    proven: &'static str,
    proven_how: &'static str,
    closed: Option<Closed>,
}

/// That somebody suspended or ended it.
struct Closed {
    what: &'static str,
    at: String,
    by: String,
    reason: &'static str,
}

/// Why it opens the record, or not.
struct Why {
    summary: String,
    reasons: Vec<(bool, String)>,
    next: Option<String>,
}

struct Item {
    id: String,
    fact: String,
    at: String,
    by: String,
    until: Option<String>,
    withdrawn: Option<Closed>,
}

/// `/staff/links/{id}`: why is this link there?
pub(in crate::pages) async fn show_link(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Asked>,
) -> Result<HttpResponse, Refusal> {
    let said = query.said.as_deref().and_then(said);
    let mut complaints = Complaints::default();
    let at = moment(&query.at, "at", &mut complaints);
    show_at(&state, &staff, path_id(&request)?, said, at, complaints).await
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "ended" => Some("Ended. Authorization servers hear of it at once."),
        "suspended" => Some("Suspended. It opens nothing until somebody lifts that."),
        "reinstated" => Some("The link opens the record again."),
        "lifted" => Some("Lifted. The link stays suspended for another reason."),
        "added" => Some("The evidence is added, and counts at once."),
        "withdrawn" => Some("The evidence is withdrawn, and counts no more."),
        _ => None,
    }
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: LinkId,
    said: Option<&'static str>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    show_at(state, staff, id, said, None, complaints).await
}

/// The link as it stands, and why it opens its record or not at a moment.
async fn show_at(
    state: &State,
    staff: &Staff,
    id: LinkId,
    said: Option<&'static str>,
    at: Option<DateTime<Utc>>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (link, seen) = read::see(state, &mut *unit, &staff.visitor.caller(), id).await?;
    let organization = unit.organization(link.organization).await?;
    let acts = acts(&mut *unit, staff, &link).await?;
    let told = explain_link(&mut *unit, link.clone(), Listener::Staff, at.unwrap_or(now)).await?;
    unit.save().await?;
    // Whoever is only its account sees it among their own records.
    let Seen::Staff(evidence) = seen else { return Err(Problem::new(ProblemType::NotFound).into()) };
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let status = complaints.status();
    let page = LinkPage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        why: Why::new(&told),
        at: at.map(|at| at.format(MOMENT).to_string()).unwrap_or_default(),
        asked: at.map(words::moment),
        link: shown(&link, organization, now),
        evidence: evidence.iter().map(|one| item(one, now)).collect(),
        acts,
        documents: &words::DOCUMENTS,
        once: fresh(state),
        complaints,
    };
    Ok(show(state, &staff.visitor, status, &page))
}

async fn acts(unit: &mut dyn UnitOfWork, staff: &Staff, link: &Link) -> Result<Acts, Refusal> {
    let may = |act| staff.caller.at(link.organization, act).is_ok();
    let (reviews, ends, vouches) =
        (may(StaffAct::ReviewLinks), may(StaffAct::EndLinks), may(StaffAct::ManageEvidence));
    let disputes = if reviews { unit.disputes_of_link(link).await? } else { Vec::new() };
    let open = disputes.iter().find(|dispute| dispute.status() == DisputeStatus::Open);
    let not_over = !matches!(link.state, LinkState::Revoked { .. });
    let suspended = matches!(link.state, LinkState::Suspended { .. });
    let offered = |offered: bool, reasons: Reasons| if offered { reasons } else { Vec::new() };
    Ok(Acts {
        end: offered(ends && not_over, revoke::reasons(staff)),
        suspend: offered(reviews && link.can_be_suspended(), suspend::reasons(staff)),
        reinstate: offered(reviews && suspended && open.is_none(), reinstate::reasons()),
        evidence: vouches && not_over && staff.visitor.account() != link.account,
        reset: not_over && may(StaffAct::ResetAuthenticators),
        dispute: open.map(|dispute| dispute.id.to_string()),
    })
}

fn shown(link: &Link, organization: Organization, now: DateTime<Utc>) -> Shown {
    let status = link.status(&organization.policy.family.rules(), now);
    let (proven, proven_how) = words::assurance(link.assurance.at(now));
    Shown {
        id: link.id.to_string(),
        organization: organization.slug.to_string(),
        organization_name: organization.name,
        fhir_id: link.fhir_id.to_string(),
        account: link.account.to_string(),
        role: words::role(&link.role),
        status: words::link_status(status),
        opens: status == LinkStatus::Active,
        since: words::moment(link.period.start),
        until: link.period.end.map(words::moment),
        permissions: link.permissions.to_string(),
        proven,
        proven_how,
        closed: closed(&link.state),
    }
}

impl Why {
    /// As [`crate::v1::links::explain`] tells it.
    fn new(told: &Told) -> Self {
        let summary = told.summary().into_owned();
        let Told::Explained { explanation, .. } = told else {
            return Self { summary, reasons: Vec::new(), next: None };
        };
        let next = explanation.next.map(|next| {
            let then = if next.live { "it opens the record" } else { "it does not open the record" };
            format!("By the clock alone, the next change is {}: {then} then.", words::moment(next.at))
        });
        let reasons = explanation.reasons.iter().map(|reason| (reason.holds, reason.text.clone()));
        Self { summary, reasons: reasons.collect(), next }
    }
}

fn closed(state: &LinkState) -> Option<Closed> {
    let (what, at, by, reason) = match *state {
        LinkState::Active => return None,
        LinkState::Suspended { at, by, reason } => ("Suspended", at, by, words::suspension(reason)),
        LinkState::Revoked { at, by, reason } => ("Ended", at, by, words::revocation(reason)),
    };
    Some(Closed { what, at: words::moment(at), by: words::actor(by), reason })
}

fn item(evidence: &Evidence, now: DateTime<Utc>) -> Item {
    let counts = match evidence.status(now) {
        EvidenceStatus::Valid => "",
        EvidenceStatus::Expired => " — expired",
        EvidenceStatus::Withdrawn => " — withdrawn, does not count",
    };
    let withdrawn = match evidence.state {
        EvidenceState::Valid => None,
        EvidenceState::Withdrawn { at, by, reason } => Some(Closed {
            what: "Withdrawn",
            at: words::moment(at),
            by: words::actor(by),
            reason: words::withdrawal(reason),
        }),
    };
    Item {
        id: evidence.id.to_string(),
        fact: format!("{}{counts}", words::fact(&evidence.fact)),
        at: words::moment(evidence.established_at),
        by: words::actor(evidence.by),
        until: evidence.valid_until.map(words::moment),
        withdrawn,
    }
}
