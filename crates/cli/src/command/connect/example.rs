//! What each server sends, after its own reference (docs/connect): as much of it as Kinlink reads.

use kinlink_domain::connection::{Connection, Server};
use serde_json::{Map, Value, json};

/// Who is asked about.
pub(super) struct Login<'a> {
    pub(super) sub: &'a str,
    pub(super) app: &'a str,
    pub(super) scope: &'a str,
}

/// What the server of this connection sends when this login gets a token.
pub(super) fn request(connection: &Connection, login: &Login<'_>) -> Value {
    let Login { sub, app, scope } = *login;
    let issuer = connection.settings.issuer.as_str();
    let scopes: Vec<_> = scope.split_whitespace().collect();
    match connection.settings.server {
        Server::Entra { .. } => entra(issuer, login),
        Server::Okta => {
            let asked: Map<String, Value> =
                scopes.into_iter().map(|one| (one.to_owned(), json!({}))).collect();
            json!({
                "eventType": "com.okta.oauth2.tokens.transform",
                "data": {
                    "context": {
                        "protocol": {"type": "OAUTH2.0", "issuer": {"uri": issuer}, "client": {"id": app}},
                        "user": {"id": sub},
                    },
                    "identity": {"claims": {"sub": sub, "iss": issuer}},
                    "access": {"claims": {"uid": sub, "cid": app}, "scopes": asked},
                },
            })
        }
        Server::Hydra => json!({
            "session": {
                "id_token": {"id_token_claims": {"iss": issuer, "sub": sub, "ext": {}}, "subject": sub},
                "extra": {}, "client_id": app,
            },
            "request": {"client_id": app, "granted_scopes": scopes, "grant_types": ["authorization_code"]},
        }),
        Server::Auth0 => json!({
            "user": {"user_id": sub}, "client": {"client_id": app}, "transaction": {"requested_scopes": scopes},
        }),
        Server::Cognito => json!({
            "version": "2", "triggerSource": "TokenGeneration_HostedAuth",
            "userPoolId": last_part(issuer), "callerContext": {"clientId": app},
            "request": {"userAttributes": {"sub": sub}, "scopes": scopes}, "response": {},
        }),
        Server::OidcProvider => json!({"accountId": sub, "clientId": app, "scope": scope}),
        Server::Smart => json!({"sub": sub, "scope": scope, "connection": connection.id}),
    }
}

fn entra(issuer: &str, login: &Login<'_>) -> Value {
    // `https://login.microsoftonline.com/<tenant>/v2.0`
    let tenant = issuer.trim_end_matches("/v2.0");
    json!({
        "type": "microsoft.graph.authenticationEvent.tokenIssuanceStart",
        "data": {
            "@odata.type": "microsoft.graph.onTokenIssuanceStartCalloutData",
            "tenantId": last_part(tenant),
            "authenticationContext": {
                "protocol": "OAUTH2.0",
                "clientServicePrincipal": {"appId": login.app},
                "user": {"id": login.sub, "userType": "Member"},
            },
        },
    })
}

fn last_part(url: &str) -> &str {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
