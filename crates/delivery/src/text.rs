use askama::Template;
use kinlink_domain::outbox::Text;

use crate::{Pages, moment, pages::RedeemPage};

#[derive(Template)]
#[template(path = "invitation.sms.txt")]
struct Invitation<'a> {
    organization: &'a str,
    code: &'a str,
    expires_at: String,
    page: Option<RedeemPage>,
}

#[derive(Template)]
#[template(path = "link_notice.sms.txt")]
struct LinkNotice<'a> {
    organization: &'a str,
    at: String,
    service: &'a str,
    not_me: String,
}

/// The words of a text message.
pub fn text_words(text: &Text, pages: &Pages) -> Result<String, askama::Error> {
    match text {
        Text::Invitation { organization, code, expires_at } => {
            let expires_at = moment(*expires_at);
            Invitation { organization, code, expires_at, page: pages.redeem(code) }.render()
        }
        Text::LinkNotice { organization, at, service, dispute } => {
            LinkNotice { organization, at: moment(*at), service, not_me: pages.not_me(dispute) }.render()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn pages() -> Pages {
        Pages {
            public_url: "https://kinlink.example".into(),
            redeem_url: Some("https://portal.example/redeem".into()),
        }
    }

    #[test]
    fn a_code_says_who_sends_it_until_when_and_that_nobody_asks_for_it() {
        let text = Text::Invitation {
            organization: "St. Mary & Sons".into(),
            code: "AAAA-BBBB-CCCC".into(),
            expires_at: DateTime::UNIX_EPOCH,
        };
        insta::assert_snapshot!(text_words(&text, &pages()).unwrap());
    }

    #[test]
    fn at_our_own_page_the_code_is_typed() {
        let text = Text::Invitation {
            organization: "Northside".into(),
            code: "AAAA-BBBB-CCCC".into(),
            expires_at: DateTime::UNIX_EPOCH,
        };
        let own = Pages { redeem_url: Some("https://kinlink.example/redeem".into()), ..pages() };
        let words = text_words(&text, &own).unwrap();
        assert!(words.ends_with("Enter it at https://kinlink.example/redeem"), "{words}");
    }

    #[test]
    fn a_notice_says_when_by_which_service_and_what_to_do() {
        let text = Text::LinkNotice {
            organization: "Northside".into(),
            at: DateTime::UNIX_EPOCH,
            service: "login.example".into(),
            dispute: "TOKEN".into(),
        };
        insta::assert_snapshot!(text_words(&text, &pages()).unwrap());
    }
}
