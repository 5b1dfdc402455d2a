use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use askama::Template;

use super::frame::{Frame, show_to_nobody};
use crate::problem::{Problem, ProblemType};

/// Why a page is not what was asked for.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nobody is logged in: log in first, then go on.
    LogIn { return_to: String },
    /// Nobody is logged in any more, and a form was sent.
    LoggedOut,
    /// A form was sent from elsewhere.
    NotFromHere { public_url: String },
    /// More proof is needed of who acts; then go on.
    StepUp { return_to: String },
    /// Anything else.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    frame: Frame,
    title: &'static str,
    what_to_do: String,
    onward: String,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LogIn { .. } => StatusCode::SEE_OTHER,
            Self::LoggedOut => StatusCode::UNAUTHORIZED,
            Self::NotFromHere { .. } | Self::StepUp { .. } => StatusCode::FORBIDDEN,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::LogIn { return_to } = self {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", return_to)
                .finish();
            return super::frame::see_other(&format!("/login?{query}"));
        }
        let (title, what_to_do) = self.words();
        let mut response = show_to_nobody(
            self.status_code(),
            &RefusedPage { frame: Frame::for_nobody(), title, what_to_do, onward: self.onward() },
        );
        if let Self::Problem(problem) = self {
            for name in [header::RETRY_AFTER, header::ALLOW] {
                if let Some(value) = problem.error_response().headers().get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
        }
        response
    }
}

impl Refusal {
    /// A problem; if it is that more proof is needed, with where to go on afterwards.
    pub(super) fn stepping_up(problem: Problem, return_to: &str) -> Self {
        match problem.kind {
            ProblemType::StepUpRequired => Self::StepUp { return_to: return_to.to_owned() },
            _ => Self::Problem(problem),
        }
    }

    /// Where the page's button leads.
    fn onward(&self) -> String {
        match self {
            Self::StepUp { return_to } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                format!("/step-up?{}", query.append_pair("return_to", return_to).finish())
            }
            _ => "/login".to_owned(),
        }
    }

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::LogIn { .. } | Self::LoggedOut => (
                "You are logged out",
                "Nothing was changed. You were logged out after a time without doing anything, or this form \
                 is from an earlier login. Log in and try again."
                    .to_owned(),
            ),
            Self::NotFromHere { public_url } => (
                "This form was not sent from our own page",
                format!("Nothing was changed. Open {public_url} and try again from there."),
            ),
            Self::StepUp { .. } => (
                "Show once more that it is you",
                "Nothing was changed yet. What you want to do asks for more than the login of before."
                    .to_owned(),
            ),
            Self::Problem(problem) => problem_words(problem),
        }
    }
}

/// The kinds of problem that a page can end in, in words for people.
fn problem_words(problem: &Problem) -> (&'static str, String) {
    let detail = || problem.detail.clone().unwrap_or_default();
    match problem.kind {
        ProblemType::NotFound => (
            "There is nothing here",
            "The address is wrong, or what was here is not yours to see.".to_owned(),
        ),
        ProblemType::Forbidden | ProblemType::NotYourOrganization => {
            ("You may not do this", format!("Your login does not give you the right to. {}", detail()))
        }
        ProblemType::Unavailable => (
            "We cannot answer just now",
            "Nothing was changed. Please try again in a few minutes.".to_owned(),
        ),
        ProblemType::Conflict
        | ProblemType::LinkEnded
        | ProblemType::LinkSuspended
        | ProblemType::LinkNotSuspended
        | ProblemType::DisputeDecided
        | ProblemType::EvidenceWithdrawn
        | ProblemType::GrantClosed
        | ProblemType::EndingUndone
        | ProblemType::RequestClosed
        | ProblemType::BarLifted
        | ProblemType::InvitationClosed => (
            "Somebody was faster",
            "What you wanted to change has been changed already. Go back and look at it again.".to_owned(),
        ),
        _ => {
            let members = problem.errors.iter().map(|error| format!(" {}: {}.", error.at, error.message));
            (problem.title, members.collect())
        }
    }
}
