use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    bar::AboutBar,
    id::{AccountId, BarId},
    service::{
        bar::{BarError, RecordBar, lift as lift_bar, record as record_bar},
        issue_invitation::PatientReference,
    },
};
use serde::Deserialize;

use super::{back, find, show_again};
use crate::{
    extract::path_id,
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Form, filled, last_day},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
    },
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct BarForm {
    organization: Option<String>,
    patient: String,
    once: String,
    person: String,
    bar_reference: String,
    account: String,
    bar_until: String,
}

/// Staff record that a court keeps somebody from a record.
pub(in crate::pages) async fn record(
    state: Data<State>,
    staff: Staff,
    Form(form): Form<BarForm>,
) -> Result<HttpResponse, Refusal> {
    let named = (form.organization.as_deref(), form.patient.as_str());
    let mut unit = state.store.begin().await?;
    let at = super::organization(&mut *unit, &staff.caller, named.0).await?;
    let by = staff.caller.at(at.id, StaffAct::ManageProxies)?;
    let (_, _, patient) = find(&mut *unit, &staff, named).await?;
    let mut complaints = Complaints::default();
    let person = short(&form.person, 200, "person", "Name or describe the person", &mut complaints);
    let reference =
        short(&form.bar_reference, 100, "bar_reference", "Enter how you file the order", &mut complaints);
    let account = filled(&form.account).map(str::parse::<AccountId>);
    if let Some(Err(_)) = &account {
        complaints.add("account", "An account is written acc_ and 32 letters and digits");
    }
    let until = last_day(&form.bar_until, at.policy.family.time_zone, "bar_until", &mut complaints);
    if !complaints.is_empty() {
        drop(unit);
        return show_again(&state, &staff, named, None, complaints).await;
    }
    let wanted = RecordBar {
        patient: PatientReference::FhirId(patient.record.fhir_id),
        account: account.and_then(Result::ok),
        about: AboutBar { person, reference },
        until,
    };
    let once = Once::named(&state, staff.visitor.account(), "/staff/bars", &form.once, b"");
    let mut said = "barred";
    if once.answered(&mut *unit, &state).await?.is_none() {
        match record_bar(&mut *unit, &state.ports, &at, by, wanted).await {
            Ok((bar, ended)) => {
                once.save_answer(unit, StatusCode::CREATED, &bar.id).await?;
                said = if ended.is_some() { "barred-ended" } else { "barred" };
            }
            Err(error) => {
                drop(unit);
                return show_again(&state, &staff, named, None, complain(error)?).await;
            }
        }
    }
    Ok(see_other(&back(at.slug.as_str(), &form.patient, said)))
}

/// A text that must be there and is not too long.
pub(super) fn short(
    typed: &str,
    most: usize,
    field: &'static str,
    missing: &'static str,
    complaints: &mut Complaints,
) -> String {
    let text = typed.trim();
    if text.is_empty() {
        complaints.add(field, missing);
    } else if text.chars().count() > most {
        complaints.add(field, format!("At most {most} characters"));
    }
    text.to_owned()
}

/// Which field an error belongs to. What is no field's fault is a refusal.
fn complain(error: BarError) -> Result<Complaints, Refusal> {
    match error {
        BarError::AccountNotFound => Ok(Complaints::one("account", "There is no such account")),
        BarError::OverAlready => Ok(Complaints::one("bar_until", "This day is over already")),
        error => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(in crate::pages) struct LiftForm {}

/// Staff lift it.
pub(in crate::pages) async fn lift(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(LiftForm {}): Form<LiftForm>,
) -> Result<HttpResponse, Refusal> {
    let id: BarId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let mut of_caller = None;
    for by in staff.caller.wherever(StaffAct::ManageProxies)? {
        if unit.bar_for_update(by.organization(), id).await?.is_some() {
            of_caller = Some(by);
        }
    }
    let by = of_caller.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let lifted = lift_bar(&mut *unit, &state.ports, by, id).await?;
    let organization = unit.organization(lifted.organization).await?;
    let record = unit.patient_by_id(lifted.organization, lifted.patient).await?;
    let gone = || Problem::new(ProblemType::Internal);
    let (organization, record) = (organization.ok_or_else(gone)?, record.ok_or_else(gone)?);
    unit.save().await?;
    Ok(see_other(&back(organization.slug.as_str(), &record.record.fhir_id.to_string(), "lifted")))
}
