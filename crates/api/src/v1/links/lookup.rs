//! The hot path: every token at every connected authorization server passes here.

use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_auth::AuthenticatedClient;
use kinlink_domain::{
    account::AccountKey,
    fhir_user::UrlForm,
    patient::FhirId,
    permission::Permissions,
    proofing::Ial,
    relationship::Relationship,
    service::lookup::{LookupFilter, live},
    store::AnswerableLink,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::super::view::{AssuranceView, PeriodView};
use crate::{
    extract::{self, ClientCaller, JsonBody, Parameters},
    problem::{Problem, ProblemType},
    state::State,
};

/// Which account, and which of its links.
#[derive(Deserialize, Validate, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"iss": "https://login.example", "sub": "248289761001"}))]
pub(crate) struct LookupBody {
    /// The identity provider that the account logs in at, exactly as in the token's `iss`.
    iss: String,
    /// The account at it. For Entra, its `oid`.
    sub: String,
    /// Only links of this organization, by id or short name.
    organization: Option<String>,
    /// Only links at least this well proven: `IAL1` or `IAL2`.
    #[schema(value_type = Option<String>, example = "IAL2")]
    #[param(value_type = Option<String>)]
    minimum_assurance: Option<Ial>,
    /// Only links to the record with this FHIR id: "may this account open it?"
    patient: Option<String>,
}

/// What is live now.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupAnswer<'a> {
    /// The links; empty if the account opens nothing, or is not known.
    links: Vec<LiveLink<'a>>,
    /// The moment that this was decided for.
    as_of: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct LiveLink<'a> {
    #[schema(value_type = String, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: kinlink_domain::id::LinkId,
    /// Counts the link's changes.
    version: u32,
    organization: OrganizationName<'a>,
    /// `self` or `proxy`.
    #[schema(example = "self")]
    role: &'static str,
    /// HL7 v3-RoleCode of a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<&'a str>,
    /// The FHIR id, for the launch context `patient`.
    #[schema(example = "n-002")]
    patient: &'a str,
    /// The absolute URL of who the user is, for the claim `fhirUser`: a `Patient`, or for a proxy a `RelatedPerson`.
    #[serde(rename = "fhirUser")]
    #[schema(example = "https://fhir.northside.example/Patient/n-002")]
    fhir_user: String,
    /// SMART v2 scopes that the link can give now.
    #[schema(example = "patient/*.cruds")]
    permissions: String,
    period: PeriodView,
    assurance: AssuranceView,
}

#[derive(Serialize, ToSchema)]
struct OrganizationName<'a> {
    #[schema(value_type = String, example = "org_0197f2f31c2a7d0c8e6f2b7f5a1d9c00")]
    id: kinlink_domain::id::OrganizationId,
    #[schema(example = "northside")]
    slug: &'a str,
}

impl<'a> LiveLink<'a> {
    fn new(
        answerable: &'a AnswerableLink,
        gives: &Permissions,
        public_url: &str,
        now: DateTime<Utc>,
    ) -> Self {
        let link = &answerable.link;
        Self {
            id: link.id,
            version: link.version,
            organization: OrganizationName { id: link.organization, slug: answerable.slug.as_str() },
            role: link.role.as_str(),
            relationship: link.role.relationship().map(Relationship::code),
            patient: link.fhir_id.as_str(),
            fhir_user: answerable.fhir_user(UrlForm::Absolute, public_url),
            permissions: gives.to_string(),
            period: PeriodView { start: link.period.start, end: link.period.end },
            assurance: AssuranceView::new(&link.assurance, now),
        }
    }
}

/// Which records may this account open, now? A registered client, about its organizations.
#[utoipa::path(post, path = "/v1/links/lookup", tag = "lookup", security(("client" = [])),
    request_body = LookupBody,
    responses(
        (status = 200, description = "The live links; none is an answer too", body = LookupAnswer<'static>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: never to be taken for a yes", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<LookupBody>,
) -> Result<HttpResponse, Problem> {
    answer(&state, &client.0, body.value, ProblemType::InvalidMember).await
}

/// The same with query parameters, for the curious: addresses end in logs, so do not use it in earnest.
#[utoipa::path(get, path = "/v1/links/lookup", tag = "lookup", security(("client" = [])), params(LookupBody),
    responses(
        (status = 200, description = "The live links", body = LookupAnswer<'static>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get(
    state: Data<State>,
    client: ClientCaller,
    parameters: Parameters<LookupBody>,
) -> Result<HttpResponse, Problem> {
    answer(&state, &client.0, parameters.0, ProblemType::MalformedParameter).await
}

async fn answer(
    state: &State,
    client: &AuthenticatedClient,
    asked: LookupBody,
    kind: ProblemType,
) -> Result<HttpResponse, Problem> {
    let account = AccountKey::derive(&asked.iss, &asked.sub);
    let filter = filter(asked, kind)?;
    let now = state.ports.clock.now();
    let known = state.links.of(account).await?;
    let links: Vec<_> = live(&known, &client.organizations, &filter, now)
        .map(|(link, gives)| LiveLink::new(link, &gives, &state.settings.public_url, now))
        .collect();
    state.lookups.count_each(links.iter().map(|link| link.organization.id), client.id, account);
    Ok(HttpResponse::Ok().json(LookupAnswer { links, as_of: now }))
}

fn filter(asked: LookupBody, kind: ProblemType) -> Result<LookupFilter, Problem> {
    let organization = asked.organization.as_deref();
    let organization =
        organization.map(|text| extract::organization_reference(kind, "organization", text)).transpose()?;
    let patient = asked.patient.map(FhirId::parse).transpose();
    let patient = patient.map_err(|error| Problem::new(kind).at("patient", error.to_string()))?;
    Ok(LookupFilter { organization, minimum_assurance: asked.minimum_assurance, patient })
}
