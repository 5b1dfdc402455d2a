use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    evidence::Fact,
    id::LinkId,
    service::add_evidence::{AddEvidence, AddEvidenceError, add as add_evidence},
};
use serde::Deserialize;

use crate::{
    extract::path_id,
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Form, last_day},
        frame::see_other,
        refusal::Refusal,
        staff::{invitations::form::documents_seen, links::read::show_again},
        visitor::Staff,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::links::evidence::authorized,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct AddForm {
    once: String,
    document: String,
    reference: String,
    valid_until: String,
}

/// Staff saw a document.
pub(in crate::pages) async fn add(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<AddForm>,
) -> Result<HttpResponse, Refusal> {
    let link: LinkId = path_id(&request)?;
    let mut complaints = Complaints::default();
    let mut seen = documents_seen(&form.document, &form.reference, &mut complaints);
    if seen.is_empty() && complaints.is_empty() {
        complaints.add("document", "Choose the document that you saw");
    }
    let mut unit = state.store.begin().await?;
    let by = authorized(&mut *unit, &staff.caller, link).await?;
    let organization = unit.organization(by.organization()).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let zone = organization.policy.family.time_zone;
    let valid_until = last_day(&form.valid_until, zone, "valid_until", &mut complaints);
    let (Some(Fact::DocumentSeen { document, reference }), true) = (seen.pop(), complaints.is_empty()) else {
        drop(unit);
        return show_again(&state, &staff, link, None, complaints).await;
    };
    let once = Once::named(&state, staff.visitor.account(), request.path(), &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_none() {
        let wanted = AddEvidence { link, document, reference, valid_until };
        match add_evidence(&mut *unit, &state.ports, by, wanted).await {
            Ok((_, evidence)) => once.answer(&mut *unit, StatusCode::CREATED, &evidence.id).await?,
            Err(AddEvidenceError::OverAlready) => {
                drop(unit);
                let complaints = Complaints::one("valid_until", "This day is over already");
                return show_again(&state, &staff, link, None, complaints).await;
            }
            Err(error) => return Err(error.into()),
        };
        unit.save().await?;
    }
    Ok(see_other(&format!("/staff/links/{link}?said=added")))
}
