use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    web::{self, Data},
};
use kinlink_domain::{actor::StaffAct, comparison::Band, service::match_patient::match_patient};
use kinlink_fhir::{MatchEntry, MatchGrade, match_bundle, parse_match};

use super::{FHIR_JSON, FhirRefusal, FhirRefusals, asked::organization_named, is_fhir_json};
use crate::{
    extract::{self, NamedOrganization, StaffCaller, read_body},
    problem::{Problem, ProblemType},
    state::State,
};

/// Seek a person among an organization's records (FHIR R4, `Patient/$match`). Staff with the role `registrar`,
/// `reviewer` or `admin`; patients' logins and authorization servers may not, since the answer tells who is a
/// patient (HL7 FAST identity matching, "consumer match").
#[utoipa::path(post, path = "/fhir/{organization}/Patient/$match", tag = "fhir", security(("staff" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name")),
    request_body(content = Object, content_type = "application/fhir+json",
        description = "Parameters: `resource` (a Patient), `onlyCertainMatches`, `count`",
        example = json!({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {
            "resourceType": "Patient", "birthDate": "1984-02-29", "name": [{"family": "Doe", "given": ["Jo"]}]}}]})),
    responses(
        (status = 200, description = "A searchset Bundle, best first, each entry with `search.score` and the extension `match-grade`", body = Object, content_type = "application/fhir+json"),
        FhirRefusals,
    ))]
pub(crate) async fn patient_match(
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, FhirRefusal> {
    let state = Data::<State>::extract(&request).await.map_err(|_| Problem::new(ProblemType::Internal))?;
    let staff = StaffCaller::from_request(&request, &mut Payload::None).await?;
    if !is_fhir_json(&request) {
        return Err(Problem::new(ProblemType::UnsupportedMediaType).into());
    }
    let body = read_body(&mut payload.into_inner(), state.settings.body_limit).await?;
    let asked = parse_match(&body)
        .map_err(|error| Problem::new(ProblemType::MalformedBody).detail(error.to_string()))?;
    let named = NamedOrganization::from(organization_named(&request)?);
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::MatchPatients).await?;
    let matcher = &*state.settings.matcher;
    let found = match_patient(&mut *unit, &state.ports, matcher, &organization, by, &asked.person).await?;
    unit.save().await?;
    let band = found.ranking.band;
    let entries = found.records.iter().zip(&found.ranking.candidates).map(|(record, candidate)| {
        let score = candidate.comparison.probability();
        MatchEntry { record, score, grade: MatchGrade::of(score, band, found.thresholds) }
    });
    let entries: Vec<_> = entries
        .filter(|entry| !asked.only_certain || (band == Band::Certain && entry.grade == MatchGrade::Certain))
        .take(asked.count.unwrap_or(usize::MAX))
        .collect();
    let id = extract::random_id(&state);
    let bundle = match_bundle(&id, &organization.fhir_base, &entries);
    Ok(HttpResponse::Ok().content_type(FHIR_JSON).body(bundle.to_string()))
}
