use std::time::{Duration, Instant};

use kinlink_testkit::Kind;
use serde_json::json;

use crate::app::App;

journey! {
    async fn a_revocation_on_one_replica_is_seen_on_the_other_within_a_second(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (url, replica) = app.replica();
        let elsewhere = app.at(&url, &client);
        for round in 0..5 {
            let name = format!("anna-{round}");
            let code = app.registrar().invites("p1").await.text("/code").to_owned();
            let anna = app.person(&name);
            let link = anna.redeems(&code).await.expect(201);
            let asked = app.account(&name);
            let warm = async || elsewhere.post("/v1/links/lookup", asked.clone()).await.expect(200);
            for _ in 0..20 {
                assert_eq!(warm().await.body["links"].as_array().unwrap().len(), 1);
            }
            let path = format!("/v1/links/{}/revoke", link.text("/link/id"));
            anna.post(&path, json!({"reason": "not_me"})).await.expect(200);
            let acknowledged = Instant::now();
            let here = client.post("/v1/links/lookup", asked.clone()).await.expect(200);
            assert_eq!(here.body["links"], json!([]), "at once on the replica that took it");
            while warm().await.body["links"] != json!([]) {
                assert!(acknowledged.elapsed() < Duration::from_secs(1), "still answered after a second");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        replica.stop().await;
    }
}

journey! {
    async fn the_cache_serves_while_the_feed_is_fresh_and_reads_through_when_it_is_cut(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let links = async || {
            let reply = client.post("/v1/links/lookup", app.account("anna")).await;
            (reply.status, reply.body["links"].as_array().map(Vec::len))
        };
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(links().await, (200, Some(1)));
        // Behind everybody's back, so that no change is fed: the cache still says what it knows.
        app.fixture.database.tamper("update link set record_usable = false").await;
        assert_eq!(links().await, (200, Some(1)));
        // Without the feed, the cache falls silent within its bound and the database is asked.
        app.fixture.database.tamper("alter table change_head rename to gone").await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(links().await, (200, Some(0)));
    }
}

/// On SQLite there is no connection to cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_seen_on_a_replica_whose_connections_are_cut_within_a_second() {
    let app = App::start(Kind::Postgres).await;
    let (_, client, _) = app.client(&[app.fixture.here.id]).await;
    let (url, replica) = app.replica_apart().await;
    let elsewhere = app.at(&url, &client);
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'replica'";
    for round in 0..3 {
        let name = format!("anna-{round}");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let link = app.person(&name).redeems(&code).await.expect(201);
        let asked = app.account(&name);
        for _ in 0..20 {
            let warm = elsewhere.post("/v1/links/lookup", asked.clone()).await.expect(200);
            assert_eq!(warm.body["links"].as_array().unwrap().len(), 1);
        }
        let there = "select count(*) from pg_stat_activity where application_name = 'replica'";
        assert!(app.fixture.database.count(there).await > 0, "there is a connection to cut");
        app.fixture.database.tamper(cut).await;
        let path = format!("/v1/links/{}/revoke", link.text("/link/id"));
        app.registrar().post(&path, json!({"reason": "safety"})).await.expect(200);
        let acknowledged = Instant::now();
        app.fixture.database.tamper(cut).await;
        loop {
            let reply = elsewhere.post("/v1/links/lookup", asked.clone()).await;
            // No answer is no yes.
            if reply.status == 200 && reply.body["links"] == json!([]) {
                break;
            }
            assert!(
                acknowledged.elapsed() < Duration::from_secs(1),
                "after a second: {} {}",
                reply.status,
                reply.body
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    replica.stop().await;
    app.close().await;
}
