//! What an authorization server is told of one record, whichever way it asks.

use kinlink_domain::{connection::Member, id::LinkId, service::token_context::TokenContext};
use kinlink_fhir::ACTS_AS;
use serde::Serialize;
use utoipa::ToSchema;

/// What stands beside the tokens in a token response (SMART App Launch 2.2, "Launch context arrives with your access
/// token"), of what the app asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaunchContext {
    /// The patient's FHIR id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "n-002")]
    patient: Option<String>,
    /// Whether the app must show whose record it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    need_patient_banner: Option<bool>,
    /// For a proxy, as whom they act for the patient.
    #[serde(rename = "fhirContext", skip_serializing_if = "Vec::is_empty")]
    fhir_context: Vec<ContextItem>,
}

/// Not by `reference`: that is one to the FHIR server that the app works with, and the `RelatedPerson` is not there.
/// And with a role: without one, the app would be launched in the context of that resource, which nobody asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "identifier": {"system": "urn:ietf:rfc:3986",
        "value": "https://kinlink.example/fhir/northside/RelatedPerson/0197f2f3-1c2a-7d0c-8e6f-2b7f5a1d9c22"},
    "type": "RelatedPerson",
    "role": "https://kinlink.dev/fhir/role/acts-as",
}))]
struct ContextItem {
    identifier: Identifier,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
}

/// A FHIR Identifier that is a URI.
#[derive(Debug, Serialize, ToSchema)]
struct Identifier {
    system: &'static str,
    value: String,
}

/// The context of one record, with what goes into tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordAnswer {
    #[serde(flatten)]
    launch: LaunchContext,
    /// Who the user is: a `Patient`, or for a proxy a `RelatedPerson`. Absent if the app does not ask for it.
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://fhir.northside.example/Patient/n-002")]
    fhir_user: Option<String>,
    /// The scopes that are granted, of those asked for.
    #[schema(example = "openid fhirUser launch/patient patient/*.rs")]
    scope: String,
    /// The link.
    #[schema(value_type = String, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: LinkId,
}

impl LaunchContext {
    pub(crate) fn new(context: &TokenContext<'_>) -> Self {
        let patient = context.tells(Member::Patient);
        let acts_as = context.related_person.iter().filter(|_| patient).map(|url| ContextItem {
            identifier: Identifier { system: "urn:ietf:rfc:3986", value: url.clone() },
            kind: "RelatedPerson",
            role: ACTS_AS,
        });
        Self {
            patient: patient.then(|| context.answerable.link.fhir_id.to_string()),
            need_patient_banner: context
                .tells(Member::NeedPatientBanner)
                .then_some(context.need_patient_banner),
            fhir_context: acts_as.collect(),
        }
    }
}

impl RecordAnswer {
    pub(super) fn new(context: &TokenContext<'_>) -> Self {
        Self {
            launch: LaunchContext::new(context),
            fhir_user: context.tells(Member::FhirUser).then(|| context.fhir_user.clone()),
            scope: context.granted.scope(),
            link: context.answerable.link.id,
        }
    }
}
