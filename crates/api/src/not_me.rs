//! The page behind "this was not me" in a notice: what it says, one button, and what came of it.
//!
//! Opening it changes nothing: scanners of mail and previews in messengers follow every link, so only the
//! button, a POST, stops the access. It asks for no login, since whoever writes from a contact on record may
//! have none, and it says nothing of the record but the hospital's name. It works without a script.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, ContentType},
    },
    web::Data,
};
use askama::Template;
use kinlink_domain::service::dispute::{self, Disputable, Standing, TokenRefusal};

use crate::{
    extract,
    problem::{Problem, ProblemType},
    state::State,
};

const STYLE: &str = include_str!("not_me/style.css");
/// As everywhere, but that the page's own form may be sent.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the page says.
#[derive(Template)]
#[template(path = "not_me.html")]
struct Page<'a> {
    content: Content<'a>,
}

enum Content<'a> {
    Ask { organization: &'a str },
    Stopped { organization: &'a str },
    Reviewed { organization: &'a str },
    Ended { organization: &'a str },
    Expired,
    Unknown,
    TooMany,
}

impl Content<'_> {
    const fn title(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "Was this not you?",
            Self::Stopped { .. } => "The access is stopped",
            Self::Reviewed { .. } => "This was looked into before",
            Self::Ended { .. } => "The access was ended before",
            Self::Expired => "This link has expired",
            Self::Unknown => "This link does not work",
            Self::TooMany => "Too many tries",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Ask { .. } | Self::Stopped { .. } | Self::Reviewed { .. } | Self::Ended { .. } => {
                StatusCode::OK
            }
            Self::Expired => StatusCode::GONE,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

/// Shows the button, or that there is nothing left to press.
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let found = dispute::look(&mut *unit, &state.ports, token(&request), &address).await;
    unit.save().await?;
    answer(found)
}

/// The button was pressed.
pub(crate) async fn press(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let found = dispute::open(&mut *unit, &state.ports, token(&request), &address).await;
    unit.save().await?;
    answer(found)
}

fn token(request: &HttpRequest) -> &str {
    request.match_info().get("token").unwrap_or_default()
}

fn answer(found: Result<Disputable, TokenRefusal>) -> Result<HttpResponse, Problem> {
    match found {
        Ok(Disputable { organization, standing, .. }) => {
            let organization = organization.name.as_str();
            page(match standing {
                Standing::Open => Content::Ask { organization },
                Standing::InReview => Content::Stopped { organization },
                Standing::Reviewed => Content::Reviewed { organization },
                Standing::Ended => Content::Ended { organization },
            })
        }
        Err(TokenRefusal::Expired) => page(Content::Expired),
        Err(TokenRefusal::NotAccepted) => page(Content::Unknown),
        Err(TokenRefusal::TooManyAttempts { .. }) => page(Content::TooMany),
        Err(TokenRefusal::Store(error)) => Err(error.into()),
    }
}

fn page(content: Content<'_>) -> Result<HttpResponse, Problem> {
    let status = content.status();
    let page = Page { content }.render().map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .content_type(ContentType::html())
        .body(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_in_plain_words() {
        let organization = "St. Mary & <Sons>";
        for (name, content) in [
            ("ask", Content::Ask { organization }),
            ("stopped", Content::Stopped { organization }),
            ("reviewed", Content::Reviewed { organization }),
            ("ended", Content::Ended { organization }),
            ("expired", Content::Expired),
            ("unknown", Content::Unknown),
            ("too_many", Content::TooMany),
        ] {
            let page = Page { content }.render().unwrap();
            assert_eq!(page.matches("<button").count(), usize::from(name == "ask"), "{name}");
            assert!(!page.contains("<script") && !page.contains("style="), "{name}");
            insta::assert_snapshot!(name, page);
        }
    }
}
