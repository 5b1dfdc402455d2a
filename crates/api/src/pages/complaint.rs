use actix_web::http::StatusCode;

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
