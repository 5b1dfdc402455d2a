//! Servers whose users carry attributes: how they stand, and comparing all of their accounts. They are set up
//! at the command line only, since that takes their secret.

pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod reconcile;
mod view;

use kinlink_domain::{
    actor::{Authorized, StaffAct},
    id::ProvisioningTargetId,
    provisioning::{ProvisioningTarget, RunKind},
    store::UnitOfWork,
};

use self::view::TargetView;
use crate::{
    extract::StaffCaller,
    problem::{Problem, ProblemType},
};

/// Finds a target at one of the organizations whose targets the caller manages. One at another organization is
/// not found, as if it did not exist.
async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: ProvisioningTargetId,
) -> Result<(Authorized, ProvisioningTarget), Problem> {
    for by in staff.wherever(StaffAct::ManageProvisioning)? {
        if let Some(target) = unit.provisioning_target(by.organization(), id).await? {
            return Ok((by, target));
        }
    }
    Err(Problem::new(ProblemType::NotFound))
}

/// A target with how its accounts and its reconcile stand.
async fn seen(unit: &mut dyn UnitOfWork, target: &ProvisioningTarget) -> Result<TargetView, Problem> {
    let accounts = unit.provisioning_counts(target.organization, target.id).await?;
    let run = unit.provisioning_run(target.organization, target.id, RunKind::Reconcile).await?;
    Ok(TargetView::new(target, accounts, run.as_ref()))
}
