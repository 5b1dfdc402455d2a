use kinlink_domain::connection::{Excess, Server, Several, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{ISS, connect, link, only_its_client_may_ask, own, proxy, reconfigure, revoke, settings};

/// As in Okta's reference, with the members that are read here and some that are not.
fn request(user: &str) -> Value {
    json!({
        "source": format!("{ISS}/v1/authorize"),
        "eventId": "3OWo4oo-QQ-rBWfRyTmQYw",
        "eventTime": "2026-01-15T23:20:47.000Z",
        "eventTypeVersion": "1.0",
        "cloudEventVersion": "0.1",
        "contentType": "application/json",
        "eventType": "com.okta.oauth2.tokens.transform",
        "data": {
            "context": {
                "protocol": {
                    "type": "OAUTH2.0",
                    "issuer": {"uri": ISS},
                    "client": {"id": "app-1", "name": "App", "type": "PUBLIC"},
                },
                "session": {"id": "102Qoe7t5PcRnSxr8j3I8I6pA", "userId": user},
                "user": {"id": user, "profile": {"login": "somebody@login.example"}},
            },
            "identity": {
                "claims": {"sub": user, "name": "Somebody", "iss": ISS},
                "token": {"lifetime": {"expiration": 3600}},
            },
            "access": {
                "claims": {"sub": "somebody@login.example", "uid": user, "cid": "app-1"},
                "token": {"lifetime": {"expiration": 3600}},
                "scopes": {
                    "openid": {"id": "scp1", "action": "GRANT"}, "fhirUser": {"id": "scp2"}, "patient/*.rs": {"id": "scp3"},
                },
            },
        },
    })
}

/// The same for an app that wants no data.
fn login(user: &str) -> Value {
    let mut asked = request(user);
    asked["data"]["access"]["scopes"] = json!({"openid": {}, "fhirUser": {}, "launch/patient": {}});
    asked
}

journey! {
    async fn a_patient_gets_both_claims_in_both_tokens(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        let answer = it.asks(&request("00u1")).await.expect(200);
        let value = json!([
            {"op": "add", "path": "/claims/fhirUser", "value": "https://fhir.here.example/r4/Patient/p1"},
            {"op": "add", "path": "/claims/patient", "value": "p1"},
        ]);
        assert_eq!(answer.body, json!({"commands": [
            {"type": "com.okta.identity.patch", "value": value},
            {"type": "com.okta.access.patch", "value": value},
        ]}));
        only_its_client_may_ask(app, &it, &request("00u1")).await;
    }
}

journey! {
    async fn a_token_that_was_not_asked_for_gets_no_command_and_names_are_escaped(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        reconfigure(app, &it, |settings| settings.claims = vec!["patient=https://a.example/~p".parse().unwrap()]).await;
        let mut asked = request("00u1");
        asked["data"]["access"] = Value::Null;
        let answer = it.asks(&asked).await.expect(200);
        let value = json!([{"op": "add", "path": "/claims/https:~1~1a.example~1~0p", "value": "p1"}]);
        assert_eq!(answer.body, json!({"commands": [{"type": "com.okta.identity.patch", "value": value}]}));
        // The scopes of a token are the access token's; without one, what the app asked for counts.
        asked["data"]["context"]["protocol"]["request"] = json!({"scope": "openid profile", "response_type": "id_token"});
        assert_eq!(it.asks(&asked).await.expect(200).body, json!({"commands": []}));
        asked["data"]["context"]["protocol"]["request"] = json!({"scope": "openid launch/patient"});
        assert_eq!(it.asks(&asked).await.expect(200).text("/commands/0/value/0/value"), "p1");
    }
}

journey! {
    async fn an_app_that_only_logs_in_is_told_nothing_and_a_claim_set_by_hand_is_taken_out(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        let mut asked = login("00u1");
        asked["data"]["access"]["scopes"] = json!({"openid": {}});
        assert_eq!(it.asks(&asked).await.expect(200).body, json!({"commands": []}));
        asked["data"]["identity"]["claims"]["patient"] = json!("p1");
        let value = json!([{"op": "remove", "path": "/claims/patient"}]);
        let removed = json!({"commands": [{"type": "com.okta.identity.patch", "value": value}]});
        assert_eq!(it.asks(&asked).await.expect(200).body, removed);
        reconfigure(app, &it, |settings| settings.claims = vec!["fhirUser".parse().unwrap()]).await;
        assert_eq!(it.asks(&asked).await.expect(200).body, removed, "under a name that was ours");
    }
}

journey! {
    async fn without_a_record_what_okta_would_not_cut_is_refused_and_a_login_works(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        let id = own(app, "00u1", "p1").await;
        revoke(app, id).await;
        let refused = json!({"error": {"errorSummary": "this login opens no patient record"}});
        assert_eq!(it.asks(&request("00u1")).await.expect(200).body, refused);
        assert_eq!(it.asks(&login("00u1")).await.expect(200).body, json!({"commands": []}));
        let mut asked = login("00u1");
        asked["data"]["access"]["scopes"]["user/*.rs"] = json!({});
        assert_eq!(it.asks(&asked).await.expect(200).body, refused, "as with a record");
        reconfigure(app, &it, |settings| settings.excess = Excess::Issue).await;
        assert_eq!(it.asks(&asked).await.expect(200).body, json!({"commands": []}));
        assert_eq!(it.asks(&request("00u1")).await.expect(200).body, refused, "never without a record");
    }
}

journey! {
    async fn a_user_without_what_names_the_account_is_somebody_without_a_record(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        let path = "data.context.user.profile.hospital_id";
        reconfigure(app, &it, |settings| {
            settings.subject = Some(kinlink_domain::issuer::ClaimPath::parse(path).unwrap());
        }).await;
        own(app, "7", "p1").await;
        let mut asked = login("00u1");
        asked["data"]["access"]["claims"]["patient"] = json!("p1");
        let value = json!([{"op": "remove", "path": "/claims/patient"}]);
        let removed = json!({"commands": [{"type": "com.okta.access.patch", "value": value}]});
        for wrong in [json!(null), json!(7), json!("")] {
            asked["data"]["context"]["user"]["profile"]["hospital_id"] = wrong;
            assert_eq!(it.asks(&asked).await.expect(200).body, removed);
        }
        let clinical = it.asks(&request("00u1")).await.expect(200);
        assert_eq!(clinical.text("/error/errorSummary"), "this login opens no patient record");
        asked["data"]["context"]["user"]["profile"]["hospital_id"] = json!("7");
        assert_eq!(it.asks(&asked).await.expect(200).text("/commands/1/value/1/value"), "p1");
        asked["data"]["context"].as_object_mut().unwrap().remove("user");
        assert_eq!(it.asks(&asked).await.expect(200).body, json!({"commands": []}), "nobody is logged in");
    }
}

journey! {
    async fn without_a_live_link_nothing_is_added_and_what_was_set_by_hand_is_taken_out(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        assert_eq!(it.asks(&login("nobody")).await.expect(200).body, json!({"commands": []}));
        let id = own(app, "00u1", "p1").await;
        assert_ne!(it.asks(&login("00u1")).await.expect(200).body, json!({"commands": []}));
        revoke(app, id).await;
        let mut asked = login("00u1");
        asked["data"]["access"]["claims"]["patient"] = json!("p1");
        let answer = it.asks(&asked).await.expect(200);
        let value = json!([{"op": "remove", "path": "/claims/patient"}]);
        assert_eq!(answer.body, json!({"commands": [{"type": "com.okta.access.patch", "value": value}]}));
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        let refused = it.asks(&asked).await.expect(200);
        assert_eq!(refused.body, json!({"error": {"errorSummary": "this login opens no patient record"}}));
    }
}

journey! {
    async fn of_several_records_none_goes_in_unless_the_operator_says_which(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        link(app, "00u1", "p2", proxy("MTH"), "patient/*.cruds").await;
        assert!(it.asks(&request("00u1")).await.expect(200).body["error"].is_object());
        assert_eq!(it.asks(&login("00u1")).await.expect(200).body, json!({"commands": []}));
        reconfigure(app, &it, |settings| settings.several = Several::OwnRecord).await;
        let answer = it.asks(&request("00u1")).await.expect(200);
        assert_eq!(answer.text("/commands/0/value/1/value"), "p1");
    }
}

journey! {
    async fn what_okta_would_not_cut_is_refused_unless_the_operator_says_otherwise(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        link(app, "00u1", "p1", proxy("FTH"), "patient/Observation.rs").await;
        let refused = it.asks(&request("00u1")).await.expect(200);
        assert_eq!(refused.text("/error/errorSummary"), "the app asks for more than this login may see");
        reconfigure(app, &it, |settings| {
            settings.excess = Excess::Issue;
            settings.claims = vec!["permitted_scope".parse().unwrap()];
        }).await;
        let answer = it.asks(&request("00u1")).await.expect(200);
        assert_eq!(answer.text("/commands/1/value/0/value"), "fhirUser openid patient/Observation.rs");
    }
}

journey! {
    async fn another_app_or_issuer_or_a_malformed_request_gets_no_record(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        let mut elsewhere = request("00u1");
        elsewhere["data"]["context"]["protocol"]["issuer"]["uri"] = json!("https://other.example");
        let mut other_event = request("00u1");
        other_event["eventType"] = json!("com.okta.saml.tokens.transform");
        for asked in [elsewhere, other_event, json!({"eventType": 1})] {
            let refused = it.asks(&asked).await.expect(200);
            assert!(refused.body["error"]["errorSummary"].is_string(), "{}", refused.body);
            assert!(refused.body["commands"].is_null());
        }
        reconfigure(app, &it, |settings| settings.apps = vec!["app-2".into()]).await;
        assert_eq!(it.asks(&request("00u1")).await.expect(200).body, json!({"commands": []}));
        let mut itself = request("00u1");
        itself["data"]["context"].as_object_mut().unwrap().remove("user");
        assert_eq!(it.asks(&itself).await.expect(200).body, json!({"commands": []}));
    }
}

journey! {
    async fn what_cannot_be_decided_is_an_error_that_okta_understands(app: App) {
        let it = connect(app, settings(Server::Okta, ISS)).await;
        own(app, "00u1", "p1").await;
        assert_eq!(it.asks(&login("nobody")).await.expect(200).body, json!({"commands": []}));
        app.fixture.database.tamper("alter table link rename to gone").await;
        let undecided = it.asks(&request("00u1")).await.expect(200);
        assert_eq!(undecided.body, json!({"error": {"errorSummary": "The service cannot answer just now"}}));
    }
}
