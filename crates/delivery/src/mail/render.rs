use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{id::MessageId, outbox::Mail, review::Missing};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use std::time::SystemTime;

use super::family::FamilyMail;
use crate::{Pages, moment, pages::RedeemPage};

/// What is the same in every mail.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// Who sends.
    pub from: Mailbox,
    /// Where mails point to.
    pub pages: Pages,
}

/// A mail that cannot be made. Says nothing of its contents.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The recipient is no address that a mail can be sent to.
    #[error("the recipient is no email address")]
    Recipient,
    /// The parts do not make a mail.
    #[error("the mail cannot be put together")]
    Message,
}

#[derive(Template)]
#[template(path = "invitation.txt")]
struct InvitationText<'a>(&'a InvitationMail<'a>);

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationHtml<'a>(&'a InvitationMail<'a>);

struct InvitationMail<'a> {
    organization: &'a str,
    code: &'a str,
    expires_at: String,
    asks_birth_date: bool,
    reference: String,
    page: Option<RedeemPage>,
}

#[derive(Template)]
#[template(path = "claim_code.txt")]
struct ClaimCodeText<'a>(&'a ClaimCodeMail<'a>);

#[derive(Template)]
#[template(path = "claim_code.html")]
struct ClaimCodeHtml<'a>(&'a ClaimCodeMail<'a>);

struct ClaimCodeMail<'a> {
    organization: &'a str,
    code: &'a str,
    expires_at: String,
    reference: String,
}

#[derive(Template)]
#[template(path = "claim_needs_more.txt")]
struct ClaimNeedsMoreText<'a>(&'a ClaimNeedsMoreMail<'a>);

#[derive(Template)]
#[template(path = "claim_needs_more.html")]
struct ClaimNeedsMoreHtml<'a>(&'a ClaimNeedsMoreMail<'a>);

struct ClaimNeedsMoreMail<'a> {
    organization: &'a str,
    wishes: Vec<&'static str>,
    reference: String,
}

#[derive(Template)]
#[template(path = "link_notice.txt")]
struct NoticeText<'a>(&'a NoticeMail<'a>);

#[derive(Template)]
#[template(path = "link_notice.html")]
struct NoticeHtml<'a>(&'a NoticeMail<'a>);

#[derive(Template)]
#[template(path = "authenticator_reset.txt")]
struct ResetText<'a>(&'a ResetMail<'a>);

#[derive(Template)]
#[template(path = "authenticator_reset.html")]
struct ResetHtml<'a>(&'a ResetMail<'a>);

struct ResetMail<'a> {
    organization: &'a str,
    at: String,
}

struct NoticeMail<'a> {
    organization: &'a str,
    at: String,
    reference: String,
    service: &'a str,
    not_me: String,
}

impl Letterhead {
    /// Makes the mail of an outbox message.
    pub fn write(
        &self,
        id: MessageId,
        to: &str,
        mail: &Mail,
        now: DateTime<Utc>,
    ) -> Result<Message, RenderError> {
        let to: Mailbox = to.parse().map_err(|_| RenderError::Recipient)?;
        let (subject, text, html) = self.render(mail)?;
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let auto =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .date(SystemTime::from(now))
            .message_id(Some(message_id))
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|_| RenderError::Message)?;
        message.headers_mut().insert_raw(auto);
        Ok(message)
    }

    fn render(&self, mail: &Mail) -> Result<(String, String, String), RenderError> {
        let failed = |_| RenderError::Message;
        match mail {
            Mail::Invitation { organization, code, expires_at, asks_birth_date, invitation } => {
                let mail = InvitationMail {
                    organization,
                    code,
                    expires_at: moment(*expires_at),
                    asks_birth_date: *asks_birth_date,
                    reference: invitation.to_string(),
                    page: self.pages.redeem(code),
                };
                let subject = format!("Your access code from {organization}");
                let text = InvitationText(&mail).render().map_err(failed)?;
                Ok((subject, text, InvitationHtml(&mail).render().map_err(failed)?))
            }
            Mail::ClaimCode { organization, code, expires_at, claim } => {
                let mail = ClaimCodeMail {
                    organization,
                    code,
                    expires_at: moment(*expires_at),
                    reference: claim.to_string(),
                };
                let subject = format!("Your confirmation code from {organization}");
                let text = ClaimCodeText(&mail).render().map_err(failed)?;
                Ok((subject, text, ClaimCodeHtml(&mail).render().map_err(failed)?))
            }
            Mail::ClaimNeedsMore { organization, missing, claim } => {
                let mail = ClaimNeedsMoreMail {
                    organization,
                    wishes: missing.iter().map(|missing| wish(*missing)).collect(),
                    reference: claim.to_string(),
                };
                let subject = format!("{organization} needs more to give an account access");
                let text = ClaimNeedsMoreText(&mail).render().map_err(failed)?;
                Ok((subject, text, ClaimNeedsMoreHtml(&mail).render().map_err(failed)?))
            }
            Mail::LinkNotice { organization, at, link, service, dispute } => {
                let mail = NoticeMail {
                    organization,
                    at: moment(*at),
                    reference: link.to_string(),
                    service,
                    not_me: self.pages.not_me(dispute),
                };
                let subject = format!("An account was given access at {organization}");
                let text = NoticeText(&mail).render().map_err(failed)?;
                Ok((subject, text, NoticeHtml(&mail).render().map_err(failed)?))
            }
            Mail::ProxyOffer { organization, code, expires_at, grant } => {
                let page = self.pages.own_page();
                FamilyMail::offer(organization, code, *expires_at, &grant.to_string(), page).render()
            }
            Mail::ProxyEnded { organization, at, to_patient } => {
                FamilyMail::ended(organization, *at, *to_patient).render()
            }
            Mail::ProxySoon { organization, at, turn, to_patient } => {
                FamilyMail::soon(organization, *at, *turn, *to_patient).render()
            }
            Mail::AccessAsked { organization, request } => {
                FamilyMail::asked(organization, &request.to_string()).render()
            }
            Mail::AuthenticatorReset { organization, at } => {
                let mail = ResetMail { organization, at: moment(*at) };
                let subject = format!("An authenticator app was reset at {organization}");
                let text = ResetText(&mail).render().map_err(failed)?;
                Ok((subject, text, ResetHtml(&mail).render().map_err(failed)?))
            }
        }
    }
}

const fn wish(missing: Missing) -> &'static str {
    match missing {
        Missing::PhotoId => "come to the desk with an identity document that has a photograph",
        Missing::NameChange => "bring a document that shows the change of name",
        Missing::Address => "bring a document that shows the present address",
        Missing::Contact => "have an email address or a telephone number put on record",
    }
}

#[cfg(test)]
mod tests {
    use kinlink_domain::id::{Id, InvitationId, LinkId};

    use super::*;

    fn letterhead() -> Letterhead {
        Letterhead {
            from: "Kinlink <no-reply@kinlink.example>".parse().unwrap(),
            pages: Pages {
                public_url: "https://kinlink.example".into(),
                redeem_url: Some("https://portal.example/redeem".into()),
            },
        }
    }

    fn id<K>() -> Id<K>
    where
        K: kinlink_domain::id::Kind,
    {
        "".parse().unwrap_or_else(|_| format!("{}_{}", K::PREFIX, "0".repeat(32)).parse().unwrap())
    }

    fn invitation(organization: &str) -> Mail {
        Mail::Invitation {
            organization: organization.into(),
            code: "AAAA-BBBB-CCCC-DDDD-EEEE".into(),
            expires_at: DateTime::UNIX_EPOCH,
            asks_birth_date: true,
            invitation: id::<kinlink_domain::id::InvitationKind>() as InvitationId,
        }
    }

    fn source(mail: &Mail, to: &str) -> String {
        let message = letterhead().write(id(), to, mail, DateTime::UNIX_EPOCH).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn an_invitation_says_what_it_is_until_when_and_what_to_do() {
        let (subject, text, html) = letterhead().render(&invitation("St. Mary & Sons")).unwrap();
        assert_eq!(subject, "Your access code from St. Mary & Sons");
        for part in [&text, &html] {
            assert!(part.contains("AAAA-BBBB-CCCC-DDDD-EEEE"));
            assert!(part.contains("1 January 1970, 00:00 UTC"));
            assert!(part.contains("date of birth"));
            assert!(part.contains("https://portal.example/redeem#code=AAAA-BBBB-CCCC-DDDD-EEEE"));
        }
        assert!(html.contains("St. Mary &#38; Sons") && text.contains("St. Mary & Sons"));
    }

    #[test]
    fn an_invitation_to_our_own_page_says_to_type_the_code_there() {
        let mut letterhead = letterhead();
        letterhead.pages.redeem_url = Some("https://kinlink.example/redeem".into());
        let (_, text, html) = letterhead.render(&invitation("Northside")).unwrap();
        for part in [&text, &html] {
            assert!(part.contains("https://kinlink.example/redeem") && !part.contains("#code="), "{part}");
            assert!(part.contains("type the code"), "{part}");
        }
    }

    #[test]
    fn a_confirmation_code_says_until_when_and_that_nobody_may_ask_for_it() {
        let mail = Mail::ClaimCode {
            organization: "St. Mary & Sons".into(),
            code: "AAAA-BBBB-CCCC-DDDD-EEEE".into(),
            expires_at: DateTime::UNIX_EPOCH,
            claim: id(),
        };
        let (subject, text, html) = letterhead().render(&mail).unwrap();
        assert_eq!(subject, "Your confirmation code from St. Mary & Sons");
        for part in [&text, &html] {
            for expected in ["AAAA-BBBB-CCCC-DDDD-EEEE", "1 January 1970, 00:00 UTC", "clm_", "ever ask you"]
            {
                assert!(part.contains(expected), "{expected} is missing in {part}");
            }
        }
    }

    #[test]
    fn a_wish_for_more_names_what_to_bring_and_no_person() {
        let missing = vec![Missing::PhotoId, Missing::NameChange, Missing::Address, Missing::Contact];
        let mail = Mail::ClaimNeedsMore { organization: "Northside".into(), missing, claim: id() };
        let (_, text, html) = letterhead().render(&mail).unwrap();
        for part in [&text, &html] {
            for expected in ["photograph", "change of name", "present address", "put on record", "clm_"] {
                assert!(part.contains(expected), "{expected} is missing in {part}");
            }
        }
    }

    #[test]
    fn a_notice_says_what_to_do_if_it_was_not_you() {
        let mail = Mail::LinkNotice {
            organization: "Northside".into(),
            at: DateTime::UNIX_EPOCH,
            link: id::<kinlink_domain::id::LinkKind>() as LinkId,
            service: "login.example".into(),
            dispute: "TOKEN".into(),
        };
        let (_, text, html) = letterhead().render(&mail).unwrap();
        for part in [text, html] {
            assert!(part.contains("was not you") && part.contains("lnk_") && part.contains("login.example"));
            assert!(part.contains("https://kinlink.example/not-me/TOKEN"));
        }
    }

    #[test]
    fn a_reset_says_who_did_it_and_what_to_do_if_it_was_not_you() {
        let mail = Mail::AuthenticatorReset { organization: "Northside".into(), at: DateTime::UNIX_EPOCH };
        let (subject, text, html) = letterhead().render(&mail).unwrap();
        assert_eq!(subject, "An authenticator app was reset at Northside");
        for part in [text, html] {
            assert!(part.contains("was not you") && part.contains("staff of Northside"));
        }
    }

    #[test]
    fn both_parts_and_the_headers_are_there() {
        let source = source(&invitation("Northside"), "a@b.example");
        for expected in ["text/plain", "text/html", "Auto-Submitted: auto-generated", "Message-ID: <msg_"] {
            assert!(source.contains(expected), "{expected} is missing in {source}");
        }
    }

    #[test]
    fn no_name_and_no_address_can_add_a_header() {
        let injected = source(&invitation("North\r\nBcc: evil@evil.example"), "a@b.example");
        let (headers, _) = injected.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
        let to = "a@b.example\r\nBcc: evil@evil.example";
        assert!(letterhead().write(id(), to, &invitation("North"), DateTime::UNIX_EPOCH).is_err());
    }
}
