//! A patient lets somebody act, sees what they do with it, and ends it; and whatever may stand in the way.

use std::time::Duration;

use chrono::TimeDelta;
use kinlink_domain::outbox::Mail;
use serde_json::{Value, json};

use crate::app::{App, Caller, Reply};

/// Links a person to a record as the patient; returns the link.
pub(crate) async fn patient(app: &App, name: &str, record: &str) -> String {
    let issued = app.registrar().invites(record).await;
    app.person(name).redeems(issued.text("/code")).await.expect(201).text("/link/id").to_owned()
}

/// What a patient offers, to hand over.
pub(crate) fn offering(link: &str, profile: &str) -> Value {
    json!({"link": link, "relationship": "SPS", "profile": profile})
}

pub(crate) async fn accepts(caller: &Caller, code: &str) -> Reply {
    caller.post("/v1/grants/accept", json!({"code": code})).await
}

/// Anna opens p1, and lets Ben act; returns her link, the grant and his link.
pub(crate) async fn granted(app: &App) -> (String, String, String) {
    let link = patient(app, "anna", "p1").await;
    let offered = app.person("anna").post("/v1/grants", offering(&link, "everything")).await.expect(201);
    let accepted = accepts(&app.person("ben"), offered.text("/code")).await.expect(201);
    (link, offered.text("/grant/id").to_owned(), accepted.text("/link/id").to_owned())
}

/// What a lookup answers of this person.
pub(crate) async fn found(app: &App, client: &Caller, name: &str) -> Vec<Value> {
    let found = client.post("/v1/links/lookup", app.account(name)).await.expect(200);
    found.body["links"].as_array().unwrap().clone()
}

journey! {
    async fn a_patient_lets_somebody_act_sees_who_does_and_ends_it_with_one_act(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = patient(app, "anna", "p1").await;
        let offered =
            app.person("anna").post("/v1/grants", offering(&link, "appointments")).await.expect(201);
        assert_eq!(offered.text("/grant/status"), "offered");
        assert!(found(app, &client, "ben").await.is_empty(), "an offer opens nothing");
        let accepted = accepts(&app.person("ben"), offered.text("/code")).await.expect(201);
        let grant = format!("/v1/grants/{}", accepted.text("/grant/id"));

        let links = found(app, &client, "ben").await;
        assert_eq!(links.len(), 1);
        assert_eq!((&links[0]["role"], &links[0]["relationship"]), (&json!("proxy"), &json!("SPS")));
        assert_eq!(links[0]["permissions"], "patient/Appointment.rs patient/Patient.rs");
        let related = links[0]["fhirUser"].as_str().unwrap();
        assert!(related.contains("/RelatedPerson/"), "the proxy is not the patient: {related}");

        tokio::time::sleep(Duration::from_millis(600)).await;
        let seen = app.person("anna").get("/v1/grants").await.expect(200);
        assert_eq!(seen.text("/given/0/status"), "accepted");
        assert_eq!(seen.text("/given/0/link/status"), "active");
        assert!(seen.body["given"][0]["last_used_at"].is_string(), "{}", seen.body);
        let held = app.person("ben").get("/v1/grants").await.expect(200);
        assert_eq!(held.text("/held/0/id"), offered.text("/grant/id"));
        assert!(held.body["held"][0]["last_used_at"].is_null());

        let ended = app.person("anna").post(&format!("{grant}/end"), json!({})).await.expect(200);
        assert_eq!(ended.text("/grant/status"), "ended");
        assert!(found(app, &client, "ben").await.is_empty());
        assert_eq!(found(app, &client, "anna").await.len(), 1, "her own stays");
        let told = app.person("ben").get(&grant).await.expect(200);
        assert_eq!(told.text("/grant/status"), "ended");
        assert!(told.body["grant"]["ended_at"].is_null() && told.body["grant"]["reason"].is_null());
        let staff = app.registrar().get(&grant).await.expect(200);
        assert_eq!(staff.text("/grant/reason"), "patient_ended");
        let again = app.person("anna").post(&format!("{grant}/end"), json!({})).await.expect(409);
        assert_eq!(again.problem(), "grant-closed");
        app.person("somebody").get(&grant).await.expect(404);
        app.person("somebody").post(&format!("{grant}/end"), json!({})).await.expect(404);
    }
}

journey! {
    async fn an_offer_by_email_is_not_shown_and_the_proxy_can_walk_away(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = patient(app, "anna", "p1").await;
        let mut body = offering(&link, "basics");
        body["email"] = json!("ben@mail.example");
        let offered = app.person("anna").post("/v1/grants", body).await.expect(201);
        assert!(offered.body["code"].is_null());
        let code = app.mails().await.into_iter().find_map(|(to, mail)| match mail {
            Mail::ProxyOffer { code, .. } if to == "ben@mail.example" => Some(code),
            _ => None,
        });
        let accepted = accepts(&app.person("ben"), &code.unwrap()).await.expect(201);
        let made = app.mails().await;
        assert!(
            made.iter().any(|(to, mail)| to == "p1@patients.example" && matches!(mail, Mail::LinkNotice { .. })),
            "the patient's contacts hear of it"
        );
        let grant = format!("/v1/grants/{}", accepted.text("/grant/id"));
        app.person("ben").post(&format!("{grant}/end"), json!({})).await.expect(200);
        assert!(found(app, &client, "ben").await.is_empty());
        let seen = app.person("anna").get(&grant).await.expect(200);
        assert_eq!(seen.text("/grant/status"), "ended");
        let link = app.person("ben").get(&format!("/v1/links/{}", accepted.text("/link/id"))).await.expect(200);
        assert_eq!(link.text("/status"), "revoked", "the grant and its link end together");
        let told: Vec<String> = app.mails().await.into_iter().map(|(to, _)| to).collect();
        assert_eq!(told, ["p1@patients.example"], "who walked away knows");
        app.fixture.reseals(&["proxy_grant"]).await;
    }
}

journey! {
    async fn ending_the_link_ends_the_grant_and_nobody_hears_of_it_for_safetys_sake(app: App) {
        let (_, grant, link) = granted(app).await;
        app.mails().await;
        let revoke = format!("/v1/links/{link}/revoke");
        app.registrar().post(&revoke, json!({"reason": "safety"})).await.expect(200);
        let seen = app.registrar().get(&format!("/v1/grants/{grant}")).await.expect(200);
        assert_eq!((seen.text("/grant/status"), seen.text("/grant/reason")), ("ended", "safety"));
        assert!(app.mails().await.is_empty());
        let listed = app.registrar().get("/v1/grants?organization=here&status=ended&patient=p1").await.expect(200);
        assert_eq!(listed.text("/grants/0/id"), grant);
        let live = app.registrar().get("/v1/grants?organization=here&status=accepted").await.expect(200);
        assert_eq!(live.body["grants"], json!([]));
    }
}

journey! {
    async fn wrong_used_declined_withdrawn_and_expired_codes_are_one_refusal(app: App) {
        let link = patient(app, "anna", "p1").await;
        let anna = app.person("anna");
        let offer = async || {
            let offered = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
            (offered.text("/grant/id").to_owned(), offered.text("/code").to_owned())
        };
        let (_, used) = offer().await;
        assert_eq!(accepts(&anna, &used).await.expect(409).problem(), "own-record");
        accepts(&app.person("ben"), &used).await.expect(201);
        let (_, declined) = offer().await;
        let no = app.person("carl").post("/v1/grants/decline", json!({"code": declined})).await.expect(200);
        assert_eq!(no.text("/grant/status"), "declined");
        let (withdrawn_id, withdrawn) = offer().await;
        let path = format!("/v1/grants/{withdrawn_id}/withdraw");
        app.person("ben").send(reqwest::Method::POST, &path, None, &[]).await.expect(404);
        anna.send(reqwest::Method::POST, &path, None, &[]).await.expect(200);
        let (_, expired) = offer().await;
        app.pass(TimeDelta::days(7));
        for code in ["0000-0000-0000", &used, &declined, &withdrawn, &expired] {
            let refused = accepts(&app.person("dora"), code).await.expect(422);
            assert_eq!(refused.problem(), "code-not-accepted", "{code}");
        }
        assert_eq!(accepts(&app.person("dora"), "U").await.expect(422).problem(), "code-mistyped");
        // As many again, with the codes of invitations among them, and no code is taken any more.
        for _ in 0..5 {
            app.person("dora").redeems("0000-0000-0000").await.expect(422);
        }
        assert_eq!(accepts(&app.person("dora"), &expired).await.expect(429).problem(), "too-many-attempts");
    }
}

journey! {
    async fn a_proxy_appoints_nobody_unless_policy_lets_them_and_then_no_more_than_they_have(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = patient(app, "anna", "p1").await;
        let offered = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let accepted = accepts(&app.person("ben"), offered.text("/code")).await.expect(201);
        let bens = offering(accepted.text("/link/id"), "everything");
        app.person("ben").post("/v1/grants", bens.clone()).await.expect(403);
        app.set_policy(|policy| policy.family.proxies_may_grant = true).await;
        let passed = app.person("ben").post("/v1/grants", bens).await.expect(201);
        accepts(&app.person("carl"), passed.text("/code")).await.expect(201);
        let (bens, carls) = (found(app, &client, "ben").await, found(app, &client, "carl").await);
        assert_eq!(carls[0]["permissions"], bens[0]["permissions"]);
        let grant = format!("/v1/grants/{}", accepted.text("/grant/id"));
        app.person("anna").post(&format!("{grant}/end"), json!({})).await.expect(200);
        assert!(found(app, &client, "ben").await.is_empty());
        assert!(found(app, &client, "carl").await.is_empty(), "what was passed on ends with what it came from");
    }
}

journey! {
    async fn a_patients_link_in_doubt_closes_what_it_granted(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, _, _) = granted(app).await;
        // Ids of one millisecond have no order.
        app.pass(TimeDelta::milliseconds(1));
        let open = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let reviewer = app.staff("reviewer", "here");
        let path = format!("/v1/links/{link}");
        reviewer.post(&format!("{path}/suspend"), json!({"reason": "fraud"})).await.expect(200);
        assert!(found(app, &client, "ben").await.is_empty());
        let refused = accepts(&app.person("carl"), open.text("/code")).await.expect(422);
        assert_eq!(refused.problem(), "code-not-accepted");
        reviewer.post(&format!("{path}/reinstate"), json!({"reason": "unfounded"})).await.expect(200);
        assert_eq!(found(app, &client, "ben").await.len(), 1, "it opens again with what it hangs on");
        reviewer.post(&format!("{path}/revoke"), json!({"reason": "wrong_person"})).await.expect(200);
        assert!(found(app, &client, "ben").await.is_empty());
        let grants = app.registrar().get("/v1/grants?organization=here").await.expect(200);
        assert_eq!(grants.text("/grants/0/status"), "withdrawn", "the open offer is gone");
        assert_eq!(grants.text("/grants/1/link/status"), "suspended", "staff decide what becomes of it");
    }
}

journey! {
    async fn a_grant_wants_step_up_a_known_profile_and_an_end_that_is_to_come(app: App) {
        let link = patient(app, "anna", "p1").await;
        let timeless = app.with_token(app.idp.token("anna", &json!({"auth_time": null})).unwrap());
        let refused = timeless.post("/v1/grants", offering(&link, "basics")).await.expect(401);
        assert_eq!(refused.problem(), "step-up-required");
        let anna = app.person("anna");
        let unknown = anna.post("/v1/grants", offering(&link, "nothing")).await.expect(422);
        assert_eq!(unknown.text("/errors/0/at"), "/profile");
        let mut over = offering(&link, "basics");
        over["until"] = json!(app.fixture.ports.clock.now());
        assert_eq!(anna.post("/v1/grants", over).await.expect(422).text("/errors/0/at"), "/until");
        app.person("ben").post("/v1/grants", offering(&link, "basics")).await.expect(404);
    }
}

journey! {
    async fn there_are_no_more_proxies_than_the_policy_allows_and_a_new_grant_takes_the_place_of_the_old(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        app.set_policy(|policy| policy.family.limits.per_record = 1).await;
        let (link, first, _) = granted(app).await;
        let anna = app.person("anna");
        let other = anna.post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let full = accepts(&app.person("carl"), other.text("/code")).await.expect(409);
        assert_eq!(full.problem(), "too-many-proxies");
        accepts(&app.person("ben"), other.text("/code")).await.expect(201);
        let links = found(app, &client, "ben").await;
        assert_eq!(links.len(), 1, "at most one live link of an account and a record");
        assert!(links[0]["permissions"].as_str().unwrap().contains("AllergyIntolerance"));
        let seen = app.registrar().get(&format!("/v1/grants/{first}")).await.expect(200);
        assert_eq!(seen.text("/grant/reason"), "superseded");
        app.set_policy(|policy| policy.family.limits = kinlink_domain::policy::ProxyLimits { per_record: 5, per_account: 1 }).await;
        let doras = patient(app, "dora", "p2").await;
        let second = app.person("dora").post("/v1/grants", offering(&doras, "basics")).await.expect(201);
        assert_eq!(accepts(&app.person("ben"), second.text("/code")).await.expect(409).problem(), "too-many-proxies");
    }
}
