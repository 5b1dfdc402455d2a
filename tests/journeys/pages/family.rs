use serde_json::json;

use crate::{
    browser::{Browser, Page},
    family::{child, inviting},
    grants::{found, granted, patient},
    requests::asking,
};

const NEW: &str = "/staff/proxies/new?organization=here&patient=c1";
const FAMILY: &str = "/staff/family?organization=here&patient=c1";

fn once_on(page: &Page) -> String {
    page.between("name=\"once\" value=\"", "\"").to_owned()
}

journey! {
    async fn a_registrar_invites_a_parent_on_papers_and_sees_whom_a_court_keeps_away(app: App) {
        child(app, "c1").await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let bar = json!({"patient": {"id": "c1"}, "person": "Karl Beispiel, the father", "reference": "12 F 34/26"});
        app.registrar().post("/v1/bars", bar).await.expect(201);
        let desk = Browser::of(app, "registrar-here").await;
        let page = desk.get(NEW).await.expect(200).says("Karl Beispiel, the father").says("12 F 34/26").says("2015-06-01");
        let once = once_on(&page);
        let base = [("once", once.as_str()), ("organization", "here"), ("patient", "c1")];
        let wrong = desk.submit("/staff/proxies", &base).await.expect(422);
        for field in ["relationship", "basis", "profile", "channel"] {
            assert!(wrong.text.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        let filled = [
            &base[..],
            &[("relationship", "MTH"), ("basis", "parental_responsibility"), ("profile", "everything"), ("channel", "in_person")],
        ].concat();
        desk.submit("/staff/proxies", &filled).await.expect(422).says("href=\"#paper\"");
        let paperless = [&filled[..], &[("paper_reference", "desk 3")]].concat();
        desk.submit("/staff/proxies", &paperless).await.expect(422).says("Choose the paper that this is about");
        let papers = [("paper", "birth_certificate"), ("paper_reference", "desk 3"), ("paper_until", "2026-02-27")];
        desk.submit("/staff/proxies", &[&filled[..], &papers].concat()).await.expect(422).says("href=\"#until\"");
        let right = [&filled[..], &papers[..2], &[("paper_2", "court_order"), ("paper_2_until", "2026-12-31")]].concat();
        let issued = desk.submit("/staff/proxies", &right).await.expect(201);
        let issued = issued.says("Karl Beispiel, the father").says("Invite another proxy");
        desk.submit("/staff/proxies", &right).await.expect(200).says("This form was sent before");
        let code = issued.between("<p class=\"bigcode\"><code>", "</code>").to_owned();
        let ben = Browser::of(app, "ben").await;
        ben.submit("/redeem", &[("code", &code)]).await.expect(303);
        let page = ben.get("/me/others").await.expect(200).says("Mother").says("<dt>Last day</dt><dd>31 December 2026</dd>");
        assert!(!page.text.contains("Karl"));
        assert_eq!(found(app, &client, "ben").await.len(), 1);
        let page = desk.get(FAMILY).await.expect(200).says("Responsible for a minor").says("Everything");
        let link = format!("/staff/links/{}", page.between("/staff/links/", "\""));
        desk.get(&link).await.expect(200).says("birth certificate, reference “desk 3”").says("court order");
    }
}

journey! {
    async fn a_request_for_a_minor_is_decided_by_staff_who_see_what_speaks_for_it(app: App) {
        child(app, "c1").await;
        let mut body = asking("c1");
        body["demographics"]["birth_date"] = json!("2015-06-01");
        body["relationship"] = json!("FTH");
        patient(app, "ben", "p2").await;
        let asked = app.person("ben").post("/v1/access-requests", body.clone()).await.expect(202);
        app.match_claims().await;
        let reviewer = Browser::of(app, "reviewer-here").await;
        let queue = reviewer.get("/staff/requests?organization=here").await.expect(200).says("Ben Asker").says("Father");
        let path = format!("/staff/requests/{}", queue.between("/staff/requests/", "\""));
        assert!(path.ends_with(asked.text("/id")));
        let page = reviewer.get(&path).await.expect(200).says("so who they are was proven");
        page.says("c1").says("ben@mail.example");
        let approve = format!("{path}/approve");
        let wrong = reviewer.submit(&approve, &[]).await.expect(422);
        for field in ["patient", "relationship", "basis", "profile"] {
            assert!(wrong.text.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        let form = [
            ("patient", "c1"), ("relationship", "FTH"), ("basis", "parental_responsibility"), ("profile", "everything"),
        ];
        reviewer.submit(&approve, &form).await.expect(422).says("href=\"#paper\"");
        let form = [&form[..], &[("paper", "birth_certificate")]].concat();
        let other = [&[("patient", "p3")], &form[1..]].concat();
        reviewer.submit(&approve, &other).await.expect(422).says("href=\"#patient\"");
        let done = reviewer.submit(&approve, &form).await.expect(303);
        reviewer.get(done.location()).await.expect(200).says("Agreed to.").says("None waits");
        let ben = Browser::of(app, "ben").await;
        ben.get(&format!("/me/others/asked/{}", asked.text("/id"))).await.expect(200).says("Agreed to");

        let again = app.person("ben").post("/v1/access-requests", body).await.expect(202);
        app.match_claims().await;
        let path = format!("/staff/requests/{}", again.text("/id"));
        let seen = format!("/me/others/asked/{}", again.text("/id"));
        let before = ben.get(&seen).await.expect(200).text;
        reviewer.submit(&format!("{path}/decline"), &[("reason", "not_wanted")]).await.expect(422).says("href=\"#reason\"");
        let done = reviewer.submit(&format!("{path}/decline"), &[("reason", "barred")]).await.expect(303);
        reviewer.get(done.location()).await.expect(200).says("Whoever asked is not told");
        reviewer.get(&path).await.expect(200).says("Declined");
        assert_eq!(ben.get(&seen).await.expect(200).text, before);
    }
}

journey! {
    async fn an_order_ends_the_access_that_it_names_and_is_lifted_again(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        granted(app).await;
        let desk = Browser::of(app, "registrar-here").await;
        let path = "/staff/family?organization=here&patient=p1";
        let page = desk.get(path).await.expect(200).says("Spouse").says("The patient wants it").says("as far as anybody recorded");
        let account = app.person("ben").get("/v1/totp").await.expect(200).text("/account").to_owned();
        let once = once_on(&page);
        let base = [("once", once.as_str()), ("organization", "here"), ("patient", "p1")];
        let wrong = desk.submit("/staff/bars", &base).await.expect(422);
        wrong.says("href=\"#person\"").says("href=\"#bar_reference\"");
        let named = [&base[..], &[("person", "Ben"), ("bar_reference", "12 F 34/26")]].concat();
        for (account, says) in [("ben", "An account is written"), ("acc_00000000000000000000000000000000", "no such account")] {
            desk.submit("/staff/bars", &[&named[..], &[("account", account)]].concat()).await.expect(422).says(says);
        }
        let right = [&named[..], &[("account", account.as_str())]].concat();
        let done = desk.submit("/staff/bars", &right).await.expect(303);
        let page = desk.get(done.location()).await.expect(200).says("this account had is ended").says("In force");
        assert!(found(app, &client, "ben").await.is_empty());
        let ben = Browser::of(app, "ben").await;
        let over = ben.get("/me/others").await.expect(200).says("What is over (1)");
        assert!(!over.text.contains("court") && !over.text.contains("12 F 34/26"));
        let lift = format!("/staff/bars/{}", page.between("/staff/bars/", "\""));
        let done = desk.submit(&lift, &[]).await.expect(303);
        desk.get(done.location()).await.expect(200).says("What it ended stays ended").says("Over");
        desk.submit(&lift, &[]).await.expect(409);
    }
}

journey! {
    async fn an_exception_to_the_rules_of_age_is_recorded_and_ended(app: App) {
        child(app, "c1").await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let body = inviting("c1", "MTH", "parental_responsibility", &json!([{"paper": "birth_certificate"}]));
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        app.person("ben").redeems(issued.text("/code")).await.expect(201);
        let desk = Browser::of(app, "registrar-here").await;
        let once = once_on(&desk.get(FAMILY).await.expect(200));
        let base = [("once", once.as_str()), ("organization", "here"), ("patient", "c1")];
        let wrong = desk.submit("/staff/age-exceptions", &base).await.expect(422);
        wrong.says("href=\"#kind\"").says("href=\"#why\"").says("href=\"#exception_reference\"");
        let said = [&base[..], &[("kind", "treated_as"), ("why", "mature"), ("exception_reference", "desk 3")]].concat();
        desk.submit("/staff/age-exceptions", &said).await.expect(422).says("href=\"#age\"");
        let done = desk.submit("/staff/age-exceptions", &[&said[..], &[("age", "18")]].concat()).await.expect(303);
        desk.get(done.location()).await.expect(200).says("Is treated as if 18 years old").says("mature");
        assert!(found(app, &client, "ben").await.is_empty());
        let ben = Browser::of(app, "ben").await;
        let page = ben.get("/me/others").await.expect(200).says("Over, by the patient’s age");
        assert!(!page.text.contains("mature") && !page.text.contains("turns"), "an exception is not for the proxy to know");
        let done = desk.submit("/staff/age-exceptions/end", &base[1..]).await.expect(303);
        desk.get(done.location()).await.expect(200).says("as far as anybody recorded");
        assert_eq!(found(app, &client, "ben").await.len(), 1);
    }
}
