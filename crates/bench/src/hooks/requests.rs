//! A connection of each kind, and what its server would send about each account; and what a policy enforcement
//! point would.

use std::{net::TcpListener, sync::Arc};

use kinlink_api::ExtraRoutes;
use kinlink_demo::idp::{self, Idp};
use kinlink_domain::{
    account::Iss,
    actor::Authorized,
    connection::{ConnectionSettings, Server as Kind},
    service::configure_connection,
    store::Store,
};
use serde_json::{Value, json};

use crate::lookup::stage::{ISS, Server, Stage};

/// The program by which Entra calls.
const MICROSOFT: &str = "99045fe1-7639-4a75-9d4a-577b6ca3810f";

pub(super) type Requests = Vec<(&'static str, Vec<Vec<u8>>)>;

/// A server with connections, and the requests.
pub(super) async fn connect(stage: &Stage) -> anyhow::Result<(Server, Requests)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let issuer = format!("http://{}/idp", listener.local_addr()?);
    let idp = Arc::new(Idp::new(&issuer, stage.ports().clock.clone(), Vec::new())?);
    let entra_token = idp.token("entra", &json!({"azp": MICROSOFT}))?;
    let routes: ExtraRoutes = Arc::new(move |config| {
        config.service(idp::routes("/idp", idp.clone()));
    });
    let entra = Kind::Entra { audience: idp::AUDIENCE.to_owned(), token_issuer: Some(Iss::parse(issuer)?) };
    let mut requests = Vec::new();
    for (what, kind, body) in [
        ("Entra", entra, entra_body as fn(&str) -> Value),
        ("Okta", Kind::Okta, okta_body),
        ("Hydra", Kind::Hydra, hydra_body),
        ("Auth0", Kind::Auth0, auth0_body),
        ("Cognito", Kind::Cognito, cognito_body),
        ("oidc-provider", Kind::OidcProvider, oidc_provider_body),
    ] {
        let bearer = if what == "Entra" { &*entra_token } else { stage.api_key() };
        let path = format!("/hooks/{}/{}", kind.as_str(), add(stage, kind.clone()).await?);
        requests.push((what, stage.requests(&path, bearer, |sub| body(sub).to_string())));
    }
    let smart = add(stage, Kind::Smart).await?;
    let body = |sub: &str| json!({"sub": sub, "scope": SCOPE, "connection": smart}).to_string();
    requests.push(("SMART context", stage.requests("/v1/smart/context", stage.api_key(), body)));
    requests.push(("AuthZEN", stage.requests("/access/v1/evaluation", stage.api_key(), evaluation)));
    Ok((stage.serve_on(listener, 500_000, routes)?, requests))
}

const SCOPE: &str = "openid fhirUser launch/patient patient/*.rs offline_access";

async fn add(stage: &Stage, kind: Kind) -> anyhow::Result<String> {
    let store = stage.store();
    let mut unit = store.begin().await?;
    let by = Authorized::operator(stage.client.organizations[0]);
    let settings = ConnectionSettings::new(kind, Iss::parse(ISS)?);
    let connection =
        configure_connection::add(&mut *unit, stage.ports(), by, &stage.client, settings).await?;
    unit.save().await?;
    Ok(connection.id.to_string())
}

fn entra_body(sub: &str) -> Value {
    json!({
        "type": "microsoft.graph.authenticationEvent.tokenIssuanceStart",
        "source": "/tenants/login.example/applications/app-1",
        "data": {
            "@odata.type": "microsoft.graph.onTokenIssuanceStartCalloutData",
            "tenantId": "login.example",
            "authenticationContext": {
                "correlationId": "20000000-0000-0000-0000-000000000002",
                "client": {"ip": "30.51.176.110", "locale": "en-us", "market": "en-us"},
                "protocol": "OAUTH2.0",
                "clientServicePrincipal": {"id": "sp-1", "appId": "app-1", "displayName": "My app"},
                "resourceServicePrincipal": {"id": "sp-1", "appId": "app-1", "displayName": "My app"},
                "user": {"id": sub, "displayName": "Casey Jensen", "userType": "Member"},
            },
        },
    })
}

fn okta_body(sub: &str) -> Value {
    json!({
        "eventType": "com.okta.oauth2.tokens.transform",
        "data": {
            "context": {
                "protocol": {"type": "OAUTH2.0", "issuer": {"uri": ISS}, "client": {"id": "app-1"}},
                "user": {"id": sub, "profile": {"login": "somebody@login.example"}},
            },
            "identity": {"claims": {"sub": sub, "iss": ISS}},
            "access": {
                "claims": {"uid": sub, "cid": "app-1"},
                "scopes": {"openid": {}, "fhirUser": {}, "launch/patient": {}, "patient/*.rs": {}},
            },
        },
    })
}

fn hydra_body(sub: &str) -> Value {
    json!({
        "session": {
            "id_token": {"id_token_claims": {"iss": ISS, "sub": sub, "ext": {}}, "subject": sub},
            "extra": {},
            "client_id": "app-1",
        },
        "request": {
            "client_id": "app-1", "granted_scopes": SCOPE.split(' ').collect::<Vec<_>>(),
            "grant_types": ["refresh_token"],
        },
    })
}

fn auth0_body(sub: &str) -> Value {
    let scopes: Vec<_> = SCOPE.split(' ').collect();
    json!({
        "user": {"user_id": sub}, "client": {"client_id": "app-1"}, "transaction": {"requested_scopes": scopes},
    })
}

fn cognito_body(sub: &str) -> Value {
    json!({
        "version": "2", "triggerSource": "TokenGeneration_RefreshTokens", "region": "us-east-1",
        "userPoolId": "login.example", "callerContext": {"clientId": "app-1"},
        "request": {"userAttributes": {"sub": sub}, "scopes": SCOPE.split(' ').collect::<Vec<_>>()},
        "response": {},
    })
}

/// May the account read the observations of its own record? The record's number is the account's.
fn evaluation(sub: &str) -> String {
    let number = sub.trim_start_matches("account-");
    json!({
        "subject": {"type": "account", "id": format!("{ISS}|{sub}")},
        "action": {"name": "Observation.rs"},
        "resource": {"type": "Patient", "id": format!("northside/patient-{number}")},
    })
    .to_string()
}

fn oidc_provider_body(sub: &str) -> Value {
    json!({"accountId": sub, "clientId": "app-1", "scope": SCOPE})
}
