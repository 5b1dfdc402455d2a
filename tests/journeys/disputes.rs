//! A link is made, the contacts on record hear of it, and one says "this was not me".

use chrono::TimeDelta;
use kinlink_domain::{
    demographics::{ContactPoint, ContactSystem},
    dispute::DisputeToken,
    id::{LinkId, MessageId},
    outbox::{Mail, MessageBody, MessageKind, Text},
};
use serde_json::json;

use crate::{
    app::{App, Caller},
    browser::Browser,
    family_merges::merge,
    grants::granted,
};

/// Links an account to a patient, and returns the token of the notice that went to the preferred email.
pub(crate) async fn linked(app: &App, name: &str, patient: &str) -> (String, String) {
    let issued = app.registrar().invites(patient).await;
    let link = app.person(name).redeems(issued.text("/code")).await.expect(201).text("/link/id").to_owned();
    let notices = app.fixture.outbox(MessageKind::Mail).await;
    let token = notices.into_iter().find_map(|message| match message.body {
        MessageBody::Mail { mail: Mail::LinkNotice { link: about, dispute, .. }, .. } => {
            (about.to_string() == link).then_some(dispute)
        }
        _ => None,
    });
    (link, token.unwrap())
}

/// A dispute about a link to this patient.
pub(crate) async fn disputed(app: &App, patient: &str) -> String {
    let (_, token) = linked(app, &format!("owner-of-{patient}"), patient).await;
    app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
    let open = app.staff("reviewer", "here").get("/v1/disputes?status=open").await.expect(200);
    open.text("/disputes/0/id").to_owned()
}

/// The token of a notice about this link, as if it had just been sent.
fn fresh_token(app: &App, link: &str) -> String {
    let (ports, link): (_, LinkId) = (&app.fixture.ports, link.parse().unwrap());
    let now = ports.clock.now();
    let message = MessageId::new(now, &*ports.random);
    DisputeToken { link, message, expires_at: now + TimeDelta::days(1) }.write(&*ports.vault)
}

async fn links_of(app: &App, client: &Caller, name: &str) -> usize {
    let found = client.post("/v1/links/lookup", app.account(name)).await.expect(200);
    found.body["links"].as_array().unwrap().len()
}

/// What a browser gets.
async fn page(app: &App, method: reqwest::Method, token: &str) -> (u16, String) {
    let answer = reqwest::Client::new().request(method, format!("{}/not-me/{token}", app.url)).send().await;
    let answer = answer.unwrap();
    let headers = answer.headers().clone();
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'") && policy.contains("form-action 'self'")
    );
    assert_eq!(headers["referrer-policy"], "no-referrer", "the address is a key");
    assert_eq!(headers["cache-control"], "no-store");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

const GET: reqwest::Method = reqwest::Method::GET;
const POST: reqwest::Method = reqwest::Method::POST;

journey! {
    async fn every_contact_on_record_hears_of_a_link_and_the_neighbour_of_none(app: App) {
        let point = |system, value: &str, usage: &str| ContactPoint {
            system,
            value: value.to_owned(),
            usage: Some(usage.to_owned()),
            rank: None,
        };
        let mut patient = kinlink_testkit::imported("p1");
        patient.demographics.telecom.extend([
            point(ContactSystem::Email, "second@patients.example", "work"),
            point(ContactSystem::Email, "gone@patients.example", "old"),
            point(ContactSystem::Phone, "+1 617 555 0123", "mobile"),
            point(ContactSystem::Phone, "+1 617 555 0199", "home"),
        ]);
        let mut unit = app.fixture.begin().await;
        unit.upsert_patients(app.fixture.here.id, vec![patient], app.fixture.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
        let issued = app.registrar().invites("p1").await;
        app.person("anna").redeems(issued.text("/code")).await.expect(201);
        let mut tokens = Vec::new();
        let mut mailed = Vec::new();
        for message in app.fixture.outbox(MessageKind::Mail).await {
            let MessageBody::Mail { to, mail: Mail::LinkNotice { organization, service, dispute, .. } } = message.body
            else { panic!("something else was mailed") };
            assert_eq!((organization.as_str(), service.as_str()), ("Hospital here", "127.0.0.1"));
            let token = DisputeToken::read(&dispute, &*app.fixture.ports.vault).unwrap();
            assert_eq!(token.message, message.id, "bound to the message");
            mailed.push(to);
            tokens.push(dispute);
        }
        mailed.sort();
        assert_eq!(mailed, ["p1@patients.example", "second@patients.example"]);
        let texts = app.fixture.outbox(MessageKind::Text).await;
        let [text] = texts.as_slice() else { panic!("{} texts", texts.len()) };
        let MessageBody::Text { to, text: Text::LinkNotice { dispute, .. } } = &text.body else { panic!("no notice") };
        assert_eq!(to.as_str(), "+16175550123");
        tokens.push(dispute.clone());
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), 3, "each message has its own");
        let told = app.staff("auditor", "here").get("/v1/audit?action=link.notify").await.expect(200);
        assert_eq!(told.body["entries"][0]["detail"], json!({"mails": 2, "texts": 1}));
    }
}

journey! {
    async fn one_press_stops_the_access_and_a_look_at_the_page_does_not(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, token) = linked(app, "mallory", "p1").await;
        for _ in 0..3 {
            let (status, html) = page(app, GET, &token).await;
            assert_eq!(status, 200);
            assert!(html.contains("Hospital here") && html.contains("<button type=\"submit\">"));
            for secret in ["Featherstonehaugh", "Wilhelmina", "1984", "p1", "mallory", link.as_str()] {
                assert!(!html.contains(secret), "the page tells {secret}");
            }
        }
        assert_eq!(links_of(app, &client, "mallory").await, 1, "scanners open every link");
        for _ in 0..2 {
            let (status, html) = page(app, POST, &token).await;
            assert_eq!(status, 200);
            assert!(html.contains("The access is stopped") && !html.contains("<button"), "{html}");
            assert_eq!(links_of(app, &client, "mallory").await, 0);
        }
        assert!(page(app, GET, &token).await.1.contains("The access is stopped"));

        let reviewer = app.staff("reviewer", "here");
        let open = reviewer.get("/v1/disputes?status=open").await.expect(200);
        assert_eq!(open.body["disputes"].as_array().unwrap().len(), 1, "pressed twice, opened once");
        assert_eq!(open.text("/disputes/0/link"), link);
        let seen = app.person("mallory").get("/v1/account/links").await.expect(200);
        assert_eq!(seen.text("/links/0/status"), "suspended");
        assert!(seen.body["links"][0]["reason"].is_null(), "nor why");
        assert!(!seen.body.to_string().contains("contact") && !seen.body.to_string().contains("msg_"), "nor by whom");
        client.get(&format!("/v1/links/{link}")).await.expect(404);
        let staff = reviewer.get(&format!("/v1/links/{link}")).await.expect(200);
        assert_eq!(staff.text("/reason"), "disputed");

        let path = format!("/v1/disputes/{}", open.text("/disputes/0/id"));
        let upheld = reviewer.post(&format!("{path}/uphold"), json!({"reason": "fraud"})).await.expect(200);
        assert_eq!((upheld.text("/status"), upheld.text("/reason")), ("upheld", "fraud"));
        let again = reviewer.post(&format!("{path}/dismiss"), json!({"reason": "unfounded"})).await.expect(409);
        assert_eq!(again.problem(), "dispute-decided");
        let ended = app.registrar().get(&format!("/v1/links/{link}")).await.expect(200);
        assert_eq!((ended.text("/status"), ended.text("/reason")), ("revoked", "fraud"));
        assert!(page(app, GET, &token).await.1.contains("ended before"));
        let audit = app.staff("auditor", "here").get("/v1/audit?action=dispute.open").await.expect(200);
        assert_eq!(audit.text("/entries/0/actor/type"), "contact");
    }
}

journey! {
    async fn a_dismissed_dispute_opens_the_record_again_and_the_same_notice_closes_it_no_more(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, token) = linked(app, "anna", "p1").await;
        let nobody = app.with_token("");
        let opened = nobody.post("/v1/disputes", json!({"token": token})).await.expect(200);
        assert_eq!(opened.body, json!({"standing": "in_review", "organization_name": "Hospital here"}));
        let reviewer = app.staff("reviewer", "here");
        let reinstate = format!("/v1/links/{link}/reinstate");
        let refused = reviewer.post(&reinstate, json!({"reason": "unfounded"})).await.expect(409);
        assert_eq!(refused.problem(), "dispute-open");
        let list = reviewer.get("/v1/disputes").await.expect(200);
        let dismiss = format!("/v1/disputes/{}/dismiss", list.text("/disputes/0/id"));
        let body = json!({"reason": "patient_confirmed"});
        assert_eq!(reviewer.post(&dismiss, body).await.expect(200).text("/status"), "dismissed");
        assert_eq!(links_of(app, &client, "anna").await, 1);
        let again = nobody.post("/v1/disputes", json!({"token": token})).await.expect(200);
        assert_eq!(again.text("/standing"), "reviewed");
        assert_eq!(page(app, POST, &token).await.0, 200);
        assert_eq!(links_of(app, &client, "anna").await, 1);
    }
}

journey! {
    async fn a_link_that_was_ended_meanwhile_can_only_be_upheld(app: App) {
        let (link, token) = linked(app, "anna", "p1").await;
        app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
        let revoke = format!("/v1/links/{link}/revoke");
        app.person("anna").post(&revoke, json!({"reason": "not_me"})).await.expect(200);
        let reviewer = app.staff("admin", "here");
        let list = reviewer.get("/v1/disputes").await.expect(200);
        let path = format!("/v1/disputes/{}", list.text("/disputes/0/id"));
        let refused = reviewer.post(&format!("{path}/dismiss"), json!({"reason": "unfounded"})).await.expect(409);
        assert_eq!(refused.problem(), "link-ended");
        reviewer.post(&format!("{path}/uphold"), json!({"reason": "not_me"})).await.expect(422);
        reviewer.post(&format!("{path}/uphold"), json!({"reason": "wrong_person"})).await.expect(200);
        let ended = reviewer.get(&format!("/v1/links/{link}")).await.expect(200);
        assert_eq!(ended.text("/reason"), "not_me", "whoever ended it first did");
    }
}

journey! {
    async fn staff_suspend_and_lift_with_reasons_and_lookups_follow_at_once(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, token) = linked(app, "anna", "p1").await;
        let reviewer = app.staff("reviewer", "here");
        let (suspend, reinstate) = (format!("/v1/links/{link}/suspend"), format!("/v1/links/{link}/reinstate"));
        reviewer.post(&suspend, json!({"reason": "disputed"})).await.expect(422);
        let lifted = reviewer.post(&reinstate, json!({"reason": "unfounded"})).await.expect(409);
        assert_eq!(lifted.problem(), "link-not-suspended");
        let done = reviewer.post(&suspend, json!({"reason": "safety"})).await.expect(200);
        assert_eq!((done.text("/link/status"), done.text("/link/reason")), ("suspended", "safety"));
        assert_eq!(links_of(app, &client, "anna").await, 0);
        assert_eq!(reviewer.post(&suspend, json!({"reason": "safety"})).await.expect(409).problem(), "link-suspended");
        let issued = app.registrar().invites("p1").await;
        let redeemed = app.person("anna").redeems(issued.text("/code")).await.expect(200);
        assert_eq!(redeemed.text("/link/status"), "suspended", "a new code does not lift it");
        assert!(redeemed.body["link"]["reason"].is_null());
        assert_eq!(links_of(app, &client, "anna").await, 0);
        reviewer.post(&reinstate, json!({"reason": "unfounded"})).await.expect(200);
        assert_eq!(links_of(app, &client, "anna").await, 1);
        // Suspended by staff, then disputed: the dispute stands beside it.
        reviewer.post(&suspend, json!({"reason": "review"})).await.expect(200);
        app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
        assert_eq!(reviewer.get(&format!("/v1/links/{link}")).await.expect(200).text("/reason"), "review");
        assert_eq!(reviewer.get("/v1/disputes").await.expect(200).body["disputes"].as_array().unwrap().len(), 1);
    }
}

journey! {
    async fn tokens_that_are_forged_expired_or_of_another_link_close_nothing(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (anna, token) = linked(app, "anna", "p1").await;
        let (ben, others) = linked(app, "ben", "p2").await;
        let vault = &*app.fixture.ports.vault;
        let (mine, theirs) = (DisputeToken::read(&token, vault).unwrap(), DisputeToken::read(&others, vault).unwrap());
        assert_eq!((mine.link.to_string(), theirs.link.to_string()), (anna, ben));
        // The head of one token, which names the link, before the rest of the other.
        let spliced = format!("{}{}", &others[..40], &token[40..]);
        let other_keys = kinlink_vault::KeyRing::generate(&kinlink_vault::OsRandom);
        let forged = mine.write(&other_keys);
        let nobody = app.with_token("");
        for wrong in [spliced.as_str(), &forged, &token[1..], "x", "..%2f..%2fetc", &"A".repeat(190)] {
            let (status, html) = page(app, POST, wrong).await;
            assert!(status == 404 && html.contains("does not work"), "{wrong}: {status}");
            if !wrong.contains('%') {
                let refused = nobody.post("/v1/disputes", json!({"token": wrong})).await.expect(422);
                assert_eq!(refused.problem(), "dispute-token-not-accepted");
            }
        }
        let long = nobody.post("/v1/disputes", json!({"token": "A".repeat(201)})).await.expect(422);
        assert_eq!(long.problem(), "invalid-member");
        assert_eq!((links_of(app, &client, "anna").await, links_of(app, &client, "ben").await), (1, 1));

        page(app, POST, &others).await;
        assert_eq!((links_of(app, &client, "anna").await, links_of(app, &client, "ben").await), (1, 0));
        app.pass(TimeDelta::days(90));
        let (status, html) = page(app, POST, &token).await;
        assert!(status == 410 && html.contains("expired"), "{status}");
        let late = nobody.post("/v1/disputes", json!({"token": token})).await.expect(410);
        assert_eq!(late.problem(), "dispute-token-expired");
        assert_eq!(links_of(app, &client, "anna").await, 1);
    }
}

journey! {
    async fn whoever_guesses_is_locked_out_by_address(app: App) {
        let (_, token) = linked(app, "anna", "p1").await;
        let nobody = app.with_token("");
        for _ in 0..100 {
            nobody.post("/v1/disputes", json!({"token": "guess"})).await.expect(422);
        }
        let locked = nobody.post("/v1/disputes", json!({"token": token})).await.expect(429);
        assert_eq!(locked.problem(), "too-many-attempts");
        assert_eq!(page(app, POST, &token).await.0, 429);
        app.pass(TimeDelta::hours(1));
        assert_eq!(page(app, POST, &token).await.0, 200);
    }
}

journey! {
    async fn a_dispute_is_decided_at_the_record_that_is_left_by_a_merge(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (first, token) = linked(app, "anna", "p1").await;
        let (second, other) = linked(app, "anna", "p2").await;
        for token in [token, other] {
            app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
            app.pass(TimeDelta::seconds(1));
        }
        merge(app, true, 2).await;
        let reviewer = app.staff("reviewer", "here");
        let open = reviewer.get("/v1/disputes?status=open").await.expect(200);
        assert_eq!(open.text("/disputes/1/link"), first);
        assert_eq!(open.text("/disputes/1/standing_link"), second, "anna's own at p2 stands for it");
        assert!(open.body["disputes"][0]["standing_link"].is_null(), "that one stands for itself");
        let dispute = open.text("/disputes/1/id");
        let desk = Browser::of(app, "reviewer-here").await;
        let page = desk.get(&format!("/staff/disputes/{dispute}")).await.expect(200);
        page.says("A contact on record p2").says(&format!("/staff/links/{second}"));
        desk.get(&format!("/staff/links/{second}")).await.expect(200).says("Decide the dispute");
        let path = format!("/v1/disputes/{dispute}/uphold");
        let decided = reviewer.post(&path, json!({"reason": "wrong_person"})).await.expect(200);
        assert!(decided.body["standing_link"].is_null(), "what was decided is history");
        assert_eq!(links_of(app, &client, "anna").await, 0);
        merge(app, false, 3).await;
        assert_eq!(links_of(app, &client, "anna").await, 0, "nor does either come back");
    }
}

journey! {
    async fn a_proxy_of_a_disputed_patient_who_is_disputed_too_stays_out_until_both_are_dismissed(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, _, bens) = granted(app).await;
        let nobody = app.with_token("");
        for link in [&link, &bens] {
            let token = fresh_token(app, link);
            nobody.post("/v1/disputes", json!({"token": token})).await.expect(200);
            app.pass(TimeDelta::seconds(1));
        }
        let reviewer = app.staff("reviewer", "here");
        let reason = async || reviewer.get(&format!("/v1/links/{bens}")).await.expect(200).text("/reason").to_owned();
        assert_eq!(reason().await, "disputed");
        let open = reviewer.get("/v1/disputes?status=open").await.expect(200);
        let dismiss = async |number: usize| {
            let dispute = open.text(&format!("/disputes/{number}/id"));
            let path = format!("/v1/disputes/{dispute}/dismiss");
            reviewer.post(&path, json!({"reason": "unfounded"})).await.expect(200);
        };
        // Newest first: Ben's is the first.
        dismiss(1).await;
        assert_eq!((links_of(app, &client, "anna").await, links_of(app, &client, "ben").await), (1, 0));
        assert_eq!(reason().await, "disputed");
        dismiss(0).await;
        assert_eq!(links_of(app, &client, "ben").await, 1);
        // The other way round: with the patient's own link in doubt, Ben's stays closed for that.
        for link in [&link, &bens] {
            let token = fresh_token(app, link);
            nobody.post("/v1/disputes", json!({"token": token})).await.expect(200);
            app.pass(TimeDelta::seconds(1));
        }
        let open = reviewer.get("/v1/disputes?status=open").await.expect(200);
        let path = format!("/v1/disputes/{}/dismiss", open.text("/disputes/0/id"));
        reviewer.post(&path, json!({"reason": "unfounded"})).await.expect(200);
        assert_eq!((links_of(app, &client, "ben").await, reason().await), (0, "grantor".to_owned()));
        let path = format!("/v1/disputes/{}/dismiss", open.text("/disputes/1/id"));
        reviewer.post(&path, json!({"reason": "unfounded"})).await.expect(200);
        assert_eq!(links_of(app, &client, "ben").await, 1);
    }
}

journey! {
    async fn disputes_are_given_in_parts_and_so_is_their_page(app: App) {
        for patient in ["p1", "p2", "p3"] {
            disputed(app, patient).await;
            app.pass(TimeDelta::seconds(1));
        }
        let reviewer = app.staff("reviewer", "here");
        let first = reviewer.get("/v1/disputes?limit=2&status=open").await.expect(200);
        assert_eq!(first.body["disputes"].as_array().unwrap().len(), 2);
        let rest = format!("/v1/disputes?limit=2&status=open&cursor={}", first.text("/next_cursor"));
        let rest = reviewer.get(&rest).await.expect(200);
        assert_eq!((rest.body["disputes"].as_array().unwrap().len(), rest.body["next_cursor"].is_null()), (1, true));
        let last = rest.text("/disputes/0/id");
        let desk = Browser::of(app, "reviewer-here").await;
        let page = desk.get("/staff/disputes?organization=here&status=open&limit=2").await.expect(200);
        assert!(page.text.matches("<th scope=\"row\">").count() == 2 && !page.text.contains(last));
        let older = page.text.split_once("Older ones").unwrap().0.rsplit_once("href=\"").unwrap().1;
        let older = older.trim_end_matches("\">").replace("&#38;", "&").replace("&amp;", "&");
        let page = desk.get(&older).await.expect(200);
        assert!(page.text.matches("<th scope=\"row\">").count() == 1 && page.text.contains(last));
        assert!(!page.text.contains("Older ones"));
    }
}
