//! Staff have a login in hand, and ask what it opens, now or then.

use chrono::TimeDelta;
use serde_json::json;

use crate::{app::App, browser::Browser};

const PATH: &str = "/staff/accounts";

async fn link(app: &App) -> String {
    let code = app.registrar().invites("p1").await.text("/code").to_owned();
    app.person("anna").redeems(&code).await.expect(201).text("/link/id").to_owned()
}

journey! {
    async fn a_login_is_sought_by_a_form_and_what_it_opened_then_is_told(app: App) {
        let link = link(app).await;
        app.pass(TimeDelta::hours(2));
        app.registrar().post(&format!("/v1/links/{link}/revoke"), json!({"reason": "safety"})).await.expect(200);
        let account = app.person("anna").get("/v1/totp").await.expect(200).text("/account").to_owned();
        let staff = Browser::of(app, "reviewer-here").await;
        staff.get("/staff").await.expect(200).says("What does a login open?");
        let page = staff.get(&format!("{PATH}?organization=here")).await.expect(200).says("<form method=\"post\"");
        assert!(page.text.contains(app.idp.issuer()) && page.text.contains("https://login.example"));
        let asked = |sub: &'static str, at: &'static str| {
            [("organization", "here"), ("iss", app.idp.issuer()), ("sub", sub), ("at", at)]
        };
        let now = staff.submit(PATH, &asked("anna", "")).await.expect(200).says(&account);
        let now = now.says("It opens nothing now").says("somebody&#39;s safety").says("Ended");
        assert!(now.text.contains(&format!("/staff/links/{link}\"")), "{}", now.text);
        let then = staff.submit(PATH, &asked("anna", "2026-03-01T13:00")).await.expect(200);
        let then = then.says("At 1 March 2026, 13:00 UTC whoever asks is answered").says("record <strong>p1</strong>, as the patient");
        let onward = then.between("<a href=\"/staff/links/", "\"").replace("&#38;", "&");
        assert_eq!(onward, format!("{link}?at=2026-03-01T13%3A00"));
        let before = staff.submit(PATH, &asked("anna", "2026-03-01T11:00")).await.expect(200);
        before.says("it opened nothing").says("The link was not there yet");
        staff.submit(PATH, &asked("Anna", "")).await.expect(200).says("It opens nothing at Hospital here, and never did");
        let wrong = staff.submit(PATH, &asked("", "yesterday")).await.expect(422);
        wrong.says("href=\"#sub\"").says("href=\"#at\"");
        let stranger = [("organization", "here"), ("iss", "https://evil.example"), ("sub", "anna")];
        staff.submit(PATH, &stranger).await.expect(422).says("href=\"#iss\"");

        let auditor = app.staff("auditor", "here");
        let read = auditor.get("/v1/audit?action=account.read").await.expect(200);
        let entries = read.body["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 4, "each search is on record, also one that found nothing: {}", read.body);
        assert_eq!(entries[3]["subject"]["account"], account.as_str());
        assert!(!read.body.to_string().contains("\"anna\""), "no sub in the audit");
    }
}

journey! {
    async fn the_neighbour_finds_nothing_of_ours_by_the_same_login(app: App) {
        let link = link(app).await;
        let staff = Browser::of(app, "reviewer-there").await;
        staff.get("/staff").await.expect(200);
        let asked = [("organization", "there"), ("iss", app.idp.issuer()), ("sub", "anna")];
        let page = staff.submit(PATH, &asked).await.expect(200).says("It opens nothing at Hospital there, and never did");
        assert!(!page.text.contains(&link));
        let asked = [("organization", "here"), ("iss", app.idp.issuer()), ("sub", "anna")];
        assert!(matches!(staff.submit(PATH, &asked).await.status, 403 | 404));
    }
}

journey! {
    async fn a_link_is_explained_at_the_moment_that_staff_name(app: App) {
        let link = link(app).await;
        app.pass(TimeDelta::hours(2));
        app.registrar().post(&format!("/v1/links/{link}/revoke"), json!({"reason": "safety"})).await.expect(200);
        let staff = Browser::of(app, "registrar-here").await;
        let path = format!("/staff/links/{link}");
        let now = staff.get(&path).await.expect(200).says("<h2>Why</h2>").says("this link opens nothing");
        assert!(now.text.contains("type=\"datetime-local\"") && !now.text.contains("Back to now"));
        let then = staff.get(&format!("{path}?at=2026-03-01T13:00")).await.expect(200);
        let then = then.says("Why, at 1 March 2026, 13:00 UTC").says("this link opens the record");
        then.says("value=\"2026-03-01T13:00\"").says("Back to now").says("Ended");
        staff.get(&format!("{path}?at=2026-02-01")).await.expect(200).says("The link was not there yet");
        staff.get(&format!("{path}?at=yesterday")).await.expect(422).says("href=\"#at\"");
    }
}
