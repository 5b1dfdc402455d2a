use kinlink_domain::{
    id::{AccountId, OrganizationId},
    step_up::{Authentication, StepUpPolicy, SteppedAct, TokenHash},
    store::UnitOfWork,
};

use crate::{
    problem::{Problem, ProblemType},
    state::State,
};

/// A person's login and the token it came with: what step-up is decided by.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) account: AccountId,
    pub(crate) token: TokenHash,
    pub(crate) authentication: Authentication,
}

impl Login {
    /// Checks that this login may do `act` under an organization's policy. Called after the check of rights,
    /// so that nobody is asked for more proof of who they are to hear that they may not.
    pub(crate) async fn stepped_up(
        &self,
        unit: &mut dyn UnitOfWork,
        state: &State,
        policy: &StepUpPolicy,
        act: SteppedAct,
    ) -> Result<(), Problem> {
        if !policy.acts.contains(&act) {
            return Ok(());
        }
        let code_at = unit.step_up(self.account, self.token).await?;
        let decision = policy.decide(act, &self.authentication, code_at, state.ports.clock.now());
        let Err(needed) = decision else { return Ok(()) };
        let authenticator = unit.authenticator(self.account).await?;
        Err(Problem::step_up(&needed, authenticator.is_some_and(|it| it.active().is_some())))
    }

    /// [`Login::stepped_up`] under the policy of this organization.
    pub(crate) async fn stepped_up_at(
        &self,
        unit: &mut dyn UnitOfWork,
        state: &State,
        organization: OrganizationId,
        act: SteppedAct,
    ) -> Result<(), Problem> {
        let organization = unit.organization(organization).await?;
        let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotYourOrganization))?;
        self.stepped_up(unit, state, &organization.policy.step_up, act).await
    }
}
