use chrono::TimeDelta;

use crate::{app::App, browser::Browser};

/// What the patient of this record would type.
fn typed(record: &str) -> Vec<(&'static str, String)> {
    [
        ("organization", "here"),
        ("given", "Wilhelmina"),
        ("family", &format!("{record}-Featherstonehaugh")),
        ("birth_date", "1984-02-29"),
        ("email", "typed@elsewhere.example"),
        ("number", &format!("MRN-{record}-7731")),
        ("number_system", "urn:mrn"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

pub(super) async fn finds(browser: &Browser, form: &[(&'static str, String)]) -> String {
    let page = browser.get("/find").await.expect(200);
    let once = page.between("name=\"once\" value=\"", "\"").to_owned();
    let mut form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("once", &once));
    let sent = browser.submit("/find", &form).await.expect(303);
    assert_eq!(browser.submit("/find", &form).await.expect(303).location(), "/find", "sent twice, it is one");
    sent.location().to_owned()
}

/// A doubtful claim of Anna's to the record `p1`; returns her browser, the claim's page and the review's.
pub(super) async fn doubted(app: &App) -> (Browser, String, String) {
    let anna = Browser::of(app, "anna").await;
    let mut form = typed("p1");
    "Married-Otherwise".clone_into(&mut form[2].1);
    let claim = finds(&anna, &form).await;
    app.match_claims().await;
    let reviewer = Browser::of(app, "reviewer-here").await;
    let queue = reviewer.get("/staff/reviews?organization=here&status=open").await.expect(200);
    let review = format!("/staff/reviews/{}", queue.between("/staff/reviews/", "\""));
    (anna, claim, review)
}

journey! {
    async fn a_patient_without_a_code_finds_the_record_and_enters_the_code_that_was_mailed(app: App) {
        let anna = Browser::of(app, "anna").await;
        let claim = finds(&anna, &typed("p1")).await;
        anna.get(&claim).await.expect(200).says("If a record was found, a code has gone");
        app.match_claims().await;
        let (to, code) = app.claim_codes().await.pop().unwrap();
        assert_eq!(to, "p1@patients.example");
        anna.submit(&claim, &[("code", "")]).await.expect(422).says("Enter the code");
        anna.submit(&claim, &[("code", "AAAA")]).await.expect(422).says("Check the code");
        anna.submit(&claim, &[("code", "0000-0000-0000")]).await.expect(422).says("This code is not accepted");
        Browser::of(app, "ben").await.get(&claim).await.expect(404);
        let linked = anna.submit(&claim, &[("code", &code)]).await.expect(303);
        anna.get(linked.location()).await.expect(200).says("Hospital here").says("p1");
        anna.get(&claim).await.expect(200).says("Done: your login opens the record");
        anna.get("/find").await.expect(200).says("You asked before").says(": Done");
    }
}

journey! {
    async fn the_page_says_the_same_whether_there_was_a_record_several_or_none(app: App) {
        let mut pages = Vec::new();
        for (user, record) in [("anna", "p1"), ("ben", "p9")] {
            let browser = Browser::of(app, user).await;
            let claim = finds(&browser, &typed(record)).await;
            app.match_claims().await;
            let shown = browser.get(&claim).await.expect(200).text;
            let refused = browser.submit(&claim, &[("code", "0000-0000-0000")]).await.expect(422).text;
            let hidden = |text: String| {
                let id = claim.rsplit('/').next().unwrap();
                text.replace(id, "ID").replace(&browser.form_token(), "TOKEN")
            };
            pages.push((hidden(shown), hidden(refused)));
        }
        assert_eq!(pages[0], pages[1]);
    }
}

journey! {
    async fn too_thin_a_form_says_what_would_help_and_keeps_what_was_typed(app: App) {
        let anna = Browser::of(app, "anna").await;
        anna.get("/find").await.expect(200);
        let page = anna.submit("/find", &[("organization", "here"), ("given", "Wil\"helmina")]).await.expect(422);
        let page = page.says("Your first and last name are needed").says("Your date of birth is needed");
        page.says("would help").says("value=\"Wil&#34;helmina\"").says("href=\"#birth_date\"");
        let nowhere = anna.submit("/find", &[("given", "Anna")]).await.expect(422);
        nowhere.says("Choose the hospital").says("href=\"#organization\"");
        let mut form = typed("p1");
        "2150-01-01".clone_into(&mut form[3].1);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.submit("/find", &form).await.expect(422).says("still to come").says("2150-01-01");
        assert_eq!(app.match_claims().await, 0, "nothing was taken");
    }
}

journey! {
    async fn a_request_is_withdrawn_and_too_many_are_refused_for_a_while(app: App) {
        let anna = Browser::of(app, "anna").await;
        let claim = finds(&anna, &typed("p1")).await;
        anna.submit(&format!("{claim}/withdraw"), &[]).await.expect(303);
        anna.get(&claim).await.expect(200).says("This request is over");
        Browser::of(app, "ben").await.submit(&format!("{claim}/withdraw"), &[]).await.expect(404);
        let mut refused = false;
        for _ in 0..20 {
            let form = typed("p1");
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = anna.get("/find").await.expect(200);
            let once = page.between("name=\"once\" value=\"", "\"").to_owned();
            let form = [&form[..], &[("once", once.as_str())]].concat();
            let page = anna.submit("/find", &form).await;
            if page.status == 429 {
                page.says("Try again in");
                refused = true;
                break;
            }
            page.expect(303);
        }
        assert!(refused);
        app.pass(TimeDelta::days(2));
        let anna = Browser::of(app, "anna").await;
        finds(&anna, &typed("p1")).await;
    }
}
