//! Authenticator apps: for every login, a patient's or staff's.

pub(crate) mod confirm;
pub(crate) mod enrol;
mod qr;
pub(crate) mod reset;
pub(crate) mod status;
pub(crate) mod verify;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    code::Code,
    service::totp::{Given, Login},
    store::UnitOfWork,
    totp::TotpCode,
};

use crate::{
    extract::PersonCaller,
    problem::{Problem, ProblemType},
};

fn login(caller: &PersonCaller) -> Login<'_> {
    Login {
        account: caller.login.account,
        staff_at: &caller.staff_at,
        logged_in_at: caller.login.authentication.time,
    }
}

fn totp_code(typed: &str) -> Result<TotpCode, Problem> {
    TotpCode::parse(typed)
        .map_err(|error| Problem::new(ProblemType::InvalidMember).at("/code", error.to_string()))
}

/// What was given, of which there may be one at most. What cannot be a code is not counted as a try.
pub(crate) fn given(code: Option<&str>, recovery_code: Option<&str>) -> Result<Option<Given>, Problem> {
    match (code, recovery_code) {
        (None, None) => Ok(None),
        (Some(code), None) => Ok(Some(Given::Code(totp_code(code)?))),
        (None, Some(code)) => match Code::parse(code) {
            Ok(code) => Ok(Some(Given::Recovery(code))),
            Err(error) => {
                Err(Problem::new(ProblemType::CodeMistyped).at("/recovery_code", error.to_string()))
            }
        },
        (Some(_), Some(_)) => {
            Err(Problem::new(ProblemType::InvalidMember).at("", "either `code` or `recovery_code`"))
        }
    }
}

/// Until when a code given at `at` counts at every organization that takes this token: the shortest of their
/// policies, and the token's own end.
async fn counts_until(
    unit: &mut dyn UnitOfWork,
    caller: &PersonCaller,
    at: DateTime<Utc>,
) -> Result<DateTime<Utc>, Problem> {
    let mut until = caller.bearer.expires_at;
    for trust in &caller.bearer.trusted {
        if let Some(organization) = unit.organization(trust.organization).await? {
            until = until.min(at + organization.policy.step_up.lasting());
        }
    }
    Ok(until)
}
