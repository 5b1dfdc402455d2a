//! Merges of records, and endings of everything, carry along what stands behind a proxy's link.

use kinlink_domain::patient::{FhirId, ImportedPatient, RecordLink, RecordLinkType};
use kinlink_testkit::imported;
use serde_json::{Value, json};

use crate::{
    app::App,
    endings::ends,
    grants::{accepts, found, granted, offering, patient},
};

/// `p1` is said to be `p2` now, or to be itself again.
pub(crate) async fn merge(app: &App, merged: bool, day: u32) {
    let other = RecordLink { other: FhirId::parse("p2").unwrap(), kind: RecordLinkType::ReplacedBy };
    let mut record =
        ImportedPatient { links: if merged { vec![other] } else { Vec::new() }, ..imported("p1") };
    record.version.version_id = Some(day.to_string());
    // By the application's own storage, so that its caches hear of it at once.
    let mut unit = app.begin().await;
    unit.upsert_patients(app.fixture.here.id, vec![record], app.fixture.ports.clock.now()).await.unwrap();
    unit.save().await.unwrap();
}

fn records(links: &[Value]) -> Vec<&str> {
    links.iter().map(|link| link["patient"].as_str().unwrap()).collect()
}

journey! {
    async fn a_grant_and_an_open_offer_go_with_the_record_into_another_and_back(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, grant, _) = granted(app).await;
        let offered = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
        merge(app, true, 2).await;
        assert_eq!(records(&found(app, &client, "ben").await), ["p2"]);
        let carla = accepts(&app.person("carla"), offered.text("/code")).await.expect(201);
        assert_eq!(carla.text("/link/patient"), "p2");
        let during = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let dora = accepts(&app.person("dora"), during.text("/code")).await.expect(201);
        let seen = app.person("anna").get(&format!("/v1/grants/{grant}")).await.expect(200);
        assert_eq!((seen.text("/grant/status"), seen.text("/grant/patient")), ("accepted", "p2"));
        merge(app, false, 3).await;
        for (name, grant) in [("ben", &*grant), ("carla", carla.text("/grant/id")), ("dora", dora.text("/grant/id"))] {
            assert_eq!(records(&found(app, &client, name).await), ["p1"], "{name} does not stay at a stranger's");
            app.person("anna").post(&format!("/v1/grants/{grant}/end"), json!({})).await.expect(200);
            assert!(found(app, &client, name).await.is_empty(), "the patient still ends it");
        }
    }
}

journey! {
    async fn a_bar_at_either_record_holds_at_the_one_that_is_left(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, _, bens) = granted(app).await;
        let account = app.registrar().get(&format!("/v1/links/{bens}")).await.expect(200).text("/account").to_owned();
        let bar = json!({"organization": "here", "patient": {"id": "p2"}, "account": account, "person": "Ben", "reference": "4 F 7"});
        app.registrar().post("/v1/bars", bar).await.expect(201);
        assert_eq!(records(&found(app, &client, "ben").await), ["p1"], "at the other record nothing keeps Ben");
        merge(app, true, 2).await;
        assert!(found(app, &client, "ben").await.is_empty(), "whom a court keeps from it does not come by a merge");
        let ended = app.registrar().get(&format!("/v1/links/{bens}")).await.expect(200);
        assert_eq!((ended.text("/status"), ended.text("/reason")), ("revoked", "court_order"));
        merge(app, false, 3).await;
        assert!(found(app, &client, "ben").await.is_empty(), "nor does its end give anything back");
    }
}

journey! {
    async fn a_bar_at_a_record_that_was_merged_away_refuses_codes_for_the_one_that_is_left(app: App) {
        let own = patient(app, "anna", "p2").await;
        patient(app, "ben", "p3").await;
        let bens = app.person("ben").get("/v1/account/links").await.expect(200).text("/links/0/account").to_owned();
        let bar = json!({"organization": "here", "patient": {"id": "p1"}, "account": bens, "person": "Ben", "reference": "4 F 7"});
        app.registrar().post("/v1/bars", bar).await.expect(201);
        merge(app, true, 2).await;
        let offered = app.person("anna").post("/v1/grants", offering(&own, "basics")).await.expect(201);
        accepts(&app.person("ben"), offered.text("/code")).await.expect(422);
        accepts(&app.person("carla"), offered.text("/code")).await.expect(201);
    }
}

journey! {
    async fn codes_for_a_record_that_was_merged_away_make_links_that_go_home_with_it(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let letter = app.registrar().invites("p1").await;
        let claim = app.person("carla").post("/v1/claims", crate::claims::certain("p1")).await.expect(202);
        app.match_claims().await;
        let code = app.claim_codes().await.remove(0).1;
        merge(app, true, 2).await;
        crate::claims::confirms(&app.person("carla"), claim.text("/id"), &code).await.expect(201);
        app.person("anna").redeems(letter.text("/code")).await.expect(201);
        for (merged, day, record) in [(true, 2, "p2"), (false, 3, "p1")] {
            merge(app, merged, day).await;
            for name in ["anna", "carla"] {
                assert_eq!(records(&found(app, &client, name).await), [record], "{name}");
            }
        }
    }
}

journey! {
    async fn what_a_patient_agrees_to_while_records_are_merged_goes_where_the_patient_goes(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        patient(app, "anna", "p1").await;
        merge(app, true, 2).await;
        let asked = app.person("ben").post("/v1/access-requests", crate::requests::asking("p2")).await.expect(202);
        app.match_claims().await;
        let approve = format!("/v1/access-requests/{}/approve", asked.text("/id"));
        app.person("anna").post(&approve, json!({"profile": "basics"})).await.expect(200);
        assert_eq!(records(&found(app, &client, "ben").await), ["p2"]);
        merge(app, false, 3).await;
        assert_eq!(records(&found(app, &client, "ben").await), ["p1"]);
    }
}

journey! {
    async fn a_bar_by_the_name_that_a_record_had_ends_the_link_and_says_so(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let bens = app.proxy("ben", "p2").await;
        merge(app, true, 2).await;
        let account = app.registrar().get(&format!("/v1/links/{bens}")).await.expect(200).text("/account").to_owned();
        let bar = json!({"organization": "here", "patient": {"id": "p1"}, "account": account, "person": "Ben", "reference": "4 F 7"});
        let recorded = app.registrar().post("/v1/bars", bar).await.expect(201);
        assert_eq!((recorded.text("/ended/id"), recorded.text("/ended/reason")), (&*bens.to_string(), "court_order"));
        assert_eq!(recorded.text("/bar/patient"), "p1");
        assert!(found(app, &client, "ben").await.is_empty());
        for named in ["p1", "p2"] {
            let listed = app.registrar().get(&format!("/v1/bars?patient={named}")).await.expect(200);
            assert_eq!(listed.text("/bars/0/reference"), "4 F 7", "{named}");
        }
    }
}

journey! {
    async fn an_ending_takes_grants_and_offers_with_it_and_its_undoing_brings_grants_back(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, grant, _) = granted(app).await;
        let offered = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let whose = json!({"patient": "p1"});
        let preview = app.registrar().post("/v1/endings/preview", whose.clone()).await.expect(200);
        assert_eq!((&preview.body["counts"]["links"], &preview.body["counts"]["offers"]), (&json!(2), &json!(1)));
        // Fraud puts in doubt what the patient's account granted: that must not stand in the way of ending it.
        let ended = ends(app, &app.registrar(), &whose, "fraud").await;
        assert!(found(app, &client, "ben").await.is_empty() && found(app, &client, "anna").await.is_empty());
        let staff = app.registrar().get(&format!("/v1/grants/{grant}")).await.expect(200);
        assert_eq!(staff.text("/grant/status"), "ended");
        accepts(&app.person("carla"), offered.text("/code")).await.expect(422);
        let undo = format!("/v1/endings/{}/undo", ended.text("/id"));
        let undone = app.staff("reviewer", "here").post(&undo, json!({})).await.expect(200);
        assert_eq!((&undone.body["links"], &undone.body["left"]), (&json!(2), &json!(1)));
        assert_eq!(records(&found(app, &client, "ben").await), ["p1"]);
        let staff = app.registrar().get(&format!("/v1/grants/{grant}")).await.expect(200);
        assert_eq!(staff.text("/grant/status"), "accepted");
        accepts(&app.person("carla"), offered.text("/code")).await.expect(422);
    }
}
