//! A link ends while its account is logged in.

use serde_json::json;

use super::stage::Stage;

/// A refresh with what the app has kept, whatever came of refreshes before: the answer's status, and its patient.
const REFRESHED: &str = "
    window.kept ??= smart.state.tokenResponse.refresh_token;
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: kept, client_id: 'app' });
    const answer = await fetch(smart.state.tokenUri, { method: 'POST', body });
    const { patient, refresh_token } = await answer.json();
    if (refresh_token) window.kept = refresh_token;
    return [answer.status, patient];
";

launch! {
    async fn after_the_link_has_ended_the_refresh_is_refused(stage: Stage) {
        let link = stage.own("anna", "p1").await;
        stage.launches("anna").await;
        stage.person.app().await;
        let refreshed = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert_eq!(refreshed["patient"], "p1", "{refreshed}");
        stage.ends(link).await;
        let refused = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert!(refused["error"].as_str().is_some_and(|why| why.contains("invalid_grant")), "{refused}");
        stage.person.opens_the_app().await;
        let app = stage.person.app().await;
        assert_eq!(app["heading"], "Your login opens no patient record");
        assert!(app["token"].get("patient").is_none(), "{app}");
    }
}

launch! {
    async fn the_authorization_server_hears_of_it_and_ends_the_session(stage: Stage) {
        let delivery =
            json!({"method": "urn:ietf:rfc:8935", "endpoint_url": format!("{}/events", stage.outside.login)});
        stage.client.post("/ssf/streams", json!({"delivery": delivery})).await.expect(201);
        let link = stage.own("anna", "p1").await;
        stage.launches("anna").await;
        stage.person.app().await;
        stage.person.opens_the_app().await;
        assert_eq!(stage.person.app().await["token"]["patient"], "p1", "without another login");
        stage.ends(link).await;
        while stage.kinlink.send_events().await > 0 {}
        let refused = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert!(refused["error"].as_str().is_some_and(|why| why.contains("invalid_grant")), "{refused}");
        stage.person.opens_the_app().await;
        stage.person.sees("Log in").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_kinlink_is_away_there_is_no_token_and_the_refresh_token_is_not_used_up() {
    let stage = Stage::set().await;
    stage.own("anna", "p1").await;
    stage.launches("anna").await;
    stage.person.app().await;
    assert_eq!(stage.person.runs(REFRESHED).await, json!([200, "p1"]));
    let (away, rest) = stage.without_kinlink().await;
    assert_eq!(rest.person.runs(REFRESHED).await, json!([500, null]));
    let stage = rest.with(away.comes_back());
    assert_eq!(stage.person.runs(REFRESHED).await, json!([200, "p1"]), "with the same refresh token");
    let (away, rest) = stage.without_kinlink().await;
    rest.person.opens_the_app().await;
    rest.person.sees("This login cannot go on").await;
    Box::pin(rest.with(away.comes_back()).clear()).await;
}
