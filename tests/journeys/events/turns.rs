//! What a receiver hears of access that ends though nobody ended it.

use chrono::TimeDelta;
use kinlink_domain::proofing::Ial;
use kinlink_testkit::imported;
use serde_json::{Value, json};

use super::{Arrived, links, push::told, receiver};
use crate::{
    app::{App, Caller},
    family::{child, parent},
};

const LOSS: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// A receiver that wants to hear of losses alone.
async fn hearing_of_losses(client: &Caller) -> Arrived {
    let (url, arrived) = receiver();
    let body = json!({
        "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url},
        "events_requested": [LOSS],
    });
    client.post("/ssf/streams", body).await.expect(201);
    arrived
}

/// Whose loss is told by what waits, once two workers have looked at what is due.
async fn losses(app: &App, arrived: &Arrived) -> Vec<String> {
    let looks = async || {
        let worker = app.turn_worker();
        while worker.process_due().await.unwrap() > 0 {}
    };
    tokio::join!(looks(), looks());
    while app.send_events().await > 0 {}
    let heard = told(app, arrived).await.into_iter();
    let mut subs: Vec<_> = heard
        .map(|(kind, _, claims)| {
            assert_eq!(kind, "session-revoked");
            claims["sub_id"]["sub"].as_str().unwrap().to_owned()
        })
        .collect();
    subs.sort_unstable();
    subs
}

/// Staff saw a passport, which counts until then.
async fn passport(app: &App, link: &str, valid_until: Value) -> String {
    let body = json!({"type": "document_seen", "document": "passport", "reference": "desk 3", "valid_until": valid_until});
    let added =
        app.staff("reviewer", "here").post(&format!("/v1/links/{link}/evidence"), body).await.expect(201);
    added.text("/evidence/id").to_owned()
}

journey! {
    async fn a_death_and_a_corrected_birth_date_are_told_as_losses(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        child(app, "c1").await;
        links(app, "anna", "p1").await;
        parent(app, "mum", "MTH", "c1").await;
        let arrived = hearing_of_losses(&client).await;
        let mut record = imported("p1");
        record.deceased = true;
        app.import(record).await;
        assert_eq!(losses(app, &arrived).await, ["anna"]);
        let mut record = imported("c1");
        record.demographics.birth_date = Some("2000-06-01".parse().unwrap());
        app.import(record).await;
        assert_eq!(losses(app, &arrived).await, ["mum"]);
        app.pass(TimeDelta::days(400));
        assert_eq!(losses(app, &arrived).await, Vec::<String>::new());
    }
}

journey! {
    async fn evidence_that_is_withdrawn_or_runs_out_below_the_least_is_told_as_a_loss(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let anna = links(app, "anna", "p1").await;
        let ben = links(app, "ben", "p2").await;
        links(app, "carl", "p3").await;
        let end = app.fixture.ports.clock.now() + TimeDelta::minutes(30);
        passport(app, &anna, json!(end)).await;
        let bens = passport(app, &ben, Value::Null).await;
        let arrived = hearing_of_losses(&client).await;
        app.set_policy(|policy| policy.minimum_assurance = Ial::Ial2).await;
        assert_eq!(losses(app, &arrived).await, ["carl"], "whom the policy concerns");
        let withdraw = format!("/v1/links/{ben}/evidence/{bens}/withdraw");
        app.registrar().post(&withdraw, json!({"reason": "found_forged"})).await.expect(200);
        app.send_events().await;
        assert_eq!(told(app, &arrived).await.len(), 1, "no worker has to look");
        app.pass(TimeDelta::minutes(30) - TimeDelta::microseconds(1));
        assert_eq!(losses(app, &arrived).await, Vec::<String>::new());
        app.pass(TimeDelta::microseconds(1));
        assert_eq!(losses(app, &arrived).await, ["anna"]);
        assert_eq!(losses(app, &arrived).await, Vec::<String>::new(), "once");
        let audit = app.staff("auditor", "here").get("/v1/audit?action=link.turn").await.expect(200);
        let entries = audit.body["entries"].as_array().unwrap().len();
        assert_eq!(entries, 2, "carl's and anna's");
    }
}
