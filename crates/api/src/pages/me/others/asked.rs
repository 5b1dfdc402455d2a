use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    access_request::AskerStatus, id::RequestId, service::submit_request::withdraw as withdraw_request,
};

use crate::{
    extract::path_id,
    pages::{
        form::Form,
        frame::{Frame, see_other, show},
        me::access::end::Nothing,
        refusal::Refusal,
        visitor::Patient,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Template)]
#[template(path = "me/asked.html")]
struct AskedPage {
    frame: Frame,
    id: String,
    organization: String,
    person: String,
    relationship: String,
    status: &'static str,
    open: bool,
    granted: bool,
    asked: String,
    expires: String,
}

/// `/me/others/asked/{id}`: what became of what I asked?
pub(in crate::pages) async fn show_asked(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin_read().await?;
    let asked = unit.request_of_account(visitor.account(), id).await?;
    let asked = asked.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let organization = unit.organization(asked.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let status = asked.view(state.ports.clock.now());
    let page = AskedPage {
        frame: Frame::new(&visitor, "/me/access"),
        id: id.to_string(),
        organization: organization.name,
        person: words::names(&asked.person),
        relationship: words::relationship(asked.relationship),
        status: words::asker_status(status),
        open: status == AskerStatus::Open,
        granted: status == AskerStatus::Granted,
        asked: words::moment(asked.submitted_at),
        expires: words::moment(asked.expires_at),
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

/// Whoever asked takes it back.
pub(in crate::pages) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(Nothing {}): Form<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    withdraw_request(&mut *unit, &state.ports, visitor.account(), id).await?;
    unit.save().await?;
    Ok(see_other("/me/others?said=withdrawn"))
}
