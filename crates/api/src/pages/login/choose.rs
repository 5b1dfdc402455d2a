use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::local_path;
use crate::{
    pages::{
        form::Filters,
        frame::{Frame, see_other, show_to_nobody},
        visitor::Anybody,
    },
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Choice {
    return_to: Option<String>,
    /// Just logged out.
    #[serde(default)]
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame,
    providers: Vec<Provider<'a>>,
}

struct Provider<'a> {
    label: &'a str,
    start: String,
}

/// `/login`: where can I log in?
pub(in crate::pages) async fn show(
    state: Data<State>,
    Anybody(visitor): Anybody,
    Filters(choice): Filters<Choice>,
) -> HttpResponse {
    let return_to = choice.return_to.as_deref().and_then(local_path);
    if let Some(visitor) = visitor {
        let home = if visitor.is_staff() { "/staff" } else { "/me" };
        return see_other(return_to.unwrap_or(home));
    }
    let start = |index: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("provider", &index.to_string());
        if let Some(path) = return_to {
            query.append_pair("return_to", path);
        }
        format!("/login/start?{}", query.finish())
    };
    let providers = state.logins.providers().iter().enumerate();
    let providers = providers.map(|(index, it)| Provider { label: &it.label, start: start(index) }).collect();
    let said = choice.out.map(|_| "You are logged out here. On a shared computer, close the browser too.");
    show_to_nobody(StatusCode::OK, &LoginPage { frame: Frame::for_nobody().saying(said), providers })
}
