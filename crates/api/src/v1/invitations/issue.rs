use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::StaffAct,
    demographics::Identifier,
    evidence::{Document, Fact, Paper},
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::issue_invitation::{IssueInvitation, PatientReference, issue as issue_invitation},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{EmailBody, IssuedAnswer, email_target};
use crate::{
    extract::{JsonBody, NamedOrganization, StaffCaller},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Documents of one person that staff may name at once.
pub(crate) const MOST_PROOFS: usize = 5;

/// What staff ask for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "patient": {"id": "n-002"},
    "channel": "in_person",
    "challenge": "birth_date",
    "proof": [{"type": "document_seen", "document": "passport", "reference": "desk 3"}]
}))]
pub(crate) struct IssueBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    #[validate(nested)]
    patient: PatientBody,
    /// What the link will be: `self`, or `proxy` for a person who will act for the patient.
    #[serde(default)]
    role: RoleBody,
    /// For the role `proxy`, and needed then: what the person is to the patient, and what they get.
    #[validate(nested)]
    proxy: Option<ProxyBody>,
    /// The way the code takes: `in_person`, `post`, `phone` or `email`.
    #[schema(value_type = String, example = "in_person")]
    channel: Channel,
    /// Where an emailed code goes.
    #[validate(nested)]
    email: Option<EmailBody>,
    /// Kinlink sends the letter or the text message to the address or the mobile number on record, rather than
    /// staff; only for `post` and `phone`, and where such a service is configured. Emails it always sends.
    #[serde(default)]
    send: bool,
    /// What must be given beside the code.
    #[schema(value_type = Option<String>, example = "birth_date")]
    challenge: Option<Challenge>,
    /// Documents that staff compared the person with.
    #[serde(default)]
    #[validate(nested)]
    proof: Vec<ProofBody>,
}

/// A patient record: by its FHIR id, or by an identifier such as the MRN. Exactly one of both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientBody {
    #[schema(example = "n-002")]
    id: Option<String>,
    #[validate(nested)]
    identifier: Option<IdentifierBody>,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdentifierBody {
    #[validate(length(min = 1, max = 400, message = "1 to 400 characters"))]
    #[schema(example = "http://hospital.smarthealthit.org")]
    system: String,
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    value: String,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RoleBody {
    #[default]
    #[serde(rename = "self")]
    SelfRole,
    Proxy,
}

/// What somebody is to the patient, and what they get.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "relationship": "MTH",
    "basis": "parental_responsibility",
    "profile": "everything",
    "papers": [{"paper": "birth_certificate", "reference": "desk 3"}]
}))]
struct ProxyBody {
    /// HL7 v3-RoleCode, such as `MTH`, `FTH`, `GUARD`, `HPOWATT` or `EXCEST`.
    #[schema(value_type = String, example = "MTH")]
    relationship: Relationship,
    /// `parental_responsibility`, `guardianship`, `power_of_attorney`, `executor` or `patient_grant`.
    #[schema(value_type = String, example = "parental_responsibility")]
    basis: ProxyBasis,
    /// The name of one of the organization's profiles.
    #[schema(example = "everything")]
    profile: String,
    /// Until when, if before the papers run out.
    until: Option<DateTime<Utc>>,
    /// Papers that were seen. At least one, but for `patient_grant`, where a document will do.
    #[serde(default)]
    #[validate(nested)]
    papers: Vec<PaperBody>,
}

/// A paper that shows what somebody is to the patient, or that they may act.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaperBody {
    /// `birth_certificate`, `adoption`, `court_order`, `power_of_attorney`, `letters_testamentary` or
    /// `other_paper`.
    #[schema(value_type = String, example = "birth_certificate")]
    paper: Paper,
    /// Your own reference to it.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: Option<String>,
    /// When it runs out, and with it what is given for it.
    valid_until: Option<DateTime<Utc>>,
}

impl From<PaperBody> for Fact {
    fn from(paper: PaperBody) -> Self {
        Self::RelationshipSeen {
            paper: paper.paper,
            reference: paper.reference,
            valid_until: paper.valid_until,
        }
    }
}

/// A document that staff compared the person with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofBody {
    /// `document_seen`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "document_seen")]
    _kind: DocumentSeen,
    /// `passport`, `driving_licence`, `identity_card`, `residence_permit`, `insurance_card_with_photo` or
    /// `other_photo_id`.
    #[schema(value_type = String, example = "passport")]
    document: Document,
    /// Your own reference to it; never its number.
    #[validate(length(min = 1, max = 100, message = "1 to 100 characters"))]
    reference: Option<String>,
}

impl From<ProofBody> for Fact {
    fn from(proof: ProofBody) -> Self {
        Self::DocumentSeen { document: proof.document, reference: proof.reference }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DocumentSeen {
    DocumentSeen,
}

/// Issue an invitation. Staff with the role `registrar` or `admin`.
#[utoipa::path(post, path = "/v1/invitations", tag = "invitations", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = IssueBody,
    responses(
        (status = 201, description = "Issued", body = IssuedAnswer),
        Refusals,
    ))]
pub(crate) async fn issue(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<IssueBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let named = NamedOrganization::in_body(value.organization.as_deref())?;
    let patient = patient(value.patient)?;
    let papers = value.proxy.as_ref().map_or(0, |proxy| proxy.papers.len());
    if value.proof.len() + papers > MOST_PROOFS {
        return Err(Problem::new(ProblemType::InvalidMember).at("/proof", format!("at most {MOST_PROOFS}")));
    }
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageInvitations).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    check_step_up(&state, &mut *unit, &staff, &organization, !value.proof.is_empty()).await?;
    let proxy = proxy(value.role, value.proxy)?;
    if proxy.role != LinkRole::SelfRole {
        staff.login.stepped_up(&mut *unit, &state, &organization.policy.step_up, SteppedAct::Grant).await?;
    }
    let wanted = IssueInvitation {
        patient,
        role: proxy.role,
        profile: proxy.profile,
        until: proxy.until,
        channel: value.channel,
        email: email_target(value.email),
        send: value.send,
        challenge: value.challenge,
        proof: value.proof.into_iter().map(Into::into).chain(proxy.papers).collect(),
    };
    let issued = issue_invitation(&mut *unit, &state.ports, &organization, by, wanted).await?;
    let answer = IssuedAnswer::new(&issued, &state)?;
    let mut response = once.save_answer(unit, StatusCode::CREATED, &answer).await?;
    count_issued(value.channel);
    if let Ok(location) = format!("/v1/invitations/{}", issued.invitation.id).parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Saying that one saw a document raises what the link is worth, so it may want more proof of who says so.
pub(crate) async fn check_step_up(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    organization: &Organization,
    with_proof: bool,
) -> Result<(), Problem> {
    if !with_proof {
        return Ok(());
    }
    let policy = &organization.policy.step_up;
    staff.login.stepped_up(unit, state, policy, SteppedAct::InvitationIssue).await
}

/// Counts it, for operators.
pub(crate) fn count_issued(channel: Channel) {
    metrics::counter!("kinlink_invitations_issued_total", "channel" => channel.as_str()).increment(1);
}

/// What the body says of a proxy; nothing for a patient.
struct Wanted {
    role: LinkRole,
    profile: Option<String>,
    until: Option<DateTime<Utc>>,
    papers: Vec<Fact>,
}

fn proxy(role: RoleBody, body: Option<ProxyBody>) -> Result<Wanted, Problem> {
    match (role, body) {
        (RoleBody::SelfRole, None) => {
            Ok(Wanted { role: LinkRole::SelfRole, profile: None, until: None, papers: Vec::new() })
        }
        (RoleBody::Proxy, Some(body)) => Ok(Wanted {
            role: LinkRole::Proxy { relationship: body.relationship, basis: body.basis },
            profile: Some(body.profile),
            until: body.until,
            papers: body.papers.into_iter().map(Into::into).collect(),
        }),
        (RoleBody::SelfRole, Some(_)) | (RoleBody::Proxy, None) => {
            Err(Problem::new(ProblemType::InvalidMember)
                .at("/proxy", "needed for the role `proxy`, and for no other"))
        }
    }
}

/// The record that a body names.
pub(crate) fn patient(body: PatientBody) -> Result<PatientReference, Problem> {
    let invalid = |at, message: &str| Problem::new(ProblemType::InvalidMember).at(at, message);
    match (body.id, body.identifier) {
        (Some(id), None) => FhirId::parse(id)
            .map(PatientReference::FhirId)
            .map_err(|e| invalid("/patient/id", &e.to_string())),
        (None, Some(identifier)) => Ok(PatientReference::Identifier(Identifier {
            system: identifier.system,
            value: identifier.value,
            kind: None,
        })),
        _ => Err(invalid("/patient", "either `id` or `identifier`")),
    }
}
