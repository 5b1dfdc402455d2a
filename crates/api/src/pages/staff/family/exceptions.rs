use actix_web::{HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    access::{AgeException, AgeExceptionKind},
    service::{
        age_exception::{NewException, end as end_exception, record as record_exception},
        issue_invitation::PatientReference,
    },
    step_up::SteppedAct,
};
use serde::Deserialize;

use super::{back, bars::short, find, show_again};
use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Form, last_day},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
    },
    state::State,
    v1::age_exceptions::record::OLDEST,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct ExceptionForm {
    organization: Option<String>,
    patient: String,
    once: String,
    kind: String,
    age: String,
    why: String,
    exception_reference: String,
    exception_until: String,
}

impl ExceptionForm {
    fn kind(&self, complaints: &mut Complaints) -> Option<AgeExceptionKind> {
        match self.kind.as_str() {
            "emancipated" => Some(AgeExceptionKind::Emancipated),
            "incapacity" => Some(AgeExceptionKind::Incapacity),
            "treated_as" => {
                let age = self.age.trim().parse().ok().filter(|age| *age <= OLDEST);
                if age.is_none() {
                    complaints.add("age", format!("Enter an age in years, at most {OLDEST}"));
                }
                age.map(|age| AgeExceptionKind::TreatedAs { age })
            }
            _ => {
                complaints.add("kind", "Choose what holds instead");
                None
            }
        }
    }
}

/// Staff record that the rules of age do not fit a patient.
pub(in crate::pages) async fn record(
    state: Data<State>,
    staff: Staff,
    Form(form): Form<ExceptionForm>,
) -> Result<HttpResponse, Refusal> {
    let named = (form.organization.as_deref(), form.patient.as_str());
    let mut unit = state.store.begin().await?;
    let (at, by, patient) = find(&mut *unit, &staff, named).await?;
    let mut complaints = Complaints::default();
    let kind = form.kind(&mut complaints);
    let reason = short(&form.why, 200, "why", "Say why", &mut complaints);
    let reference = short(
        &form.exception_reference,
        100,
        "exception_reference",
        "Enter how you file the paper",
        &mut complaints,
    );
    let zone = at.policy.family.time_zone;
    let until = last_day(&form.exception_until, zone, "exception_until", &mut complaints);
    let now = state.ports.clock.now();
    if until.is_some_and(|until| until <= now) {
        complaints.add("exception_until", "This day is over already");
    }
    let (Some(kind), true) = (kind, complaints.is_empty()) else {
        drop(unit);
        return show_again(&state, &staff, named, None, complaints).await;
    };
    let once = Once::named(&state, staff.visitor.account(), "/staff/age-exceptions", &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_none() {
        step_up(&state, &mut *unit, &staff, &at, &form.patient).await?;
        let exception = AgeException { kind, from: now, until };
        let new = NewException { exception, reason, reference };
        let patient = PatientReference::FhirId(patient.record.fhir_id);
        record_exception(&mut *unit, &state.ports, &at, by, patient, new).await?;
        once.save_answer(unit, StatusCode::CREATED, &()).await?;
    }
    Ok(see_other(&back(at.slug.as_str(), &form.patient, "excepted")))
}

async fn step_up(
    state: &State,
    unit: &mut dyn kinlink_domain::store::UnitOfWork,
    staff: &Staff,
    at: &kinlink_domain::organization::Organization,
    patient: &str,
) -> Result<(), Refusal> {
    let policy = &at.policy.step_up;
    let stepped = staff.caller.login.stepped_up(unit, state, policy, SteppedAct::Grant).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, &back(at.slug.as_str(), patient, "")))
}

/// They fit again.
pub(in crate::pages) async fn end(
    state: Data<State>,
    staff: Staff,
    Form(form): Form<ExceptionForm>,
) -> Result<HttpResponse, Refusal> {
    let named = (form.organization.as_deref(), form.patient.as_str());
    let mut unit = state.store.begin().await?;
    let (at, by, patient) = find(&mut *unit, &staff, named).await?;
    step_up(&state, &mut *unit, &staff, &at, &form.patient).await?;
    let patient = PatientReference::FhirId(patient.record.fhir_id);
    end_exception(&mut *unit, &state.ports, &at, by, patient).await?;
    unit.save().await?;
    Ok(see_other(&back(at.slug.as_str(), &form.patient, "fits")))
}
