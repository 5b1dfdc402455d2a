//! Mails about who acts for whom. None names a person, and one that tells of an end says neither who ended it nor
//! why.

use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::outbox::Turn;

use super::render::RenderError;
use crate::moment;

#[derive(Template)]
#[template(path = "family.txt")]
struct FamilyText<'a>(&'a FamilyMail);

#[derive(Template)]
#[template(path = "family.html")]
struct FamilyHtml<'a>(&'a FamilyMail);

/// What such a mail says: paragraphs, with a code between them if it brings one.
pub(super) struct FamilyMail {
    subject: String,
    before: Vec<String>,
    code: Option<String>,
    after: Vec<String>,
}

impl FamilyMail {
    /// `page` is where the code can be entered, if there is such a page.
    pub(super) fn offer(
        organization: &str,
        code: &str,
        expires_at: DateTime<Utc>,
        reference: &str,
        page: Option<&str>,
    ) -> Self {
        let until = moment(expires_at);
        let place = page.map_or_else(String::new, |page| format!(" at {page}"));
        Self {
            subject: format!("Somebody asks you to act for them at {organization}"),
            before: vec![
                format!(
                    "A patient of {organization} named this address: you are asked to act for them, for example \
                     to see their appointments. They will tell you themselves that they did."
                ),
                format!("If you want to, log in{place} with your own account and enter this code:"),
            ],
            code: Some(code.to_owned()),
            after: vec![
                format!("It can be used once, until {until}. Entering it, you can also decline."),
                format!(
                    "Do you not know what this is about? Then do nothing: without the code nobody gets access. You \
                     may tell {organization}, naming this reference: {reference}"
                ),
                format!("Nobody from {organization} will ever ask you for this code."),
            ],
        }
    }

    pub(super) fn ended(organization: &str, at: DateTime<Utc>, to_patient: bool) -> Self {
        let at = moment(at);
        let said = if to_patient {
            format!("On {at}, the access of somebody who acted for a patient of {organization} ended.")
        } else {
            format!("On {at}, your access for another person at {organization} ended.")
        };
        Self {
            subject: format!("An access at {organization} ended"),
            before: vec![said],
            code: None,
            after: vec![format!("If you have questions, please call {organization}.")],
        }
    }

    pub(super) fn soon(organization: &str, at: DateTime<Utc>, turn: Turn, to_patient: bool) -> Self {
        let at = moment(at);
        let whose = if to_patient {
            format!("the access of somebody who acts for a patient of {organization}")
        } else {
            format!("your access for another person at {organization}")
        };
        let (subject, what) = match turn {
            Turn::Changes => ("will change", "will not be the same any more"),
            Turn::Ends => ("will end", "will end"),
        };
        Self {
            subject: format!("An access at {organization} {subject}"),
            before: vec![format!(
                "On {at}, {whose} {what}, by the patient’s age or because its time is over."
            )],
            code: None,
            after: vec![format!("If that is not as it should be, please call {organization} before.")],
        }
    }

    pub(super) fn asked(organization: &str, reference: &str) -> Self {
        Self {
            subject: format!("Somebody asks to act for a patient of {organization}"),
            before: vec![
                format!(
                    "Somebody asked {organization} for access to a health record that has this address as a \
                     contact."
                ),
                "Nobody has access yet. If the record is yours, log in to see who asks, and decide."
                    .to_owned(),
            ],
            code: None,
            after: vec![format!(
                "The reference is {reference}. If you have questions, please call {organization}."
            )],
        }
    }

    /// Subject, text and HTML.
    pub(super) fn render(&self) -> Result<(String, String, String), RenderError> {
        let failed = |_| RenderError::Message;
        let text = FamilyText(self).render().map_err(failed)?;
        let text = format!("{}\n", text.trim_end());
        Ok((self.subject.clone(), text, FamilyHtml(self).render().map_err(failed)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_brings_its_code_and_says_until_when() {
        let page = Some("https://kinlink.example/redeem");
        let mail = FamilyMail::offer("St. Mary & Sons", "AAAA-BBBB", DateTime::UNIX_EPOCH, "gnt_1", page)
            .render()
            .unwrap();
        for part in [&mail.1, &mail.2] {
            let until = "1 January 1970, 00:00 UTC";
            let at = "at https://kinlink.example/redeem with";
            for expected in ["AAAA-BBBB", until, "gnt_1", "ever ask you", "decline", at] {
                assert!(part.contains(expected), "{expected} is missing in {part}");
            }
        }
        assert!(mail.2.contains("St. Mary &#38; Sons") && mail.1.contains("St. Mary & Sons"));
    }

    #[test]
    fn an_end_says_nothing_of_who_or_why() {
        for to_patient in [false, true] {
            let (subject, text, html) =
                FamilyMail::ended("Northside", DateTime::UNIX_EPOCH, to_patient).render().unwrap();
            for part in [subject, text, html] {
                for word in ["patient ended", "revoked", "staff", "court", "because", "fraud", "safety"] {
                    assert!(!part.to_lowercase().contains(word), "{word} in {part}");
                }
            }
        }
    }

    #[test]
    fn what_comes_is_told_as_what_it_is() {
        let mail = |turn| FamilyMail::soon("Northside", DateTime::UNIX_EPOCH, turn, false).render().unwrap();
        assert!(mail(Turn::Ends).1.contains("will end"));
        assert!(mail(Turn::Changes).1.contains("not be the same"));
        assert!(FamilyMail::asked("Northside", "req_1").render().unwrap().1.contains("req_1"));
    }
}
