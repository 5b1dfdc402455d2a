//! Letters as self-contained HTML pages: nothing is fetched, and what a browser or a print service puts on
//! paper has the address where an envelope's window is.

use askama::Template;
use kinlink_domain::{outbox::Letter, policy::Paper, postal::PostalAddress};
use qrcode::{EcLevel, QrCode, render::svg};

use crate::{Pages, moment};

#[derive(Template)]
#[template(path = "letter.html")]
struct InvitationLetter<'a> {
    organization: &'a str,
    return_address: &'a [String],
    to: &'a PostalAddress,
    a4: bool,
    date: String,
    groups: Vec<&'a str>,
    expires_at: String,
    asks_birth_date: bool,
    reference: String,
    page: Option<Page>,
}

/// Where the code can be redeemed: to type, and to scan.
struct Page {
    url: String,
    qr: String,
    /// Whether the code has to be typed there; scanned, a portal's page gets it too.
    typed: bool,
}

/// A letter as an HTML page to print.
pub fn letter_html(to: &PostalAddress, letter: &Letter, pages: &Pages) -> Result<String, askama::Error> {
    let Letter::Invitation {
        organization,
        return_address,
        paper,
        issued_at,
        code,
        expires_at,
        asks_birth_date,
        invitation,
    } = letter;
    let page = pages
        .redeem(code)
        .and_then(|page| Some(Page { qr: qr(&page.opened)?, url: page.url, typed: page.typed }));
    InvitationLetter {
        organization,
        return_address,
        to,
        a4: *paper == Paper::A4,
        date: issued_at.format("%-d %B %Y").to_string(),
        groups: code.split('-').collect(),
        expires_at: moment(*expires_at),
        asks_birth_date: *asks_birth_date,
        reference: invitation.to_string(),
        page,
    }
    .render()
}

/// A QR code as inline SVG. Level Q mends a quarter of it, which a fold or a stain may take. An address too
/// long for one is left to be typed.
fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(160, 160).build();
    // The declaration of XML has no place within HTML.
    Some(image.split_once("?>").map_or(image.clone(), |(_, svg)| svg.to_owned()))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn letter(paper: Paper) -> Letter {
        Letter::Invitation {
            organization: "St. Mary & Sons Hospital".into(),
            return_address: vec!["St. Mary & Sons".into(), "7 Hill Street".into(), "Cambridge".into()],
            paper,
            issued_at: DateTime::UNIX_EPOCH,
            code: "7K3M-Q9ZT-4W2C-X8RN".into(),
            expires_at: DateTime::UNIX_EPOCH + TimeDelta::days(10),
            asks_birth_date: true,
            invitation: format!("inv_{}", "0".repeat(32)).parse().unwrap(),
        }
    }

    fn to() -> PostalAddress {
        PostalAddress {
            name: "Wilhelmina <Featherstonehaugh>".into(),
            lines: vec!["1 Main Street".into(), "Apartment 9".into(), "Cambridge, MA 02139".into()],
        }
    }

    fn pages(redeem_url: Option<&str>) -> Pages {
        Pages { public_url: "https://kinlink.example".into(), redeem_url: redeem_url.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_letter_on_a4_with_a_code_to_scan() {
        let html = letter_html(&to(), &letter(Paper::A4), &pages(Some("https://portal.example/redeem")));
        insta::assert_snapshot!(html.unwrap());
    }

    #[test]
    fn a_letter_on_us_letter_without_a_page_to_redeem_at() {
        let html = letter_html(&to(), &letter(Paper::UsLetter), &pages(None)).unwrap();
        assert!(!html.contains("<svg"));
        insta::assert_snapshot!(html);
    }

    #[test]
    fn at_our_own_page_the_code_is_typed_and_the_picture_holds_the_address_alone() {
        let own = pages(Some("https://kinlink.example/redeem"));
        let html = letter_html(&to(), &letter(Paper::A4), &own).unwrap();
        assert!(html.contains("Log in there, and type the code."), "{html}");
        assert!(html.contains(&qr("https://kinlink.example/redeem").unwrap()));
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        let html = letter_html(&to(), &letter(Paper::A4), &pages(Some("https://portal.example/redeem")));
        let html = html.unwrap();
        for forbidden in ["<script", "src=", "<link", "@import", "url(", "<Featherstonehaugh>"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn an_address_that_is_too_long_to_scan_is_left_to_be_typed() {
        let url = format!("https://portal.example/{}", "x".repeat(4_000));
        let html = letter_html(&to(), &letter(Paper::A4), &pages(Some(&url))).unwrap();
        assert!(!html.contains("<svg") && html.contains("7K3M"));
    }
}
