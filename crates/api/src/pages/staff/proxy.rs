//! Staff let somebody act for a patient: an invitation for a parent, a guardian, an executor.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    invitation::Channel,
    link::LinkRole,
    organization::Organization,
    patient::PatientRecord,
    relationship::{ProxyBasis, Relationship},
    service::issue_invitation::{IssueInvitation, issue as issue_invitation},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::Deserialize;

use super::{
    family::BarRow,
    invitations::{
        form::{Start, challenge, complain, documents_seen, email, named_record, patient, way_of},
        issued::{show_issued, show_issued_before},
        way::{Choice, Reach, choices, ways},
    },
    link_to, organization,
    papers::Papers,
    record::Person,
};
use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, fresh, last_day},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::{Staff, Visitor},
        words::{self, Choices},
    },
    state::State,
    v1::invitations::issue::{check_step_up, count_issued},
};

const PATH: &str = "/staff/proxies";
const NEW: &str = "/staff/proxies/new";

/// What was filled in; kept when something is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct ProxyForm {
    organization: Option<String>,
    once: String,
    patient: String,
    relationship: String,
    basis: String,
    profile: String,
    until: String,
    #[serde(flatten)]
    papers: Papers,
    channel: String,
    email: String,
    email_validated: String,
    challenge: String,
    document: String,
    reference: String,
}

#[derive(Template)]
#[template(path = "staff/proxy.html")]
struct ProxyPage {
    frame: Frame,
    slug: String,
    organization: String,
    person: Option<Person>,
    bars: Vec<BarRow>,
    relationships: Choices,
    bases: Choices,
    profiles: Choices,
    ways: Vec<Choice>,
    papers: Choices,
    documents: &'static [(&'static str, &'static str)],
    form: ProxyForm,
    complaints: Complaints,
}

/// `/staff/proxies/new`: let somebody act for a patient.
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(start): Filters<Start>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, start.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ManageInvitations)?;
    let form = ProxyForm { patient: start.patient, challenge: "birth_date".into(), ..ProxyForm::default() };
    ask_again(&state, &visitor, unit, (&at, by), form, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    mut unit: Box<dyn UnitOfWork>,
    (at, by): (&Organization, Authorized),
    form: ProxyForm,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let patient = named_record(state, &mut *unit, at, by, &form.patient).await?;
    let bars = match &patient {
        Some(patient) => bars(state, &mut *unit, at, patient).await?,
        None => Vec::new(),
    };
    unit.save().await?;
    let status = complaints.status();
    // Post to the address on record reaches the patient's household, and not whoever acts for them.
    let by_other_ways = ways(state.ports.outlets).filter(|way| way.channel != Channel::Post);
    let reach = patient.as_ref().map(|patient| Reach::new(patient, &at.policy.contact));
    let page = ProxyPage {
        frame: Frame::new(visitor, "/staff"),
        slug: at.slug.to_string(),
        organization: at.name.clone(),
        person: patient.as_ref().map(Person::new),
        bars,
        relationships: words::every_relationship(),
        bases: words::bases(),
        profiles: words::profiles(&at.policy.family),
        ways: choices(by_other_ways, reach.as_ref()),
        papers: words::papers(),
        documents: &words::DOCUMENTS,
        form: ProxyForm { once: fresh(state), ..form },
        complaints,
    };
    Ok(show(state, visitor, status, &page))
}

/// Whom a court keeps away.
async fn bars(
    state: &State,
    unit: &mut dyn UnitOfWork,
    at: &Organization,
    patient: &PatientRecord,
) -> Result<Vec<BarRow>, Refusal> {
    let now = state.ports.clock.now();
    let bars = unit.bars(at.id, patient.id).await?;
    let zone = at.policy.family.time_zone;
    let in_force = bars.iter().filter(|bar| bar.is_in_force(now)).map(|bar| BarRow::new(bar, zone, now));
    Ok(in_force.collect())
}

/// Staff issue the invitation; its code is shown on the page that comes, and never again.
pub(in crate::pages) async fn issue(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Form(form): Form<ProxyForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, form.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ManageInvitations)?;
    let wanted = match wanted(&form, &at) {
        Ok(wanted) => wanted,
        Err(complaints) => return ask_again(&state, &visitor, unit, (&at, by), form, complaints).await,
    };
    let once = Once::named(&state, visitor.account(), PATH, &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(show_issued_before(&state, &visitor, &at));
    }
    let place = [("organization", at.slug.as_str()), ("patient", form.patient.trim())];
    let stepping = |problem| Refusal::stepping_up(problem, &link_to(NEW, &place));
    check_step_up(&state, &mut *unit, &caller, &at, !wanted.proof.is_empty()).await.map_err(stepping)?;
    let policy = &at.policy.step_up;
    caller.login.stepped_up(&mut *unit, &state, policy, SteppedAct::Grant).await.map_err(stepping)?;
    let channel = wanted.channel;
    match issue_invitation(&mut *unit, &state.ports, &at, by, wanted).await {
        Ok(issued) => {
            let reach = Reach::of(&mut *unit, &at, &issued.invitation).await?;
            once.save_answer(unit, StatusCode::CREATED, &issued.invitation.id).await?;
            count_issued(channel);
            Ok(show_issued(&state, &visitor, &at, &issued, reach.as_ref()))
        }
        Err(error) => {
            let complaints = complain(error, channel)?;
            // What was begun is not saved; who was seen is.
            drop(unit);
            let unit = state.store.begin().await?;
            ask_again(&state, &visitor, unit, (&at, by), form, complaints).await
        }
    }
}

fn wanted(form: &ProxyForm, at: &Organization) -> Result<IssueInvitation, Complaints> {
    let mut complaints = Complaints::default();
    let patient = patient(&form.patient, &mut complaints);
    let role = role(&form.relationship, &form.basis, &mut complaints);
    if form.profile.is_empty() {
        complaints.add("profile", "Choose what the person may see");
    }
    let zone = at.policy.family.time_zone;
    let until = last_day(&form.until, zone, "until", &mut complaints);
    let mut proof = form.papers.seen(zone, &mut complaints);
    proof.extend(documents_seen(&form.document, &form.reference, &mut complaints));
    let way = way_of(&form.channel, "Choose how the code gets to the person", &mut complaints);
    match (patient, role, way) {
        (Some(patient), Some(role), Some(way)) if complaints.is_empty() => Ok(IssueInvitation {
            patient,
            role,
            profile: Some(form.profile.clone()),
            until,
            channel: way.channel,
            email: email(&form.email, &form.email_validated),
            challenge: challenge(&form.challenge),
            proof,
            send: way.send,
        }),
        _ => Err(complaints),
    }
}

/// What the person is to the patient, and on what ground.
pub(super) fn role(relationship: &str, basis: &str, complaints: &mut Complaints) -> Option<LinkRole> {
    let relationship = Relationship::parse(relationship).ok();
    if relationship.is_none() {
        complaints.add("relationship", "Choose what the person is to the patient");
    }
    let basis = ProxyBasis::ALL.into_iter().find(|one| one.as_str() == basis);
    if basis.is_none() {
        complaints.add("basis", "Choose on what ground the person may act");
    }
    Some(LinkRole::Proxy { relationship: relationship?, basis: basis? })
}
