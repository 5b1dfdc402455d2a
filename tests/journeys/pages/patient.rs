use chrono::TimeDelta;
use serde_json::json;

use crate::browser::Browser;

journey! {
    async fn a_patient_enters_a_code_sees_what_it_opens_and_ends_it(app: App) {
        let body = json!({"patient": {"id": "p1"}, "channel": "in_person", "challenge": "birth_date",
            "proof": [{"type": "document_seen", "document": "passport"}]});
        let code = app.registrar().post("/v1/invitations", body).await.expect(201).text("/code").to_owned();
        let anna = Browser::of(app, "anna").await;
        anna.get("/me").await.expect(200).says("opens no record yet");
        let page = anna.get("/redeem").await.expect(200);
        assert!(!page.text.contains("name=\"birth_date\""), "it is asked for only when it is needed");

        let mistyped = format!("{}{}", &code[..13], if code.ends_with('7') { '8' } else { '7' });
        let page = anna.submit("/redeem", &[("code", &mistyped)]).await.expect(422);
        let page = page.says("Check the code").says(&mistyped).says("<title>Problem: ").says("href=\"#code\"");
        assert!(page.text.contains("aria-invalid=\"true\""));
        anna.submit("/redeem", &[("code", "")]).await.expect(422).says("Enter the code");
        let page = anna.submit("/redeem", &[("code", &code)]).await.expect(422);
        page.says("date of birth too").says("name=\"birth_date\"").says(&code);
        let wrong = [("code", code.as_str()), ("birth_date", "1984-03-01")];
        anna.submit("/redeem", &wrong).await.expect(422).says("This is not accepted").says("value=\"1984-03-01\"");
        let garbled = [("code", code.as_str()), ("birth_date", "yesterday")];
        anna.submit("/redeem", &garbled).await.expect(422).says("href=\"#birth_date\"");
        let right = [("code", code.as_str()), ("birth_date", "1984-02-29")];
        let done = anna.submit("/redeem", &right).await.expect(303);
        let page = anna.get(done.location()).await.expect(200);
        let page = page.says("Done.").says("Hospital here").says("p1").says("Well proven");
        assert!(!page.text.contains("Featherstonehaugh"), "the page names nobody");
        let again = anna.submit("/redeem", &right).await.expect(303);
        assert_eq!(again.location(), "/me?said=linked-before");

        let link = page.between("/me/links/", "/end").to_owned();
        let path = format!("/me/links/{link}/end");
        anna.get(&path).await.expect(200).says("End access to this record?");
        anna.submit(&path, &[]).await.expect(422).says("Choose why");
        anna.submit(&path, &[("reason", "court_order")]).await.expect(422);
        Browser::of(app, "ben").await.get(&path).await.expect(404);
        let done = anna.submit(&path, &[("reason", "not_me")]).await.expect(303);
        anna.get(done.location()).await.expect(200).says("opens no record yet").says("What is over (1)");
        anna.submit(&path, &[("reason", "not_me")]).await.expect(409);
    }
}

journey! {
    async fn another_patient_cannot_end_my_link(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let link = app.person("anna").redeems(&code).await.expect(201).text("/link/id").to_owned();
        let ben = Browser::of(app, "ben").await;
        ben.submit(&format!("/me/links/{link}/end"), &[("reason", "not_me")]).await.expect(404);
        let seen = app.person("anna").get(&format!("/v1/links/{link}")).await.expect(200);
        assert_eq!(seen.text("/status"), "active");
        ben.submit("/redeem", &[("code", &code)]).await.expect(422).says("This is not accepted");
    }
}

journey! {
    async fn too_many_wrong_tries_are_said_with_the_time_to_wait(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = Browser::of(app, "anna").await;
        for _ in 0..10 {
            anna.submit("/redeem", &[("code", "0000-0000-0000")]).await.expect(422);
        }
        anna.submit("/redeem", &[("code", &code)]).await.expect(429).says("Try again after 1 March 2026, 13:00 UTC");
        app.pass(TimeDelta::hours(1));
        let anna = Browser::of(app, "anna").await;
        anna.submit("/redeem", &[("code", &code)]).await.expect(303);
    }
}
