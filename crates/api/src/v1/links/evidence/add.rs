use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    evidence::Document,
    service::add_evidence::{AddEvidence, add as add_evidence},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{EvidenceAnswer, authorized};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

/// What staff saw.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "document_seen", "document": "passport", "reference": "desk 3"}))]
pub(crate) struct AddEvidenceBody {
    /// `document_seen`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "document_seen")]
    _kind: DocumentSeen,
    /// `passport`, `driving_licence`, `identity_card`, `residence_permit`, `insurance_card_with_photo` or
    /// `other_photo_id`.
    #[schema(value_type = String, example = "passport")]
    document: Document,
    /// Your own reference to it; never its number, never a scan.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: Option<String>,
    /// Until when it counts; without an end unless said.
    valid_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DocumentSeen {
    DocumentSeen,
}

/// Add evidence to a link: staff of its organization (`registrar`, `reviewer`, `admin`) compared the person with
/// a document. Nobody adds to a link of their own.
#[utoipa::path(post, path = "/v1/links/{id}/evidence", tag = "links", security(("staff" = [])),
    params(("id" = String, Path, description = "The link"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = AddEvidenceBody,
    responses(
        (status = 201, description = "Added; lookups see what the link is worth now", body = EvidenceAnswer),
        Refusals,
    ))]
pub(crate) async fn add(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<AddEvidenceBody>,
) -> Result<HttpResponse, Problem> {
    let link = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let by = authorized(&mut *unit, &staff, link).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let wanted = AddEvidence {
        link,
        document: value.document,
        reference: value.reference,
        valid_until: value.valid_until,
    };
    let (link, evidence) = add_evidence(&mut *unit, &state.ports, by, wanted).await?;
    let answer = EvidenceAnswer::load(&mut *unit, &link, evidence, state.ports.clock.now()).await?;
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}
