use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::{Actor, StaffAct},
    evidence::{Evidence, EvidenceStatus},
    id::LinkId,
    link::{Link, LinkState, LinkStatus, Revocation},
    organization::Organization,
};
use serde::Deserialize;

use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::links::read::{self, Seen},
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/link.html")]
struct LinkPage {
    frame: Frame,
    link: Shown,
    evidence: Vec<Item>,
    /// Reasons to end it, if the visitor may.
    reasons: Vec<(String, &'static str)>,
    complaints: Complaints,
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
    permissions: String,
    proven: &'static str,
    proven_how: &'static str,
    ended: Option<Ended>,
}

struct Ended {
    at: String,
    by: String,
    reason: &'static str,
}

struct Item {
    fact: String,
    at: String,
    by: String,
}

/// `/staff/links/{id}`: why is this link there?
pub(in crate::pages) async fn show_link(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let ended = query.said.is_some_and(|word| word == "ended");
    let said = ended.then_some("Ended. Authorization servers hear of it at once.");
    show_again(&state, &staff, path_id(&request)?, said, Complaints::default()).await
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: LinkId,
    said: Option<&'static str>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (link, seen) = read::see(state, &mut *unit, &staff.visitor.caller(), id).await?;
    let organization = unit.organization(link.organization).await?;
    unit.save().await?;
    // Whoever is only its account sees it among their own records.
    let Seen::Staff(evidence) = seen else { return Err(Problem::new(ProblemType::NotFound).into()) };
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let may_end = staff.caller.at(link.organization, StaffAct::EndLinks).is_ok();
    let reasons =
        if may_end && !matches!(link.state, LinkState::Revoked { .. }) { reasons(staff) } else { Vec::new() };
    let status = if complaints.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = LinkPage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        link: shown(&link, organization, now),
        evidence: evidence.iter().map(|one| item(one, now)).collect(),
        reasons,
        complaints,
    };
    Ok(show(state, &staff.visitor, status, &page))
}

/// The reasons that staff may give, with the words that the form sends.
fn reasons(staff: &Staff) -> Vec<(String, &'static str)> {
    let actor = Actor::Staff(staff.visitor.account());
    let allowed = Revocation::ALL.into_iter().filter(|reason| reason.allowed_to(actor));
    allowed.map(|reason| (super::revoke::word(reason), words::revocation(reason))).collect()
}

fn shown(link: &Link, organization: Organization, now: chrono::DateTime<chrono::Utc>) -> Shown {
    let status = link.status(&organization.policy.family.rules(), now);
    let (proven, proven_how) = words::assurance(link.assurance.at(now));
    let ended = match link.state {
        LinkState::Active | LinkState::Suspended { .. } => None,
        LinkState::Revoked { at, by, reason } => {
            Some(Ended { at: words::moment(at), by: words::actor(by), reason: words::revocation(reason) })
        }
    };
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
        permissions: link.permissions.to_string(),
        proven,
        proven_how,
        ended,
    }
}

fn item(evidence: &Evidence, now: chrono::DateTime<chrono::Utc>) -> Item {
    let counts = match evidence.status(now) {
        EvidenceStatus::Valid => "",
        EvidenceStatus::Expired => " — expired",
        EvidenceStatus::Withdrawn => " — withdrawn, does not count",
    };
    Item {
        fact: format!("{}{counts}", words::fact(&evidence.fact)),
        at: words::moment(evidence.established_at),
        by: words::actor(evidence.by),
    }
}
