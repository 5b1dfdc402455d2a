//! What an authorization server is told of one record, whichever way it asks.

use kinlink_domain::{id::LinkId, service::token_context::TokenContext};
use serde::Serialize;
use utoipa::ToSchema;

/// What stands beside the tokens in a token response (SMART App Launch 2.2, "Launch context arrives with your access
/// token").
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaunchContext {
    /// The patient's FHIR id.
    #[schema(example = "n-002")]
    patient: String,
    /// Whether the app must show whose record it is.
    need_patient_banner: bool,
    /// For a proxy, in which relation to the patient they act.
    #[serde(rename = "fhirContext", skip_serializing_if = "Vec::is_empty")]
    fhir_context: Vec<ContextReference>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ContextReference {
    reference: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The context of one record, with what goes into tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordAnswer {
    #[serde(flatten)]
    launch: LaunchContext,
    /// Who the user is: a `Patient`, or for a proxy a `RelatedPerson`.
    #[serde(rename = "fhirUser")]
    #[schema(example = "https://fhir.northside.example/Patient/n-002")]
    fhir_user: String,
    /// The scopes that are granted, of those asked for.
    #[schema(example = "openid fhirUser launch/patient patient/*.rs")]
    scope: String,
    /// The link.
    #[schema(value_type = String, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: LinkId,
}

impl LaunchContext {
    pub(crate) fn new(context: &TokenContext<'_>) -> Self {
        let link = &context.answerable.link;
        let related = link.role.relationship().is_some();
        let reference = || ContextReference { reference: context.fhir_user.clone(), kind: "RelatedPerson" };
        Self {
            patient: link.fhir_id.to_string(),
            need_patient_banner: context.need_patient_banner,
            fhir_context: related.then(reference).into_iter().collect(),
        }
    }
}

impl RecordAnswer {
    pub(super) fn new(context: &TokenContext<'_>) -> Self {
        Self {
            launch: LaunchContext::new(context),
            fhir_user: context.fhir_user.clone(),
            scope: context.granted.scope(),
            link: context.answerable.link.id,
        }
    }
}
