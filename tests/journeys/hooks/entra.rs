use kinlink_domain::connection::{Server, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{connect, own, reconfigure, revoke, settings};
use crate::app::{App, Caller};

const MICROSOFT: &str = "99045fe1-7639-4a75-9d4a-577b6ca3810f";
const OID: &str = "90847c2a-e29d-4d2f-9f54-c5b4d3f26471";

/// As in Microsoft's reference. The test's provider stands in for the tenant: its path is the tenant's id.
fn request(user: &str) -> Value {
    json!({
        "type": "microsoft.graph.authenticationEvent.tokenIssuanceStart",
        "source": "/tenants/idp/applications/app-1",
        "data": {
            "@odata.type": "microsoft.graph.onTokenIssuanceStartCalloutData",
            "tenantId": "idp",
            "authenticationEventListenerId": "4c7f7e8b-5a3d-4f0a-9f3e-0f6f4e1c2b11",
            "customAuthenticationExtensionId": "9f1f6a86-2b55-4b0e-9c1a-6f9b9c0d1e22",
            "authenticationContext": {
                "correlationId": "20000000-0000-0000-0000-000000000002",
                "client": {"ip": "30.51.176.110", "locale": "en-us", "market": "en-us"},
                "protocol": "OAUTH2.0",
                "clientServicePrincipal": {"id": "sp-1", "appId": "app-1", "displayName": "My app"},
                "resourceServicePrincipal": {"id": "sp-1", "appId": "app-1", "displayName": "My app"},
                "user": {
                    "id": user, "displayName": "Casey Jensen", "mail": "casey@contoso.example",
                    "userPrincipalName": "casey@contoso.example", "userType": "Member",
                },
            },
        },
    })
}

fn provided(claims: &Value) -> Value {
    json!({"data": {
        "@odata.type": "microsoft.graph.onTokenIssuanceStartResponseData",
        "actions": [{
            "@odata.type": "microsoft.graph.tokenIssuanceStart.provideClaimsForToken",
            "claims": claims,
        }],
    }})
}

/// Who calls with a token of the tenant with these claims.
fn caller(app: &App, claims: &Value) -> Caller {
    app.with_token(app.idp.token("the-extension", claims).unwrap())
}

async fn connected(app: &App) -> super::stage::Connected {
    let server = Server::Entra { audience: "kinlink".into(), token_issuer: None };
    connect(app, settings(server, app.idp.issuer())).await
}

/// The account's issuer is the tenant's.
async fn linked(app: &App) -> kinlink_domain::id::LinkId {
    let code = app.registrar().invites("p1").await.text("/code").to_owned();
    let link = app.person(OID).redeems(&code).await.expect(201);
    link.text("/link/id").parse().unwrap()
}

journey! {
    async fn entra_gets_texts_for_the_oid_of_its_user(app: App) {
        let it = connected(app).await;
        let entra = caller(app, &json!({"azp": MICROSOFT}));
        let unknown = entra.post(&it.url, request(OID)).await.expect(200);
        assert_eq!(unknown.body, provided(&json!({})));
        let link = linked(app).await;
        let answer = entra.post(&it.url, request(OID)).await.expect(200);
        let claims = json!({"fhirUser": "https://fhir.here.example/r4/Patient/p1", "patient": "p1"});
        assert_eq!(answer.body, provided(&claims));
        reconfigure(app, &it, |settings| {
            settings.claims = vec!["need_patient_banner".parse().unwrap(), "link".parse().unwrap()];
        }).await;
        let answer = entra.post(&it.url, request(OID)).await.expect(200);
        assert_eq!(answer.body, provided(&json!({"need_patient_banner": "false", "link": link})));
        revoke(app, link).await;
        let over = entra.post(&it.url, request(OID)).await.expect(200);
        assert_eq!(over.body, provided(&json!({})));
    }
}

journey! {
    async fn only_entras_own_token_for_this_audience_is_accepted(app: App) {
        let it = connected(app).await;
        linked(app).await;
        let now = app.fixture.ports.clock.now().timestamp();
        for (what, claims) in [
            ("another program", json!({"azp": "00000000-0000-0000-0000-000000000000"})),
            ("no program", json!({})),
            ("another audience", json!({"azp": MICROSOFT, "aud": "another"})),
            ("another issuer", json!({"azp": MICROSOFT, "iss": "https://evil.example"})),
            ("expired", json!({"azp": MICROSOFT, "exp": now - 3600})),
            ("both programs", json!({"azp": "other", "appid": MICROSOFT})),
        ] {
            let refused = caller(app, &claims).post(&it.url, request(OID)).await;
            assert_eq!(refused.status, 401, "{what}: {}", refused.body);
        }
        caller(app, &json!({"appid": MICROSOFT})).post(&it.url, request(OID)).await.expect(200);
        let forged = kinlink_demo::idp::SigningKey::generate("idp-1").unwrap();
        let claims = json!({"iss": app.idp.issuer(), "aud": "kinlink", "azp": MICROSOFT, "exp": now + 600});
        app.with_token(forged.sign(&claims).unwrap()).post(&it.url, request(OID)).await.expect(401);
        it.client.post(&it.url, request(OID)).await.expect(401);
        app.with_token("").post(&it.url, request(OID)).await.expect(401);
        let elsewhere = it.url.replace("con_0", "con_f");
        caller(app, &json!({"azp": MICROSOFT})).post(&elsewhere, request(OID)).await.expect(401);
    }
}

journey! {
    async fn a_token_ends_at_the_same_moment_whether_it_was_seen_before_or_not(app: App) {
        let it = connected(app).await;
        let now = app.fixture.ports.clock.now().timestamp();
        let entra = caller(app, &json!({"azp": MICROSOFT, "exp": now + 30}));
        entra.post(&it.url, request(OID)).await.expect(200);
        app.pass(chrono::TimeDelta::seconds(89));
        entra.post(&it.url, request(OID)).await.expect(200);
        app.pass(chrono::TimeDelta::seconds(1));
        entra.post(&it.url, request(OID)).await.expect(401);
    }
}

journey! {
    async fn another_tenant_event_or_app_gets_no_record(app: App) {
        let it = connected(app).await;
        linked(app).await;
        let entra = caller(app, &json!({"azp": MICROSOFT}));
        let mut tenant = request(OID);
        tenant["data"]["tenantId"] = json!("another");
        let mut event = request(OID);
        event["type"] = json!("microsoft.graph.authenticationEvent.attributeCollectionStart");
        for asked in [tenant, event] {
            assert_eq!(entra.post(&it.url, asked).await.expect(422).problem(), "invalid-member");
        }
        entra.post(&it.url, json!({"type": "x"})).await.expect(400);
        reconfigure(app, &it, |settings| settings.apps = vec!["app-2".into()]).await;
        assert_eq!(entra.post(&it.url, request(OID)).await.expect(200).body, provided(&json!({})));
    }
}

journey! {
    async fn a_user_without_what_names_the_account_is_somebody_without_a_record(app: App) {
        let it = connected(app).await;
        let entra = caller(app, &json!({"azp": MICROSOFT}));
        let path = "data.authenticationContext.user.employeeId";
        let subject = || Some(kinlink_domain::issuer::ClaimPath::parse(path).unwrap());
        reconfigure(app, &it, |settings| settings.subject = subject()).await;
        assert_eq!(entra.post(&it.url, request(OID)).await.expect(200).body, provided(&json!({})));
        reconfigure(app, &it, |settings| {
            settings.subject = subject();
            settings.without_record = WithoutRecord::Refuse;
        }).await;
        entra.post(&it.url, request(OID)).await.expect(403);
    }
}

journey! {
    async fn more_than_entra_takes_is_not_sent(app: App) {
        let it = connected(app).await;
        let name = kinlink_domain::connection::ClaimName::parse("x".repeat(128)).unwrap();
        let rule = kinlink_domain::connection::ClaimRule { member: kinlink_domain::connection::Member::Patient, name };
        reconfigure(app, &it, |settings| settings.claims = vec![rule; 30]).await;
        linked(app).await;
        let entra = caller(app, &json!({"azp": MICROSOFT}));
        entra.post(&it.url, request(OID)).await.expect(500);
        own(app, "unrelated", "p2").await;
    }
}
