//! Playing the authorization server's part, so that an administrator knows at which end a fault is.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kinlink_domain::{
    connection::{Connection, Server},
    id::ConnectionId,
    store::Store,
};
use reqwest::{StatusCode, redirect::Policy};
use serde_json::Value;

use super::{
    example::{self, Login},
    find, hook,
};
use crate::{
    command::context::{self, Context},
    exit::{CHECK_FAILED, UsageError},
    output,
};

/// Longer than any server waits.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(super) struct Probe {
    /// The connection's id.
    id: ConnectionId,
    /// The account to ask about: what the server sends as its id (Entra: the oid).
    #[arg(long, required_unless_present = "body")]
    sub: Option<String>,
    /// A file with the API key of the connection's client; - for standard input. Not for Entra.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// What the app asks for.
    #[arg(long, default_value = "openid fhirUser launch/patient patient/*.rs")]
    scope: String,
    /// The app, by the server's own id of it; the first that the connection answers for unless said.
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// A file with a request of the server, to be sent as it is instead of a made one.
    #[arg(long, value_name = "FILE", conflicts_with = "sub")]
    body: Option<PathBuf>,
    /// Where Kinlink is, if this machine cannot reach it at its public URL.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    body: Value,
    took: Duration,
}

impl Probe {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let connection = find(&mut *context.store.begin_read().await?, self.id).await?;
        let base = self.url.as_deref().unwrap_or(&context.config.server.public_url);
        let url = hook(base, &connection);
        let body = self.request(&connection)?;
        let answer = self.send(&connection, &url, body).await?;
        output::remark(format!("POST {url}"));
        let Some(answer) = answer else {
            output::line(format!(
                "Nothing answers at {base}. Is `kinlink serve` running, and is that where it is reached?"
            ));
            return Ok(ExitCode::from(CHECK_FAILED));
        };
        output::remark(format!("HTTP {} after {} ms", answer.status.as_u16(), answer.took.as_millis()));
        output::line(serde_json::to_string_pretty(&answer.body)?);
        let (fine, verdict) = verdict(&connection, &answer);
        output::remark(verdict);
        Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(CHECK_FAILED) })
    }

    fn request(&self, connection: &Connection) -> anyhow::Result<String> {
        let Some(sub) = self.sub.as_deref() else {
            let path = self.body.as_deref().context("neither --sub nor --body")?;
            let unreadable = |error: std::io::Error| UsageError(format!("{}: {error}", path.display()));
            return Ok(std::fs::read_to_string(path).map_err(unreadable)?);
        };
        if let Some(path) = &connection.settings.subject {
            let hint = "send a request of the server with --body";
            return Err(UsageError(format!("this connection finds the account at {path:?}: {hint}")).into());
        }
        let first = connection.settings.apps.first().map_or("kinlink-connect-test", String::as_str);
        let app = self.app.as_deref().unwrap_or(first);
        Ok(example::request(connection, &Login { sub, app, scope: &self.scope }).to_string())
    }

    async fn send(&self, connection: &Connection, url: &str, body: String) -> anyhow::Result<Option<Answer>> {
        // A key must not go on to wherever a redirect leads.
        let http = reqwest::Client::builder().redirect(Policy::none()).timeout(TIMEOUT).build()?;
        let request = http.post(url).header("content-type", "application/json").body(body);
        let entra = matches!(connection.settings.server, Server::Entra { .. });
        let request = match &self.key_file {
            None if entra => request,
            None => {
                let hint = "--key-file names a file with the client's API key; `kinlink client rotate` makes another";
                return Err(UsageError(hint.into()).into());
            }
            Some(path) => {
                let key = context::secret(path)?;
                match connection.settings.server {
                    Server::Hydra => request.header("x-api-key", key.expose()),
                    _ => request.bearer_auth(key.expose()),
                }
            }
        };
        let begun = Instant::now();
        let Ok(response) = request.send().await else { return Ok(None) };
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Some(Answer { status, body, took: begun.elapsed() }))
    }
}

/// Whether Kinlink does its part, and what the answer means.
fn verdict(connection: &Connection, answer: &Answer) -> (bool, String) {
    let entra = matches!(connection.settings.server, Server::Entra { .. });
    let text = match answer.status.as_u16() {
        // Okta is told in its own words.
        200 if answer.body["error"].is_object() => {
            "Kinlink answers that there shall be no token, and why: see `errorSummary`."
        }
        200 => return (true, decided(connection, &answer.body)),
        401 if entra => {
            return (
                true,
                "Kinlink is reached, and refuses whoever is not Entra, as it should. What is behind that, only Entra \
                 can try: its sign-in log names the error of a call."
                    .to_owned(),
            );
        }
        401 => "The key is not accepted: it is wrong, or was rotated, or its client is disabled.",
        403 => {
            "Kinlink decides that there shall be no token: without a record there is none with scopes of the patient \
             where the server cannot cut them; see also --without-record and --excess of the connection."
        }
        404 => {
            "There is no such hook for this key: the key is another client's, or another Kinlink answers at this URL."
        }
        400 | 413 | 415 | 422 => {
            "Kinlink cannot take this request: it is not of this server's form, or about another issuer's login."
        }
        300..400 => {
            "Something before Kinlink sends the request elsewhere; an authorization server does not follow."
        }
        _ => {
            "Kinlink has not decided, or something before it answers: look into its log, and at /health/ready."
        }
    };
    (false, text.to_owned())
}

fn decided(connection: &Connection, body: &Value) -> String {
    let names = connection.settings.claims.iter().map(|rule| rule.name.as_str());
    let told: Vec<_> = names.filter(|name| tells(body, name)).collect();
    let page = connection.settings.server.as_str();
    if told.is_empty() {
        return "Kinlink answers, and gives this login no claim: no link of it is live here now, or several are, or \
                the app is none that the connection answers for, or has asked no scope for it. `kinlink connect show` \
                has the settings."
            .to_owned();
    }
    format!(
        "Kinlink gives this login {}. If its token does not have it, the fault is at the server: docs/connect/{page}.md.",
        told.join(" and ")
    )
}

/// Whether an answer gives a claim, in whichever server's words; Okta's are JSON pointers (RFC 6901).
fn tells(answer: &Value, name: &str) -> bool {
    let pointer = format!("/claims/{}", name.replace('~', "~0").replace('/', "~1"));
    match answer {
        Value::Object(members) if members.get("op").is_some_and(|op| op != "add") => false,
        Value::Object(members) => members.iter().any(|(member, value)| {
            (member == name && !value.is_null())
                || (member == "path" && value == pointer.as_str())
                || tells(value, name)
        }),
        Value::Array(items) => items.iter().any(|item| tells(item, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_seen_in_any_servers_words_and_its_removal_is_none() {
        let gives = |answer: Value| tells(&answer, "fhirUser");
        assert!(gives(json!({"data": {"actions": [{"claims": {"fhirUser": "x"}}]}})));
        let command = |op: &str| json!({"commands": [{"value": [{"op": op, "path": "/claims/fhirUser", "value": "x"}]}]});
        assert!(gives(command("add")) && !gives(command("remove")));
        assert!(gives(json!({"status": "record", "fhirUser": "x"})));
        for none in [json!({"fhirUser": null}), json!({"claimsToSuppress": ["fhirUser"]}), json!("fhirUser")]
        {
            assert!(!gives(none.clone()), "{none}");
        }
    }
}
