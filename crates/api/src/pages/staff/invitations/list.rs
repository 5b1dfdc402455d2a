use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::invitation::{Channel, Invitation, InvitationStatus};

use crate::{
    pages::{
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        staff::rest_of,
        visitor::Staff,
        words,
    },
    state::State,
    v1::invitations::list::{ListParameters, search},
};

#[derive(Template)]
#[template(path = "staff/invitations.html")]
struct InvitationsPage {
    frame: Frame,
    slug: String,
    organization: String,
    patient: String,
    statuses: Vec<Choice>,
    channels: Vec<Choice>,
    invitations: Vec<Row>,
    more: Option<String>,
}

/// One choice of a filter.
struct Choice {
    word: &'static str,
    label: &'static str,
    chosen: bool,
}

struct Row {
    id: String,
    fhir_id: String,
    channel: &'static str,
    status: &'static str,
    open: bool,
    issued: String,
    expires: String,
}

/// `/staff/invitations`: which are there?
pub(in crate::pages) async fn show_list(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(parameters): Filters<ListParameters>,
) -> Result<HttpResponse, Refusal> {
    let patient = parameters.patient.clone().unwrap_or_default();
    let (status, channel) = (parameters.status, parameters.channel);
    let mut unit = state.store.begin().await?;
    let (organization, listed) = search(&state, &mut *unit, &caller, parameters).await?;
    unit.save().await?;
    let now = state.ports.clock.now();
    let slug = organization.slug.to_string();
    let filters = [
        ("patient", patient.as_str()),
        ("status", status.map(InvitationStatus::as_str).unwrap_or_default()),
        ("channel", channel.map(Channel::as_str).unwrap_or_default()),
    ];
    let more = rest_of("/staff/invitations", &slug, &filters, listed.next);
    let page = InvitationsPage {
        frame: Frame::new(&visitor, "/staff"),
        slug,
        organization: organization.name,
        patient,
        statuses: InvitationStatus::ALL
            .map(|it| Choice {
                word: it.as_str(),
                label: words::invitation_status(it),
                chosen: status == Some(it),
            })
            .into(),
        channels: Channel::ALL
            .map(|it| Choice { word: it.as_str(), label: words::channel(it), chosen: channel == Some(it) })
            .into(),
        invitations: listed.items.iter().map(|invitation| row(invitation, now)).collect(),
        more,
    };
    Ok(show(&state, &visitor, StatusCode::OK, &page))
}

fn row(invitation: &Invitation, now: chrono::DateTime<chrono::Utc>) -> Row {
    let status = invitation.status(now);
    Row {
        id: invitation.id.to_string(),
        fhir_id: invitation.fhir_id.to_string(),
        channel: words::channel(invitation.channel),
        status: words::invitation_status(status),
        open: status == InvitationStatus::Issued,
        issued: words::moment(invitation.issued_at),
        expires: words::moment(invitation.expires_at),
    }
}
