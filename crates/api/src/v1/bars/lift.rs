use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{actor::StaffAct, id::BarId, service::bar::lift as lift_bar};

use super::BarView;
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Lift a bar. What it ended stays ended. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/bars/{id}/lift", tag = "bars", security(("staff" = [])),
    params(("id" = String, Path, description = "The bar")),
    responses(
        (status = 200, description = "Lifted", body = BarView),
        Refusals,
    ))]
pub(crate) async fn lift(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id: BarId = path_id(&request)?;
    let allowed = staff.wherever(StaffAct::ManageProxies)?;
    let mut unit = state.store.begin().await?;
    let mut of_caller = None;
    for by in allowed {
        if unit.bar_for_update(by.organization(), id).await?.is_some() {
            of_caller = Some(by);
        }
    }
    let by = of_caller.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let lifted = lift_bar(&mut *unit, &state.ports, by, id).await?;
    let record = unit.patient_by_id(lifted.organization, lifted.patient).await?;
    let record = record.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let view = BarView::new(&lifted, &record.record.fhir_id, state.ports.clock.now());
    unit.save().await?;
    Ok(HttpResponse::Ok().json(view))
}
