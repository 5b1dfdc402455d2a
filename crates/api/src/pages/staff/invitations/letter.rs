use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use base64::{Engine, engine::general_purpose::STANDARD};
use kinlink_delivery::letter_html;
use kinlink_domain::{code::Code, id::InvitationId, service::issue_invitation::letter_to_print};
use sha2::{Digest, Sha256};

use crate::{
    extract::path_id,
    pages::{
        form::{Entered, Form},
        refusal::Refusal,
        staff::record::record_reading,
        visitor::Staff,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::invitations::find,
};

/// The letter of an invitation by post, to print. Nobody but whoever just issued it has the code, and the page that
/// shows it sends it along: in the form's body, so that it stands in no address and no log.
pub(in crate::pages) async fn print(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<Entered>,
) -> Result<HttpResponse, Refusal> {
    let id: InvitationId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (by, invitation) = find(&mut *unit, &staff.caller, id).await?;
    let organization = unit.organization(by.organization()).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let over = || Problem::new(ProblemType::InvitationClosed);
    let code = Code::parse(&form.code).map_err(|_| over())?;
    let letter = letter_to_print(&mut *unit, &organization, &invitation, &code).await?;
    let (to, letter) = letter.ok_or_else(over)?;
    if let Some(patient) = unit.patient_by_id(organization.id, invitation.patient).await? {
        record_reading(&state, &mut *unit, by, &patient, &[]);
    }
    unit.save().await?;
    let html = letter_html(&to, &letter, &state.settings.pages());
    let html = html.map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(&html)))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .body(html))
}

/// A letter brings its own style, as it has to when a print service gets it; that text is allowed, and nothing else.
fn policy(html: &str) -> String {
    let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let hash = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
}
