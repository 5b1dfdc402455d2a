use kinlink_domain::connection::{Server, Several, Unasked, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{ISS, connect, link, only_its_client_may_ask, own, proxy, reconfigure, revoke, settings};

/// As in Ory's guide; `rejected` members such as the client's metadata are left out.
fn request(subject: &str, grant: &str) -> Value {
    json!({
        "session": {
            "id_token": {
                "id_token_claims": {
                    "jti": "", "iss": ISS, "sub": subject, "aud": ["app-client"], "nonce": "", "at_hash": "",
                    "acr": "1", "amr": null, "c_hash": "", "ext": {"tenant": "t1", "patient": "stale"},
                },
                "headers": {"extra": {}},
                "username": "",
                "subject": subject,
            },
            "extra": {"tenant": "t1", "patient": "stale"},
            "client_id": "app-client",
            "consent_challenge": "",
            "exclude_not_before_claim": false,
            "allowed_top_level_claims": [],
        },
        "request": {
            "client_id": "app-client",
            "granted_scopes": ["offline", "openid", "fhirUser", "launch/patient", "patient/*.rs"],
            "granted_audience": [],
            "grant_types": [grant],
            "payload": {},
        },
    })
}

/// The same for an app that wants no data.
fn login(subject: &str, grant: &str) -> Value {
    let mut asked = request(subject, grant);
    asked["request"]["granted_scopes"] = json!(["offline", "openid", "fhirUser", "launch/patient"]);
    asked
}

/// Without anything of ours.
fn rest() -> Value {
    let rest = json!({"tenant": "t1"});
    json!({"session": {"access_token": rest, "id_token": rest}})
}

/// What Hydra keeps of an answer, and sends back at the refresh.
fn refresh(mut asked: Value, answer: &Value) -> Value {
    asked["session"]["extra"] = answer["session"]["access_token"].clone();
    asked["session"]["id_token"]["id_token_claims"]["ext"] = answer["session"]["id_token"].clone();
    asked["request"]["grant_types"] = json!(["refresh_token"]);
    asked
}

journey! {
    async fn a_patient_gets_the_claims_and_keeps_what_is_not_ours(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        own(app, "foo", "p1").await;
        let answer = it.asks(&request("foo", "authorization_code")).await.expect(200);
        let claims = json!({
            "tenant": "t1", "patient": "p1", "fhirUser": "https://fhir.here.example/r4/Patient/p1",
        });
        assert_eq!(answer.body, json!({"session": {"access_token": claims, "id_token": claims}}));
        only_its_client_may_ask(app, &it, &request("foo", "authorization_code")).await;
        // Hydra knows no bearer, only a header or a cookie with a key.
        let key = [("x-api-key", it.client.token.as_str())];
        let asked = request("foo", "authorization_code");
        let nobody = app.with_token("");
        nobody.send(reqwest::Method::POST, &it.url, Some(asked), &key).await.expect(200);
    }
}

journey! {
    async fn a_refresh_after_the_revocation_loses_its_claims_or_is_refused(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        let id = own(app, "foo", "p1").await;
        let issued = it.asks(&login("foo", "authorization_code")).await.expect(200);
        assert_eq!(issued.text("/session/access_token/patient"), "p1");
        revoke(app, id).await;
        let cleared = it.asks(&refresh(login("foo", ""), &issued.body)).await.expect(200);
        assert_eq!(cleared.body, rest());
        let refused = it.asks(&refresh(request("foo", ""), &issued.body)).await.expect(403);
        assert_eq!(refused.problem(), "forbidden", "the scopes would stay");
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        assert_eq!(it.asks(&login("foo", "refresh_token")).await.expect(403).problem(), "forbidden");
        it.asks(&login("unknown", "refresh_token")).await.expect(403);
    }
}

journey! {
    async fn the_link_that_was_picked_at_consent_counts_while_it_is_live(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        reconfigure(app, &it, |settings| settings.several = Several::Picker).await;
        own(app, "foo", "p1").await;
        let child = link(app, "foo", "p2", proxy("MTH"), "patient/*.rs").await;
        it.asks(&request("foo", "authorization_code")).await.expect(403);
        let undecided = it.asks(&login("foo", "authorization_code")).await.expect(200);
        assert!(undecided.body["session"]["access_token"]["patient"].is_null());
        let mut asked = request("foo", "authorization_code");
        asked["session"]["extra"]["kinlink_link"] = json!(child);
        let answer = it.asks(&asked).await.expect(200);
        assert_eq!(answer.text("/session/access_token/patient"), "p2");
        assert_eq!(answer.text("/session/access_token/kinlink_link"), child.to_string());
        let related = format!("{}/fhir/here/RelatedPerson/{}", app.url, child.uuid());
        assert_eq!(answer.text("/session/id_token/fhirUser"), related);
        revoke(app, child).await;
        it.asks(&asked).await.expect(403);
        let mut asked = login("foo", "refresh_token");
        asked["session"]["extra"]["kinlink_link"] = json!(child);
        let over = it.asks(&asked).await.expect(200);
        assert_eq!(over.text("/session/access_token/kinlink_link"), child.to_string(), "still picked");
        assert!(over.body["session"]["access_token"]["patient"].is_null(), "not the other record instead");
        asked["session"]["extra"]["kinlink_link"] = json!("p1");
        it.asks(&asked).await.expect(422);
    }
}

journey! {
    async fn tokens_of_programs_and_of_other_apps_are_left_alone_and_another_issuers_refused(app: App) {
        let mut chosen = settings(Server::Hydra, ISS);
        chosen.apps = vec!["another".into()];
        let it = connect(app, chosen).await;
        own(app, "foo", "p1").await;
        it.asks(&request("foo", "authorization_code")).await.expect(204);
        reconfigure(app, &it, |settings| settings.apps = vec!["app-client".into()]).await;
        it.asks(&request("foo", "authorization_code")).await.expect(200);
        it.asks(&request("foo", "client_credentials")).await.expect(204);
        let mut elsewhere = request("foo", "authorization_code");
        elsewhere["session"]["id_token"]["id_token_claims"]["iss"] = json!("https://other.example");
        it.asks(&elsewhere).await.expect(422);
    }
}

journey! {
    async fn what_a_token_was_told_before_the_connection_changed_does_not_outlive_the_link(app: App) {
        let mut chosen = settings(Server::Hydra, ISS);
        chosen.claims = vec!["patient=https://apps.example/patient".parse().unwrap(), "fhirUser=me".parse().unwrap()];
        let it = connect(app, chosen).await;
        let id = own(app, "foo", "p1").await;
        let issued = it.asks(&login("foo", "authorization_code")).await.expect(200);
        assert_eq!(issued.body["session"]["access_token"]["https://apps.example/patient"], "p1");
        let kept = refresh(login("foo", ""), &issued.body);
        revoke(app, id).await;
        reconfigure(app, &it, |settings| settings.claims = vec!["patient=another".parse().unwrap()]).await;
        assert_eq!(it.asks(&kept).await.expect(200).body, rest(), "under a name that is used no more");
        reconfigure(app, &it, |settings| settings.apps = vec!["another".into()]).await;
        assert_eq!(it.asks(&kept).await.expect(200).body, rest(), "of an app that is answered no more");
        let nothing = refresh(login("foo", ""), &rest());
        it.asks(&nothing).await.expect(204);
    }
}

journey! {
    async fn an_app_gets_what_its_scopes_ask_for(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        own(app, "foo", "p1").await;
        let mut asked = login("foo", "authorization_code");
        asked["request"]["granted_scopes"] = json!(["offline", "openid"]);
        assert_eq!(it.asks(&asked).await.expect(200).body, rest(), "only that somebody has logged in");
        asked["request"]["granted_scopes"] = json!(["openid", "fhirUser"]);
        let user = it.asks(&asked).await.expect(200);
        let claims = json!({"tenant": "t1", "fhirUser": "https://fhir.here.example/r4/Patient/p1"});
        assert_eq!(user.body["session"]["id_token"], claims);
        reconfigure(app, &it, |settings| settings.unasked = Unasked::Give).await;
        asked["request"]["granted_scopes"] = json!(["openid"]);
        assert_eq!(it.asks(&asked).await.expect(200).text("/session/id_token/patient"), "p1");
    }
}

journey! {
    async fn a_login_whose_subject_is_not_where_it_should_be_opens_nothing(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        own(app, "foo", "p1").await;
        assert_eq!(it.asks(&login("", "authorization_code")).await.expect(200).body, rest());
        it.asks(&request("", "authorization_code")).await.expect(403);
        let path = kinlink_domain::issuer::ClaimPath::parse("session.extra.tenant_user").unwrap();
        reconfigure(app, &it, |settings| settings.subject = Some(path)).await;
        for wrong in [json!(null), json!(7), json!("")] {
            let mut asked = login("foo", "refresh_token");
            asked["session"]["extra"]["tenant_user"] = wrong.clone();
            let answer = it.asks(&asked).await.expect(200);
            assert!(answer.body["session"]["access_token"]["patient"].is_null(), "{wrong}: {}", answer.body);
            asked["request"]["granted_scopes"] = json!(["openid", "patient/*.rs"]);
            it.asks(&asked).await.expect(403);
        }
        it.asks(&request("foo", "client_credentials")).await.expect(204);
    }
}

journey! {
    async fn a_token_that_would_give_more_than_the_link_is_refused(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        link(app, "foo", "p1", proxy("SPS"), "patient/Observation.rs").await;
        it.asks(&request("foo", "authorization_code")).await.expect(403);
    }
}

journey! {
    async fn what_cannot_be_decided_gives_no_token(app: App) {
        let it = connect(app, settings(Server::Hydra, ISS)).await;
        own(app, "foo", "p1").await;
        it.asks(&login("nobody", "refresh_token")).await.expect(200);
        app.fixture.database.tamper("alter table link rename to gone").await;
        it.asks(&request("foo", "refresh_token")).await.expect(503);
    }
}
