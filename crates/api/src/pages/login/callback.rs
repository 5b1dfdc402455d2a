use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_auth::{AuthorizationAnswer, LoginError, PendingLogin};

use super::{failed, local_path};
use crate::{
    pages::{cookie::Jar, form::Filters, frame::see_other, refusal::Refusal, session::Session},
    problem::{Problem, ProblemType},
    state::State,
};

/// `/login/callback`: back from the provider.
pub(in crate::pages) async fn finish(
    request: HttpRequest,
    state: Data<State>,
    Filters(answer): Filters<AuthorizationAnswer>,
) -> Result<HttpResponse, Refusal> {
    // Without the cookie, this browser began no login: somebody may want to log it in as themselves.
    let Some(pending) = Jar::Login.open::<PendingLogin>(&request, &state) else {
        return failed(LoginError::NotBegunHere);
    };
    let login = match state.logins.finish(&pending, &answer).await {
        Ok(login) => login,
        Err(error) => return failed(error),
    };
    let cookie = Session::begin(login, &state).cookie(&state).ok_or_else(|| {
        tracing::error!("a login has more roles than a cookie can hold");
        Problem::new(ProblemType::Internal)
    })?;
    let mut response = see_other(local_path(&pending.return_to).unwrap_or("/login"));
    for cookie in [cookie, Jar::Login.empty(&state)] {
        response.add_cookie(&cookie).map_err(|_| Problem::new(ProblemType::Internal))?;
    }
    Ok(response)
}
