use crate::browser::{Browser, Page};

const NEW: &str = "/staff/invitations";

fn code_on(page: &Page) -> String {
    page.between("<p class=\"bigcode\"><code>", "</code>").to_owned()
}

async fn fresh_form(browser: &Browser) -> String {
    let page = browser.get("/staff/invitations/new?organization=here&patient=p1").await.expect(200);
    page.between("name=\"once\" value=\"", "\"").to_owned()
}

journey! {
    async fn a_code_is_shown_once_and_a_form_that_comes_twice_issues_once(app: App) {
        let desk = Browser::of(app, "registrar-here").await;
        let once = fresh_form(&desk).await;
        let form = [
            ("once", once.as_str()), ("organization", "here"), ("patient", "p1"), ("channel", "in_person"),
            ("challenge", ""), ("document", "passport"), ("reference", "desk 3"), ("email", ""),
        ];
        let issued = desk.submit(NEW, &form).await.expect(201);
        let code = code_on(&issued);
        assert_eq!(issued.headers["cache-control"], "no-store");
        let again = desk.submit(NEW, &form).await.expect(200).says("This form was sent before");
        let list = desk.get("/staff/invitations?organization=here&status=&channel=&patient=").await.expect(200);
        assert_eq!(list.text.matches("<th scope=\"row\">").count(), 1);
        let id = issued.between("/staff/invitations/inv_", "\"").to_owned();
        let path = format!("/staff/invitations/inv_{id}");
        let read = desk.get(&path).await.expect(200).says("Was compared with a document: passport, reference “desk 3”");
        for page in [&again, &list, &read] {
            assert!(!page.text.contains(&code), "the code is shown a second time");
        }
        let anna = Browser::of(app, "anna").await;
        anna.submit("/redeem", &[("code", &code)]).await.expect(303);
        let read = desk.get(&path).await.expect(200).says("Redeemed");
        let link = read.between("/staff/links/", "\"").to_owned();
        let page = desk.get(&format!("/staff/links/{link}")).await.expect(200).says("Well proven");
        page.says("Had the code of an invitation (handed over, no address)");
        let other = fresh_form(&desk).await;
        let form = [&[("once", other.as_str())], &form[1..]].concat();
        desk.submit(NEW, &form).await.expect(201).says("another account opens record p1");
    }
}

journey! {
    async fn what_is_wrong_with_a_form_is_said_at_its_fields_and_what_was_typed_is_kept(app: App) {
        let desk = Browser::of(app, "registrar-here").await;
        let send = async |form: &[(&str, &str)]| {
            let once = fresh_form(&desk).await;
            let form = [&[("once", once.as_str()), ("organization", "here")], form].concat();
            desk.submit(NEW, &form).await.expect(422)
        };
        send(&[]).await.says("href=\"#patient\"").says("href=\"#channel\"");
        let page = send(&[("patient", "nobody"), ("channel", "post"), ("reference", "desk \"3\"")]).await;
        page.says("href=\"#document\"").says("value=\"nobody\"").says("value=\"desk &#34;3&#34;\"");
        send(&[("patient", "nobody"), ("channel", "post")]).await.says("No such patient");
        let stranger = [("patient", "p1"), ("channel", "email"), ("email", "mallory@evil.example")];
        send(&stranger).await.says("href=\"#email\"").says("mallory@evil.example");
        let vouched = [&stranger[..], &[("email_validated", "yes")]].concat();
        let once = fresh_form(&desk).await;
        let form = [&[("once", once.as_str()), ("organization", "here")], &vouched[..]].concat();
        let issued = desk.submit(NEW, &form).await.expect(201).says("goes out by email now");
        assert!(!issued.text.contains("bigcode"), "staff do not see an emailed code");
    }
}

journey! {
    async fn an_invitation_is_revoked_with_a_reason_or_issued_anew(app: App) {
        let desk = Browser::of(app, "registrar-here").await;
        let invited = app.registrar().invites("p1").await;
        let path = format!("/staff/invitations/{}", invited.text("/invitation/id"));
        let page = desk.get(&path).await.expect(200);
        let once = page.between("name=\"once\" value=\"", "\"").to_owned();
        let form = [("once", once.as_str()), ("channel", "post")];
        let anew = desk.submit(&format!("{path}/reissue"), &form).await.expect(201);
        let code = code_on(&anew);
        desk.submit(&format!("{path}/reissue"), &form).await.expect(200).says("This form was sent before");
        desk.get(&path).await.expect(200).says("A new one took its place");
        let path = format!("/staff/invitations/inv_{}", anew.between("<a href=\"/staff/invitations/inv_", "\""));
        desk.submit(&format!("{path}/revoke"), &[]).await.expect(422).says("Choose why");
        desk.submit(&format!("{path}/revoke"), &[("reason", "reissued")]).await.expect(422);
        let done = desk.submit(&format!("{path}/revoke"), &[("reason", "lost")]).await.expect(303);
        desk.get(done.location()).await.expect(200).says("Revoked. Its code is not accepted").says("It went astray");
        desk.submit(&format!("{path}/revoke"), &[("reason", "lost")]).await.expect(409);
        let anna = Browser::of(app, "anna").await;
        anna.submit("/redeem", &[("code", &code)]).await.expect(422);
    }
}

journey! {
    async fn staff_find_a_record_and_end_its_link_with_a_reason_that_its_account_does_not_hear(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let reviewer = Browser::of(app, "reviewer-here").await;
        reviewer.get("/staff/record").await.expect(200);
        reviewer.get("/staff/record?patient=p9").await.expect(422).says("no such patient");
        reviewer.get("/staff/record?system=urn:mrn").await.expect(422).says("both its system and its value");
        let found = reviewer.get("/staff/record?system=urn:mrn&value=MRN-p1-7731").await.expect(200);
        let found = found.says("Wilhelmina p1-Featherstonehaugh").says("1984-02-29");
        assert!(!found.text.contains("Invite this patient"), "a reviewer does not invite");
        let path = format!("/staff/links/{}", found.between("/staff/links/", "\""));
        reviewer.submit(&format!("{path}/revoke"), &[]).await.expect(422).says("Choose why");
        let done = reviewer.submit(&format!("{path}/revoke"), &[("reason", "safety")]).await.expect(303);
        reviewer.get(done.location()).await.expect(200).says("Somebody’s safety");
        let anna = Browser::of(app, "anna").await;
        let page = anna.get("/me").await.expect(200).says("What is over (1)");
        assert!(!page.text.contains("safety"));
        let auditor = app.staff("auditor", "here");
        let read = auditor.get("/v1/audit?action=patient.read").await.expect(200);
        assert_eq!(read.body["entries"].as_array().unwrap().len(), 1, "that they saw who it is, is on record");
    }
}

journey! {
    async fn auditors_read_page_by_page_and_narrow_it_down(app: App) {
        for _ in 0..60 {
            app.registrar().invites("p1").await;
        }
        let auditor = Browser::of(app, "auditor-here").await;
        let first = auditor.get("/staff/audit").await.expect(200);
        let older = first.between("<a class=\"button second\" href=\"", "\"").replace("&#38;", "&");
        auditor.get(&older).await.expect(200).says("invitation.issue");
        let query = "action=audit.read&staff=&patient=&from=2026-03-01&until=2026-03-01";
        let narrowed = auditor.get(&format!("/staff/audit?{query}")).await.expect(200).says("audit.read");
        assert!(!narrowed.text.contains("<td><a href=\"/staff/audit?organization=here&#38;action=invitation.issue"));
        auditor.get("/staff/audit?until=2026-02-28").await.expect(200).says("Nothing.");
        auditor.get("/staff/audit?action=nonsense").await.expect(400);
        auditor.get("/staff/audit?link=nonsense").await.expect(400).says("link");
    }
}
