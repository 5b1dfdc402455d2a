//! The ways of a code that staff choose at the desk: a letter to print, a call, or Kinlink sends it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use kinlink_domain::outbox::{MessageBody, MessageKind, Text};

use crate::{
    browser::{Browser, Page},
    letters::reachable,
};

const NEW: &str = "/staff/invitations/new?organization=here&patient=";

async fn invites(desk: &Browser, patient: &str, channel: &str) -> Page {
    let page = desk.get(&format!("{NEW}{patient}")).await.expect(200);
    let once = page.between("name=\"once\" value=\"", "\"").to_owned();
    let form = [
        ("once", once.as_str()),
        ("organization", "here"),
        ("patient", patient),
        ("channel", channel),
        ("challenge", "birth_date"),
    ];
    desk.submit("/staff/invitations", &form).await
}

fn code_on(page: &Page) -> String {
    page.between("<p class=\"bigcode\"><code>", "</code>").to_owned()
}

fn letter_at(page: &Page) -> String {
    page.between("<form method=\"post\" action=\"/staff/invitations/inv_", "\"").to_owned()
}

journey! {
    async fn by_post_the_desk_prints_the_letter_with_the_address_on_record(app: App) {
        reachable(app).await;
        let desk = Browser::of(app, "registrar-here").await;
        let form = desk.get(&format!("{NEW}p1")).await.expect(200);
        form.says("Wilhelmina p1-Featherstonehaugh, 1 Main Street, Cambridge, MA 02139, US");
        let issued = invites(&desk, "p1", "post").await.expect(201).says("1 Main Street<br>Cambridge, MA 02139");
        let issued = issued.says("Open the letter to print");
        assert!(!issued.text.contains("class=\"slip\""), "a letter is posted, and no slip");
        let (code, path) = (code_on(&issued), format!("/staff/invitations/inv_{}", letter_at(&issued)));
        let letter = desk.submit(&path, &[("code", &code)]).await.expect(200);
        for expected in ["<div class=\"window\">", "1 Main Street<br>Cambridge, MA 02139", "asked for your date of birth"] {
            assert!(letter.text.contains(expected), "{expected} is missing in {}", letter.text);
        }
        assert!(code.split('-').all(|group| letter.text.contains(&format!("<span>{group}</span>"))));
        let policy = letter.headers["content-security-policy"].to_str().unwrap();
        let style = letter.between("<style>", "</style>");
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}';")) && policy.contains("default-src 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(letter.headers["cache-control"], "no-store");

        let other = code_on(&invites(&desk, "p1", "post").await.expect(201));
        for wrong in [other.as_str(), "", "nonsense"] {
            desk.submit(&path, &[("code", wrong)]).await.expect(409);
        }
        let by_hand = invites(&desk, "p1", "in_person").await.expect(201);
        let id = by_hand.between("/staff/invitations/inv_", "\"").to_owned();
        let at_hand = format!("/staff/invitations/inv_{id}/letter");
        desk.submit(&at_hand, &[("code", &code_on(&by_hand))]).await.expect(409);
        let neighbour = Browser::of(app, "registrar-there").await;
        neighbour.get("/staff").await.expect(200);
        neighbour.submit(&path, &[("code", &code)]).await.expect(404);

        let anna = Browser::of(app, "anna").await;
        anna.submit("/redeem", &[("code", &code), ("birth_date", "1984-02-29")]).await.expect(303);
        desk.submit(&path, &[("code", &code)]).await.expect(409);
        let nowhere = invites(&desk, "p2", "post").await.expect(201).says("No name with an address is on record");
        let path = format!("/staff/invitations/inv_{}", letter_at(&nowhere));
        let blank = desk.submit(&path, &[("code", &code_on(&nowhere))]).await.expect(200);
        assert!(blank.text.contains("<address></address>"), "to be filled in by hand");
    }
}

journey! {
    async fn whoever_calls_sees_the_end_of_the_number_on_record_and_no_more_of_it(app: App) {
        reachable(app).await;
        let desk = Browser::of(app, "registrar-here").await;
        let form = desk.get(&format!("{NEW}p1")).await.expect(200).says("The number ends in 123");
        let issued = invites(&desk, "p1", "phone").await.expect(201).says("ends in <strong>123</strong>");
        for page in [&form, &issued] {
            for written in ["617 555", "617-555", "6175550", "555 0", "555-0"] {
                assert!(!page.text.contains(written), "the number stands there: {}", page.text);
            }
        }
        assert_eq!(code_on(&issued).len(), "XXXX-XXXX-XXXX".len());
        invites(&desk, "p2", "phone").await.expect(201).says("No telephone number is on record");
        let proxy = desk.get("/staff/proxies/new?organization=here&patient=p1").await.expect(200);
        let proxy = proxy.says("The number ends in 123");
        assert!(!proxy.text.contains("value=\"post\""), "post on record is the patient's");
    }
}

journey! {
    async fn kinlink_sends_texts_and_letters_when_the_desk_says_so_and_nobody_sees_the_code(app: App) {
        reachable(app).await;
        let desk = Browser::of(app, "registrar-here").await;
        let texted = invites(&desk, "p1", "phone_sent").await.expect(201).says("a text message now");
        let texted = texted.says("that ends in 123");
        let texts = app.fixture.outbox(MessageKind::Text).await;
        let MessageBody::Text { text: Text::Invitation { code, .. }, .. } = &texts[0].body else { panic!("no code") };
        assert!(!texted.text.contains(code.as_str()) && !texted.text.contains("bigcode"));

        let path = format!("/staff/invitations/inv_{}", texted.between("/staff/invitations/inv_", "\""));
        let page = desk.get(&path).await.expect(200).says("By post: Kinlink sends it");
        let once = page.between("name=\"once\" value=\"", "\"").to_owned();
        let anew = [("once", once.as_str()), ("channel", "post_sent")];
        let posted = desk.submit(&format!("{path}/reissue"), &anew).await.expect(201).says("to the print service");
        let posted = posted.says("1 Main Street<br>Cambridge, MA 02139");
        assert!(!posted.text.contains("bigcode") && !posted.text.contains("Open the letter"));
        let letters = app.fixture.outbox(MessageKind::Letter).await;
        assert_eq!(letters.len(), 1);

        for channel in ["phone_sent", "post_sent"] {
            let refused = invites(&desk, "p2", channel).await.expect(422).says("href=\"#channel\"");
            assert!(!refused.text.contains("href=\"#email\""), "{channel}");
        }
        let path = format!("/staff/invitations/inv_{}", posted.between("/staff/invitations/inv_", "\""));
        let other = invites(&desk, "p2", "in_person").await.expect(201);
        let other = format!("/staff/invitations/inv_{}", other.between("/staff/invitations/inv_", "\""));
        let page = desk.get(&other).await.expect(200);
        let once = page.between("name=\"once\" value=\"", "\"").to_owned();
        let anew = [("once", once.as_str()), ("channel", "phone_sent")];
        desk.submit(&format!("{other}/reissue"), &anew).await.expect(422).says("href=\"#channel\"");
        desk.get(&path).await.expect(200).says("By post");
    }
}
