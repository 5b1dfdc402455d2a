use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    ending::Touched,
    link::Revocation,
    organization::Organization,
    patient::FhirId,
    service::end_access::{EndAccess, EndAccessError, end as end_access, preview},
    step_up::SteppedAct,
};
use serde::Deserialize;

use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, filled, fresh},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        staff::{link_to, links::revoke::reasons},
        visitor::Staff,
        words::{self, Reasons},
    },
    state::State,
    v1::endings::Whose,
};

const PATH: &str = "/staff/endings";
const NEW: &str = "/staff/endings/new";

/// Whose access is to end, and for the form that confirms it: what was seen, and why.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct EndingForm {
    organization: String,
    patient: String,
    account: String,
    keep_self: String,
    reason: String,
    digest: String,
    once: String,
}

impl EndingForm {
    fn whose(&self) -> Whose<'_> {
        Whose {
            organization: filled(&self.organization),
            patient: filled(&self.patient),
            account: filled(&self.account),
            keep_self: !self.keep_self.is_empty(),
        }
    }

    /// This page, with or without the patients' own links.
    fn place(&self, slug: &str, keep_self: &str) -> String {
        let place = [
            ("organization", slug),
            ("patient", self.patient.trim()),
            ("account", self.account.trim()),
            ("keep_self", keep_self),
        ];
        link_to(NEW, &place)
    }
}

#[derive(Template)]
#[template(path = "staff/ending_new.html")]
struct PreviewPage {
    frame: Frame,
    slug: String,
    organization: String,
    whose: String,
    form: EndingForm,
    keep_self: bool,
    /// The same without patients' own links, or with them.
    otherwise: String,
    digest: String,
    links: Vec<LinkRow>,
    invitations: Vec<InvitationRow>,
    claims: usize,
    offers: usize,
    requests: usize,
    empty: bool,
    reasons: Reasons,
    complaints: Complaints,
}

struct LinkRow {
    id: String,
    fhir_id: String,
    account: String,
    role: String,
    status: &'static str,
    opens: bool,
}

struct InvitationRow {
    id: String,
    fhir_id: String,
    issued: String,
}

/// `/staff/endings/new`: what would be ended?
pub(in crate::pages) async fn ask(
    state: Data<State>,
    staff: Staff,
    Filters(form): Filters<EndingForm>,
) -> Result<HttpResponse, Refusal> {
    ask_again(&state, &staff, form, StatusCode::OK, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    staff: &Staff,
    form: EndingForm,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (by, organization, wanted) = form.whose().find(&mut *unit, &staff.caller).await?;
    let touched = preview(&mut *unit, &state.ports, by, wanted).await?;
    unit.save().await?;
    let page = page(state, staff, (form, &organization, wanted), &touched, complaints);
    Ok(show(state, &staff.visitor, status, &page))
}

fn page(
    state: &State,
    staff: &Staff,
    (form, organization, wanted): (EndingForm, &Organization, EndAccess),
    touched: &Touched,
    complaints: Complaints,
) -> PreviewPage {
    let (now, rules) = (state.ports.clock.now(), organization.policy.family.rules());
    let slug = organization.slug.to_string();
    let links = touched.links.iter().map(|link| {
        let status = link.status(&rules, now);
        LinkRow {
            id: link.id.to_string(),
            fhir_id: link.fhir_id.to_string(),
            account: link.account.to_string(),
            role: words::role(&link.role),
            status: words::link_status(status),
            opens: status == kinlink_domain::link::LinkStatus::Active,
        }
    });
    let invitations = touched.invitations.iter().map(|invitation| InvitationRow {
        id: invitation.id.to_string(),
        fhir_id: invitation.fhir_id.to_string(),
        issued: words::moment(invitation.issued_at),
    });
    let fhir_id = FhirId::parse(form.patient.trim()).ok();
    PreviewPage {
        frame: Frame::new(&staff.visitor, "/staff"),
        whose: super::whose(wanted.scope, fhir_id.as_ref()),
        organization: organization.name.clone(),
        keep_self: wanted.keep_self,
        otherwise: form.place(&slug, if wanted.keep_self { "" } else { "yes" }),
        digest: touched.digest(wanted.scope, wanted.keep_self),
        links: links.collect(),
        invitations: invitations.collect(),
        claims: touched.claims.len(),
        offers: touched.offers.len(),
        requests: touched.requests.len(),
        empty: touched.is_empty(),
        reasons: reasons(staff),
        form: EndingForm { once: fresh(state), ..form },
        slug,
        complaints,
    }
}

/// Staff end what they saw, and nothing else.
pub(in crate::pages) async fn end(
    state: Data<State>,
    staff: Staff,
    Form(form): Form<EndingForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let (by, organization, wanted) = form.whose().find(&mut *unit, &staff.caller).await?;
    let given = Revocation::ALL.into_iter().filter(|reason| reason.allowed_to(by.actor()));
    let Some(reason) = words::chosen(&form.reason, given) else {
        drop(unit);
        let complaints = Complaints::one("reason", "Choose why it is ended");
        return ask_again(&state, &staff, form, StatusCode::UNPROCESSABLE_ENTITY, complaints).await;
    };
    let once = Once::named(&state, staff.visitor.account(), PATH, &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other(&link_to(PATH, &[("organization", organization.slug.as_str())])));
    }
    let (login, policy) = (&staff.caller.login, &organization.policy.step_up);
    let stepped = login.stepped_up(&mut *unit, &state, policy, SteppedAct::LinkRevokeByStaff).await;
    let place = form.place(organization.slug.as_str(), if wanted.keep_self { "yes" } else { "" });
    stepped.map_err(|problem| Refusal::stepping_up(problem, &place))?;
    match end_access(&mut *unit, &state.ports, by, wanted, reason, &form.digest).await {
        Ok(ending) => {
            once.save_answer(unit, StatusCode::CREATED, &ending.id).await?;
            Ok(see_other(&format!("{PATH}/{}?said=ended", ending.id)))
        }
        Err(EndAccessError::Changed(_)) => {
            drop(unit);
            let why =
                "Something changed meanwhile, and nothing was ended. Look at the list again, and confirm it";
            let complaints = Complaints::one("reason", why);
            ask_again(&state, &staff, form, StatusCode::CONFLICT, complaints).await
        }
        Err(error) => Err(error.into()),
    }
}
