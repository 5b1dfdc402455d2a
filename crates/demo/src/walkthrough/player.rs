use std::{io::Write, time::Duration};

use anyhow::Context;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::Stage;

/// How the walkthrough went.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Checks made.
    pub checks: usize,
    /// Checks that failed.
    pub failed: usize,
}

/// Sends requests, shows them, and keeps the score.
pub(super) struct Player<'a> {
    pub(super) stage: Stage,
    http: Client,
    out: &'a mut (dyn Write + Send),
    step: usize,
    checks: usize,
    failed: usize,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Answer {
    /// The text at a JSON pointer; empty if there is none, which no check takes for an answer.
    pub(super) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// How many items the array at a JSON pointer has.
    pub(super) fn count(&self, pointer: &str) -> Option<usize> {
        self.body.pointer(pointer)?.as_array().map(Vec::len)
    }
}

/// A request to be shown and sent.
pub(super) struct Call<'c> {
    pub(super) method: Method,
    pub(super) path: &'c str,
    /// Who asks, in words, and with which bearer token.
    pub(super) caller: Option<(&'c str, &'c str)>,
    pub(super) body: Body,
}

pub(super) enum Body {
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

impl<'a> Player<'a> {
    pub(super) fn new(stage: Stage, out: &'a mut (dyn Write + Send)) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
        Ok(Self { stage, http, out, step: 0, checks: 0, failed: 0 })
    }

    /// Begins a step.
    pub(super) fn say(&mut self, what: &str) -> anyhow::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{}. {what}", self.step)?;
        Ok(())
    }

    /// Sends a request, shows it and its answer.
    pub(super) async fn call(&mut self, call: Call<'_>) -> anyhow::Result<Answer> {
        let caller = call.caller.map(|(who, _)| format!("   as {who}")).unwrap_or_default();
        writeln!(self.out, "   {} {}{caller}", call.method, call.path)?;
        let answer = self.send(&call).await?;
        writeln!(self.out, "   → {}", answer.status)?;
        if !answer.body.is_null() {
            self.show(&answer.body)?;
        }
        Ok(answer)
    }

    /// The same without showing, for tokens and for waiting.
    pub(super) async fn send(&mut self, call: &Call<'_>) -> anyhow::Result<Answer> {
        let url = format!("{}{}", self.stage.base_url, call.path);
        let request = self.http.request(call.method.clone(), url);
        let request = match call.caller {
            Some((_, token)) => request.bearer_auth(token),
            None => request,
        };
        let response =
            self.with_body(request, &call.body)?.send().await.context("Kinlink does not answer")?;
        let status = response.status();
        let bytes = response.bytes().await?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    fn with_body(&mut self, request: RequestBuilder, body: &Body) -> anyhow::Result<RequestBuilder> {
        Ok(match body {
            Body::None => request,
            Body::Json(json) => {
                // Tokens are the only requests that are not shown, and they are forms.
                self.show(json)?;
                request.json(json)
            }
            Body::Form(form) => request.form(form),
        })
    }

    fn show(&mut self, json: &Value) -> anyhow::Result<()> {
        for line in serde_json::to_string_pretty(json)?.lines() {
            writeln!(self.out, "     {line}")?;
        }
        Ok(())
    }

    /// Checks something about an answer.
    pub(super) fn check(&mut self, what: &str, holds: bool) -> anyhow::Result<()> {
        self.checks += 1;
        if holds {
            writeln!(self.out, "   ✔ {what}")?;
        } else {
            self.failed += 1;
            writeln!(self.out, "   ✘ {what}: THIS IS NOT SO")?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<Report> {
        let Self { out, checks, failed, .. } = self;
        if failed == 0 {
            writeln!(out, "\nAll {checks} checks held.")?;
        } else {
            writeln!(out, "\n{failed} of {checks} checks FAILED.")?;
        }
        Ok(Report { checks, failed })
    }
}
