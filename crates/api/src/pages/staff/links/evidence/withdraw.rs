use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    evidence::{EvidenceState, Withdrawal},
    id::{EvidenceId, LinkId},
    service::withdraw_evidence::withdraw as withdraw_evidence,
};

use crate::{
    extract::{path_id, path_part},
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::links::{
        evidence::authorized,
        read::{Seen, see},
    },
};

#[derive(Template)]
#[template(path = "staff/withdraw_evidence.html")]
struct WithdrawPage {
    frame: Frame,
    link: String,
    evidence: String,
    fact: String,
    at: String,
    by: String,
    reasons: Reasons,
    complaints: Complaints,
}

/// `/staff/links/{id}/evidence/{evidence}/withdraw`: shall this count no more?
pub(in crate::pages) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
) -> Result<HttpResponse, Refusal> {
    ask_again(&request, &state, &staff, Complaints::default()).await
}

async fn ask_again(
    request: &HttpRequest,
    state: &State,
    staff: &Staff,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let (link, id): (LinkId, EvidenceId) = (path_id(request)?, path_part(request, "evidence")?);
    let mut unit = state.store.begin().await?;
    authorized(&mut *unit, &staff.caller, link).await?;
    let (_, seen) = see(state, &mut *unit, &staff.visitor.caller(), link).await?;
    unit.save().await?;
    let Seen::Staff(evidence) = seen else { return Err(Problem::new(ProblemType::NotFound).into()) };
    let found = evidence.into_iter().find(|one| one.id == id);
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    if found.state != EvidenceState::Valid {
        return Err(Problem::new(ProblemType::EvidenceWithdrawn).into());
    }
    let page = WithdrawPage {
        frame: Frame::new(&staff.visitor, "/staff"),
        link: link.to_string(),
        evidence: id.to_string(),
        fact: words::fact(&found.fact),
        at: words::moment(found.established_at),
        by: words::actor(found.by),
        reasons: words::reasons(Withdrawal::ALL, words::withdrawal),
        complaints,
    };
    let status = page.complaints.status();
    Ok(show(state, &staff.visitor, status, &page))
}

/// Staff withdraw evidence.
pub(in crate::pages) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let (link, id): (LinkId, EvidenceId) = (path_id(&request)?, path_part(&request, "evidence")?);
    let Some(reason) = words::chosen(&why.reason, Withdrawal::ALL) else {
        let complaints = Complaints::one("reason", "Choose why it is withdrawn");
        return ask_again(&request, &state, &staff, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let by = authorized(&mut *unit, &staff.caller, link).await?;
    withdraw_evidence(&mut *unit, &state.ports, by, link, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/links/{link}?said=withdrawn")))
}
