//! The API's own documentation: the OpenAPI document, and a page of it for people that needs no script and
//! nothing from elsewhere.

use std::{fmt::Write, sync::LazyLock};

use actix_web::{
    HttpResponse,
    http::header::{self, ContentType},
};
use serde_json::Value;

use crate::openapi;

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::document);
static PAGE: LazyLock<String> =
    LazyLock::new(|| render(&serde_json::from_str(&DOCUMENT).unwrap_or_default()));

const STYLE: &str = include_str!("docs/style.css");

pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

pub(crate) async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(PAGE.as_str())
}

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn render(document: &Value) -> String {
    let mut sections = String::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let about = tag["description"].as_str().unwrap_or_default();
        let operations = operations(document, name);
        let _ = write!(
            sections,
            "<section><h2 id=\"{name}\">{}</h2><p>{}</p>{operations}</section>",
            escape(name),
            escape(about)
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kinlink API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><header><h1>Kinlink API</h1><p>{}</p>\
         <p><a href=\"/openapi.json\">OpenAPI 3.1 document</a></p></header><main>{sections}</main></body></html>",
        escape(document["info"]["description"].as_str().unwrap_or_default())
    )
}

fn operations(document: &Value, tag: &str) -> String {
    let paths = document["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    methods
        .filter(|(_, _, operation)| operation["tags"][0].as_str() == Some(tag))
        .map(|(path, method, operation)| article(document, path, method, operation))
        .collect()
}

fn article(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut html = format!(
        "<article><h3><code><b>{}</b> {}</code></h3><p>{}</p>",
        method.to_uppercase(),
        escape(path),
        escape(operation["summary"].as_str().unwrap_or_default())
    );
    if let Some(more) = operation["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", escape(more));
    }
    let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let schemes: Vec<&str> = schemes.flat_map(|scheme| scheme.keys().map(String::as_str)).collect();
    if !schemes.is_empty() {
        let _ = write!(html, "<p>Authentication: {}</p>", escape(&schemes.join(" or ")));
    }
    html.push_str(&parameters(operation));
    if let Some(example) = example(document, operation) {
        let _ = write!(html, "<p>For example:</p><pre>{}</pre>", escape(&example));
    }
    html.push_str("<dl>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let meaning = response["description"].as_str().unwrap_or_default();
        let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(status), escape(meaning));
    }
    html.push_str("</dl></article>");
    html
}

fn parameters(operation: &Value) -> String {
    let mut rows = String::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let text = |member: &str| escape(parameter[member].as_str().unwrap_or_default());
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            text("name"),
            text("in"),
            text("description")
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}

/// The example of the body's schema, or one put together from the examples of its members.
fn example(document: &Value, operation: &Value) -> Option<String> {
    let reference =
        operation["requestBody"]["content"].as_object()?.values().next()?["schema"]["$ref"].as_str()?;
    let schema = document.pointer(reference.strip_prefix('#')?)?;
    let example = if let Some(example) = schema.get("example") {
        example.clone()
    } else {
        let members = schema["properties"].as_object()?.iter();
        let with_example =
            members.filter_map(|(name, member)| Some((name.clone(), member.get("example")?.clone())));
        Value::Object(with_example.collect())
    };
    serde_json::to_string_pretty(&example).ok()
}
