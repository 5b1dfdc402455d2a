use actix_web::http::StatusCode;

use crate::problem::Problem;

/// What is wrong with a form, field by field.
#[derive(Debug, Default)]
pub(super) struct Complaints(Vec<Complaint>);

/// What is wrong with one field.
#[derive(Debug)]
pub(super) struct Complaint {
    /// The field's id in the page.
    pub(super) field: &'static str,
    pub(super) message: String,
}

impl Complaints {
    pub(super) fn one(field: &'static str, message: impl Into<String>) -> Self {
        let mut complaints = Self::default();
        complaints.add(field, message);
        complaints
    }

    pub(super) fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(Complaint { field, message: message.into() });
    }

    /// Adds what is wrong with somebody's demographics, each at the field that its member was typed into.
    pub(super) fn add_members(&mut self, problem: &Problem, field: impl Fn(&str) -> &'static str) {
        for error in &problem.errors {
            let at = error.at.trim_start_matches("/demographics").trim_start_matches('/');
            let mut message = error.message.clone();
            if let Some(first) = message.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            self.add(field(at), message);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The status of the page that shows them, or that there are none.
    pub(super) fn status(&self) -> StatusCode {
        if self.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    pub(super) fn all(&self) -> &[Complaint] {
        &self.0
    }

    /// What is wrong with this field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|complaint| complaint.field == field).map(|complaint| complaint.message.as_str())
    }
}
