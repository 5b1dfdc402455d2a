use chrono::TimeDelta;

use crate::{browser::Browser, disputes::disputed};

journey! {
    async fn a_reviewer_finds_a_dispute_in_the_queue_and_decides_it_with_a_reason(app: App) {
        for (patient, act, wrong, reason, says) in [
            ("p1", "uphold", "not_me", "fraud", "Fraud, or the suspicion of it"),
            ("p2", "dismiss", "fraud", "contact_outdated", "The contact on record is not the patient’s any more"),
        ] {
            disputed(app, patient).await;
            let reviewer = Browser::of(app, "reviewer-here").await;
            let queue = reviewer.get("/staff/disputes?organization=here&status=open").await.expect(200);
            assert_eq!(queue.text.matches("<th scope=\"row\">").count(), 1);
            let path = format!("/staff/disputes/{}", queue.between("/staff/disputes/", "\""));
            let page = reviewer.get(&path).await.expect(200).says("“This was not me”").says("Suspended");
            let link = format!("/staff/links/{}", page.between("/staff/links/", "\""));
            let seen = reviewer.get(&link).await.expect(200).says("Decide the dispute");
            assert!(!seen.text.contains("/reinstate\""), "the dispute has to be decided first");
            let decide = format!("{path}/{act}");
            for form in [&[][..], &[("reason", wrong)]] {
                reviewer.submit(&decide, form).await.expect(422).says(&format!("href=\"#{act}\""));
            }
            let done = reviewer.submit(&decide, &[("reason", reason)]).await.expect(303);
            reviewer.get(done.location()).await.expect(200).says("Decided.").says(says);
            reviewer.submit(&decide, &[("reason", reason)]).await.expect(409).says("Somebody was faster");
            reviewer.get("/staff/disputes?organization=here&status=open").await.expect(200).says("There are none");
        }
        let owner = app.person("owner-of-p2").get("/v1/account/links").await.expect(200);
        assert_eq!(owner.text("/links/0/status"), "active");
        let owner = app.person("owner-of-p1").get("/v1/account/links").await.expect(200);
        assert_eq!(owner.text("/links/0/status"), "revoked");
    }
}

journey! {
    async fn a_reviewer_suspends_a_link_and_lifts_that_and_its_account_hears_no_reason(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let linked = app.person("anna").redeems(&code).await.expect(201);
        let path = format!("/staff/links/{}", linked.text("/link/id"));
        let reviewer = Browser::of(app, "reviewer-here").await;
        let anna = Browser::of(app, "anna").await;
        reviewer.get(&path).await.expect(200).says("Suspend it");
        let suspend = format!("{path}/suspend");
        for form in [&[][..], &[("reason", "disputed")]] {
            reviewer.submit(&suspend, form).await.expect(422).says("href=\"#suspend\"");
        }
        let done = reviewer.submit(&suspend, &[("reason", "safety")]).await.expect(303);
        let page = reviewer.get(done.location()).await.expect(200).says("Somebody’s safety").says("Lift the suspension");
        assert!(!page.text.contains("/suspend\""));
        let mine = anna.get("/me").await.expect(200).says("Suspended");
        assert!(!mine.text.contains("safety"));
        reviewer.submit(&suspend, &[("reason", "safety")]).await.expect(409);
        let reinstate = format!("{path}/reinstate");
        reviewer.submit(&reinstate, &[]).await.expect(422).says("href=\"#reinstate\"");
        let done = reviewer.submit(&reinstate, &[("reason", "unfounded")]).await.expect(303);
        reviewer.get(done.location()).await.expect(200).says("opens the record again");
        anna.get("/me").await.expect(200).says("Open");
        let registrar = Browser::of(app, "registrar-here").await;
        let page = registrar.get(&path).await.expect(200).says("End it");
        assert!(!page.text.contains("Suspend it"), "a registrar does not suspend");
    }
}

journey! {
    async fn a_document_that_staff_saw_counts_once_and_no_more_when_it_is_withdrawn(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let linked = app.person("anna").redeems(&code).await.expect(201);
        let path = format!("/staff/links/{}", linked.text("/link/id"));
        let desk = Browser::of(app, "registrar-here").await;
        // Evidence of one moment stands in no order.
        app.pass(TimeDelta::seconds(1));
        let page = desk.get(&path).await.expect(200);
        let once = page.between("name=\"once\" value=\"", "\"").to_owned();
        let add = format!("{path}/evidence");
        desk.submit(&add, &[("once", &once)]).await.expect(422).says("href=\"#document\"");
        let form = [("once", once.as_str()), ("document", "passport"), ("reference", "desk 3")];
        for (day, says) in [("yesterday", "Enter a day"), ("2026-02-27", "This day is over already")] {
            let form = [&form[..], &[("valid_until", day)]].concat();
            desk.submit(&add, &form).await.expect(422).says("href=\"#valid_until\"").says(says);
        }
        let form = [&form[..], &[("valid_until", "2026-03-31")]].concat();
        let done = desk.submit(&add, &form).await.expect(303);
        let again = desk.submit(&add, &form).await.expect(303);
        assert_eq!(again.location(), done.location());
        let page = desk.get(done.location()).await.expect(200).says("Well proven");
        let page = page.says("passport, reference “desk 3”").says("counts until 1 April 2026, 00:00 UTC");
        assert_eq!(page.text.matches("/withdraw\"").count(), 2, "the code, and the document once");
        let evidence = page.text.rsplit_once("/withdraw\"").unwrap().0.rsplit_once("/evidence/").unwrap().1;
        let withdraw = format!("{path}/evidence/{evidence}/withdraw");
        desk.get(&withdraw).await.expect(200).says("Withdraw this evidence?").says("desk 3");
        desk.submit(&withdraw, &[]).await.expect(422).says("href=\"#reason\"");
        let done = desk.submit(&withdraw, &[("reason", "found_forged")]).await.expect(303);
        let page = desk.get(done.location()).await.expect(200).says("It turned out to be forged");
        assert!(!page.text.contains("Well proven"));
        desk.get(&withdraw).await.expect(409);
        desk.submit(&withdraw, &[("reason", "found_forged")]).await.expect(409);
    }
}
