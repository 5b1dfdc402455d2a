//! Every access to a record ends in one act, and whoever loses it learns nothing but that.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    dispute::{Dispute, DisputeState},
    id::{DisputeId, MessageId},
    link::Revocation,
    patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType},
};
use kinlink_testkit::imported;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller, Reply},
    browser::Browser,
};

/// Previews, and confirms what was shown.
pub(crate) async fn ends(app: &App, by: &Caller, whose: &Value, reason: &str) -> Reply {
    let preview = app.at(&app.url, by).post("/v1/endings/preview", whose.clone()).await.expect(200);
    by.post("/v1/endings", confirmed(whose, reason, preview.text("/digest"))).await.expect(201)
}

fn confirmed(whose: &Value, reason: &str, digest: &str) -> Value {
    let mut body = whose.clone();
    body["reason"] = json!(reason);
    body["digest"] = json!(digest);
    body
}

fn counts(links: u8, invitations: u8, claims: u8) -> Value {
    json!({"links": links, "invitations": invitations, "claims": claims, "offers": 0, "access_requests": 0})
}

/// How many records this login opens, as a client hears it.
async fn opens(app: &App, client: &Caller, name: &str) -> usize {
    let found = client.post("/v1/links/lookup", app.account(name)).await.expect(200);
    found.body["links"].as_array().unwrap().len()
}

async fn linked(app: &App, name: &str, patient: &str) -> String {
    let code = app.registrar().invites(patient).await.text("/code").to_owned();
    app.person(name).redeems(&code).await.expect(201).text("/link/id").to_owned()
}

journey! {
    async fn everything_that_opens_a_record_ends_at_once_and_a_second_person_opens_it_again(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        linked(app, "anna", "p1").await;
        app.proxy("ben", "p1").await;
        app.proxy("ben", "p2").await;
        let open = app.registrar().invites("p1").await;
        let whose = json!({"patient": "p1"});
        let registrar = app.registrar();
        let preview = registrar.post("/v1/endings/preview", whose.clone()).await.expect(200);
        assert_eq!(preview.body["counts"], counts(2, 1, 0));
        assert_eq!((opens(app, &client, "anna").await, opens(app, &client, "ben").await), (1, 2));
        let body = confirmed(&whose, "safety", preview.text("/digest"));
        let ended = registrar.post("/v1/endings", body.clone()).await.expect(201);
        assert_eq!((ended.text("/status"), ended.text("/reason")), ("done", "safety"));
        assert_eq!((opens(app, &client, "anna").await, opens(app, &client, "ben").await), (0, 1));
        app.person("carla").redeems(open.text("/code")).await.expect(422);
        assert_eq!(registrar.post("/v1/endings", body).await.expect(409).problem(), "ending-changed");

        let path = format!("/v1/endings/{}", ended.text("/id"));
        let undo = format!("{path}/undo");
        registrar.post(&undo, json!({})).await.expect(403);
        let undone = app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        let counts = (&undone.body["links"], &undone.body["invitations"], &undone.body["left"]);
        assert_eq!(counts, (&json!(2), &json!(1), &json!(0)));
        assert_eq!((opens(app, &client, "anna").await, opens(app, &client, "ben").await), (1, 2));
        app.person("carla").redeems(open.text("/code")).await.expect(201);
        let again = app.staff("admin", "here").post(&undo, json!({})).await.expect(409);
        assert_eq!(again.problem(), "ending-undone");
        assert_eq!(registrar.get(&path).await.expect(200).text("/status"), "undone");
        let listed = registrar.get("/v1/endings").await.expect(200);
        assert_eq!(listed.body["endings"].as_array().unwrap().len(), 1);
    }
}

journey! {
    async fn what_changed_since_it_was_shown_is_shown_again_and_nothing_is_ended(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        app.proxy("ben", "p1").await;
        let whose = json!({"patient": "p1"});
        let preview = app.registrar().post("/v1/endings/preview", whose.clone()).await.expect(200);
        linked(app, "anna", "p1").await;
        let refused = app.registrar().post("/v1/endings", confirmed(&whose, "fraud", preview.text("/digest"))).await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.problem(), "ending-changed");
        assert_eq!(refused.body["preview"]["counts"]["links"], 2);
        assert_eq!(opens(app, &client, "ben").await, 1);
        let digest = refused.text("/preview/digest");
        app.registrar().post("/v1/endings", confirmed(&whose, "not_me", digest)).await.expect(422);
        app.registrar().post("/v1/endings", confirmed(&whose, "merged", digest)).await.expect(422);
        app.registrar().post("/v1/endings", confirmed(&whose, "fraud", digest)).await.expect(201);
        assert_eq!(opens(app, &client, "ben").await, 0);
        let empty = app.registrar().post("/v1/endings/preview", whose.clone()).await.expect(200);
        let nothing = app.registrar().post("/v1/endings", confirmed(&whose, "fraud", empty.text("/digest"))).await;
        assert_eq!(nothing.expect(409).problem(), "nothing-to-end");
        for wrong in [json!({}), json!({"patient": "p1", "account": "acc_0197f2f31c2a7d0c8e6f2b7f5a1d9c22"})] {
            app.registrar().post("/v1/endings/preview", wrong).await.expect(422);
        }
        app.registrar().post("/v1/endings/preview", json!({"patient": "nobody"})).await.expect(422);
    }
}

journey! {
    async fn the_patients_own_link_can_stay_and_an_accounts_links_end_together(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        linked(app, "anna", "p1").await;
        app.proxy("ben", "p1").await;
        app.proxy("ben", "p2").await;
        ends(app, &app.registrar(), &json!({"patient": "p1", "keep_self": true}), "safety").await;
        assert_eq!((opens(app, &client, "anna").await, opens(app, &client, "ben").await), (1, 1));
        let mine = app.person("ben").get("/v1/account/links").await.expect(200);
        let account = json!({"account": mine.text("/links/0/account")});
        ends(app, &app.staff("admin", "here"), &account, "fraud").await;
        assert_eq!(opens(app, &client, "ben").await, 0);
    }
}

journey! {
    async fn only_another_person_undoes_and_only_in_time(app: App) {
        app.proxy("ben", "p1").await;
        let reviewer = app.staff("reviewer", "here");
        let ended = ends(app, &reviewer, &json!({"patient": "p1"}), "court_order").await;
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        assert_eq!(reviewer.post(&undo, json!({})).await.expect(409).problem(), "second-person-needed");
        app.pass(TimeDelta::hours(72));
        let late = app.staff("admin", "here").post(&undo, json!({})).await.expect(409);
        assert_eq!(late.problem(), "undo-too-late");
    }
}

journey! {
    async fn undoing_leaves_alone_what_somebody_changed_since(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        linked(app, "anna", "p1").await;
        app.proxy("ben", "p1").await;
        let ended = ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        let again = linked(app, "anna", "p1").await;
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        let undone = app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        assert_eq!((&undone.body["links"], &undone.body["left"]), (&json!(1), &json!(1)));
        assert_eq!((opens(app, &client, "anna").await, opens(app, &client, "ben").await), (1, 1));
        let links = app.person("anna").get("/v1/account/links").await.expect(200);
        let links = links.body["links"].as_array().unwrap().clone();
        let open: Vec<_> = links.iter().filter(|link| link["status"] == "active").collect();
        assert_eq!((open.len(), &open[0]["id"]), (1, &json!(again)));
    }
}

journey! {
    async fn a_claim_is_declined_unheard_and_its_code_opens_nothing(app: App) {
        let claim = app.person("anna").post("/v1/claims", crate::claims::certain("p1")).await.expect(202);
        app.match_claims().await;
        let code = app.claim_codes().await.remove(0).1;
        let preview = app.registrar().post("/v1/endings/preview", json!({"patient": "p1"})).await.expect(200);
        assert_eq!(preview.body["counts"]["claims"], 1);
        ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        let path = format!("/v1/claims/{}", claim.text("/id"));
        let seen = app.person("anna").get(&path).await.expect(200);
        assert_eq!(seen.text("/status"), "open", "whoever claims is not told that there was a record");
        let confirm = app.person("anna").post(&format!("{path}/confirm"), json!({"code": code})).await;
        assert_eq!(confirm.expect(422).problem(), "code-not-accepted");
    }
}

journey! {
    async fn an_ending_of_a_record_reaches_those_that_were_merged_into_it(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        app.proxy("ben", "p1").await;
        let open = app.registrar().invites("p1").await;
        let other = FhirId::parse("p2").unwrap();
        let links = vec![RecordLink { other, kind: RecordLinkType::ReplacedBy }];
        app.import(ImportedPatient { links, ..imported("p1") }).await;
        let found = client.post("/v1/links/lookup", app.account("ben")).await.expect(200);
        assert_eq!(found.text("/links/0/patient"), "p2", "the link opens the record that stands");
        for named in ["p1", "p2"] {
            let preview = app.registrar().post("/v1/endings/preview", json!({"patient": named})).await.expect(200);
            assert_eq!(preview.body["counts"], counts(1, 1, 0), "{named}");
        }
        let ended = ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        assert_eq!(opens(app, &client, "ben").await, 0);
        app.import(imported("p1")).await;
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        let found = client.post("/v1/links/lookup", app.account("ben")).await.expect(200);
        assert_eq!(found.text("/links/0/patient"), "p1", "the merge was taken back in between");
        let made = app.person("carla").redeems(open.text("/code")).await.expect(201);
        assert_eq!(made.text("/link/patient"), "p1");
    }
}

journey! {
    async fn nothing_that_the_ended_proxy_can_read_says_who_did_it_why_or_when(app: App) {
        let link = app.proxy("ben", "p1").await;
        let suspended = app.proxy("ben", "p2").await;
        app.mails().await;
        app.pass(TimeDelta::minutes(307));
        let ended = ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        let suspend = format!("/v1/links/{suspended}/suspend");
        app.staff("reviewer", "here").post(&suspend, json!({"reason": "fraud"})).await.expect(200);
        let staff = ended.text("/by/id").to_owned();
        assert!(ended.text("/ended_at").contains("17:07"), "{}", ended.body);
        app.pass(TimeDelta::hours(2));
        let ben = app.person("ben");
        let mut told = Vec::new();
        for path in [
            "/v1/account/links".to_owned(),
            format!("/v1/links/{link}"),
            format!("/v1/links/{suspended}"),
            format!("/v1/links/{link}/explain"),
            format!("/v1/links/{suspended}/explain"),
            format!("/v1/links/{link}/explain?at=2027-01-01T00:00:00Z"),
            "/v1/claims".to_owned(),
            "/v1/totp".to_owned(),
        ] {
            told.push((path.clone(), ben.get(&path).await.expect(200).body.to_string()));
        }
        for past in ["2026-03-01T17:06:00Z", "2026-03-01T12:00:00Z"] {
            let path = format!("/v1/links/{link}/explain?at={past}");
            told.push((path.clone(), ben.get(&path).await.expect(403).body.to_string()));
        }
        let revoke = format!("/v1/links/{link}/revoke");
        let refused = ben.post(&revoke, json!({"reason": "not_me"})).await.expect(409);
        told.push((revoke, refused.body.to_string()));
        let browser = Browser::of(app, "ben").await;
        for path in ["/", "/me", "/redeem"] {
            told.push((path.to_owned(), browser.get(path).await.expect(200).text));
        }
        let path = format!("/me/links/{link}/end");
        told.push((path.clone(), browser.get(&path).await.expect(409).text));
        let path = format!("/staff/links/{link}");
        told.push((path.clone(), browser.get(&path).await.text));
        told.extend(app.mails().await.into_iter().map(|(to, mail)| (to, format!("{mail:?}"))));
        for (where_, text) in told {
            for word in ["safety", "fraud", "17:07", &staff, ended.text("/id"), "court", "registrar", "reviewer"] {
                assert!(!text.to_lowercase().contains(word), "{word} in {where_}: {text}");
            }
        }
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        client.get(&format!("/v1/links/{link}")).await.expect(404);
        client.get(&format!("/v1/links/{link}/explain")).await.expect(404);
    }
}

journey! {
    async fn undoing_opens_nothing_that_somebody_decided_against_since(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let anna = linked(app, "anna", "p1").await;
        let bens = app.proxy("ben", "p1").await;
        app.proxy("carla", "p1").await;
        let account = app.registrar().get(&format!("/v1/links/{bens}")).await.expect(200).text("/account").to_owned();
        let ended = ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        let bar = json!({"organization": "here", "patient": {"id": "p1"}, "account": account, "person": "Ben", "reference": "4 F 7"});
        let barred = app.registrar().post("/v1/bars", bar).await.expect(201);
        assert!(barred.body["ended"].is_null(), "nothing was open");
        dispute_upheld(app, &anna).await;
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        let undone = app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        assert_eq!((&undone.body["links"], &undone.body["left"]), (&json!(1), &json!(2)));
        for (name, open) in [("ben", 0), ("anna", 0), ("carla", 1)] {
            assert_eq!(opens(app, &client, name).await, open, "{name}");
        }
    }
}

/// A dispute of a link that was ended meanwhile, which staff found right.
async fn dispute_upheld(app: &App, link: &str) {
    let now = app.fixture.ports.clock.now();
    let random = &*app.fixture.ports.random;
    let mut unit = app.begin().await;
    let link = unit.link(link.parse().unwrap()).await.unwrap().unwrap();
    let open = Dispute {
        id: DisputeId::new(now, random),
        organization: link.organization,
        link: link.id,
        account: link.account,
        patient: link.patient,
        message: MessageId::new(now, random),
        opened_at: now,
        state: DisputeState::Open,
    };
    unit.add_dispute(&open).await.unwrap();
    let upheld = open.uphold(Actor::Operator, Revocation::WrongPerson, now).unwrap();
    unit.update_dispute(&upheld).await.unwrap();
    unit.save().await.unwrap();
}

journey! {
    async fn undoing_opens_by_the_record_as_it_is_now(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let papers = json!([{"paper": "birth_certificate"}]);
        for name in ["c1", "c2"] {
            crate::family::child(app, name).await;
            let body = crate::family::inviting(name, "MTH", "parental_responsibility", &papers);
            let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
            app.person("mum").redeems(issued.text("/code")).await.expect(201);
        }
        let mine = app.person("mum").get("/v1/account/links").await.expect(200);
        let whose = json!({"account": mine.text("/links/0/account")});
        let ended = ends(app, &app.registrar(), &whose, "safety").await;
        let except = json!({"organization": "here", "patient": {"id": "c1"}, "kind": "emancipated", "reason": "court", "reference": "7"});
        app.registrar().post("/v1/age-exceptions", except).await.expect(201);
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        let undone = app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        assert_eq!(undone.body["links"], 2);
        let found = client.post("/v1/links/lookup", app.account("mum")).await.expect(200);
        let links = found.body["links"].as_array().unwrap();
        assert_eq!((links.len(), &links[0]["patient"]), (1, &json!("c2")), "an emancipated child's is closed");
    }
}
