use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::AccountKey,
    id::OrganizationId,
    service::totp::enrol::{Enrolled, enrol as enrol_authenticator},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{given, login, qr};
use crate::{
    extract::{JsonBody, PersonCaller},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct EnrolBody {
    /// A code of the present authenticator, if there is one.
    #[validate(length(max = 20, message = "at most 20 characters"))]
    code: Option<String>,
    /// Or one of its recovery codes.
    #[validate(length(max = 200, message = "at most 200 characters"))]
    recovery_code: Option<String>,
}

/// A new secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolAnswer {
    /// The secret in base 32, to be typed where no picture can be taken.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub(crate) secret: String,
    /// What the QR code holds.
    otpauth_uri: String,
    /// The QR code as an SVG document.
    pub(crate) qr_svg: String,
    /// The QR code as a PNG in base 64.
    qr_png: String,
    /// Until when a first code must be given to `/v1/totp/confirm`.
    pub(crate) expires_at: DateTime<Utc>,
}

/// Enrol an authenticator app, for any login. It counts once its first code was given to
/// `/v1/totp/confirm`; until then, one that counts already goes on counting. To replace one, give a code of
/// it or a recovery code. The app gets a secret of 20 bytes, steps of 30 seconds, 6 digits, and SHA-1, which
/// all apps take.
#[utoipa::path(post, path = "/v1/totp/enrol", tag = "authenticator", security(("account" = []), ("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = EnrolBody,
    responses(
        (status = 201, description = "Shown this once", body = EnrolAnswer),
        Refusals,
    ))]
pub(crate) async fn enrol(
    request: HttpRequest,
    state: Data<State>,
    caller: PersonCaller,
    body: JsonBody<EnrolBody>,
) -> Result<HttpResponse, Problem> {
    let given = given(body.value.code.as_deref(), body.value.recovery_code.as_deref())?;
    let once = Once::new(&request, &state, caller.login.account, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let now = state.ports.clock.now();
    unit.ensure_account(&caller.bearer.key, now).await?;
    match enrol_authenticator(&mut *unit, &state.ports, login(&caller), given.as_ref()).await? {
        Ok(enrolled) => {
            let at: Vec<_> = caller.bearer.trusted.iter().map(|trust| trust.organization).collect();
            let name = shown_login(&caller.bearer.key, caller.bearer.login_name());
            let answer = shown(&mut *unit, &at, &name, &enrolled).await?;
            once.save_answer(unit, StatusCode::CREATED, &answer).await
        }
        Err(refusal) => {
            once.save_refusal(unit).await?;
            Err(Problem::from_totp(refusal, now))
        }
    }
}

/// What is shown of a new secret to a login that these organizations trust.
pub(crate) async fn shown(
    unit: &mut dyn UnitOfWork,
    trusted_by: &[OrganizationId],
    login: &str,
    enrolled: &Enrolled,
) -> Result<EnrolAnswer, Problem> {
    let issuer = shown_issuer(unit, trusted_by).await?;
    let uri = enrolled.secret.otpauth_uri(&issuer, login);
    let pictures = qr::draw(&uri)?;
    Ok(EnrolAnswer {
        secret: enrolled.secret.base32().to_string(),
        otpauth_uri: uri.to_string(),
        qr_svg: pictures.svg,
        qr_png: pictures.png,
        expires_at: enrolled.expires_at,
    })
}

/// What the app shows above its codes: the organization, if the login is of one only.
async fn shown_issuer(unit: &mut dyn UnitOfWork, trusted_by: &[OrganizationId]) -> Result<String, Problem> {
    let organization = match trusted_by {
        [only] => unit.organization(*only).await?,
        _ => None,
    };
    Ok(organization.map_or_else(|| "Kinlink".to_owned(), |organization| organization.name))
}

/// And under it: the login as its owner calls it, or else the identity provider with the end of the account's
/// id, which tells two logins apart.
pub(crate) fn shown_login(key: &AccountKey, named: Option<&str>) -> String {
    let named = named.map(str::trim).filter(|name| (1..=100).contains(&name.len()));
    named.map_or_else(
        || {
            let account = key.id().to_string();
            let host = key.iss.as_str().split('/').nth(2).unwrap_or_default();
            format!("{host} {}", account.get(account.len() - 4..).unwrap_or_default())
        },
        ToOwned::to_owned,
    )
}
