use chrono::{DateTime, Utc};
use kinlink_domain::outbox::{Letter, Message, MessageBody, Text};
use serde::Serialize;

use crate::{Pages, letter::letter_html, text::text_words};

/// A request's body, in the form that Standard Webhooks recommends. Every try sends the same bytes.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Option<DateTime<Utc>>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message: String,
    organization: String,
    template: &'static str,
    expires_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text { to: &'a str, text: String },
    Letter { to: To<'a>, html: String },
}

#[derive(Serialize)]
struct To<'a> {
    name: &'a str,
    lines: &'a [String],
}

/// The body of a text message or letter; none for what is neither, or cannot be written.
pub(super) fn json(message: &Message, pages: &Pages) -> Option<Vec<u8>> {
    let (kind, template, content) = match &message.body {
        MessageBody::Text { to, text } => {
            let template = match text {
                Text::Invitation { .. } => "invitation",
                Text::LinkNotice { .. } => "link_notice",
            };
            let text = text_words(text, pages).ok()?.trim_end().to_owned();
            ("message.text", template, Content::Text { to: to.as_str(), text })
        }
        MessageBody::Letter { to, letter } => {
            let Letter::Invitation { .. } = letter;
            let html = letter_html(to, letter, pages).ok()?;
            let to = To { name: &to.name, lines: &to.lines };
            ("message.letter", "invitation", Content::Letter { to, html })
        }
        MessageBody::Mail { .. } => return None,
    };
    let data = Data {
        message: message.id.to_string(),
        organization: message.organization.to_string(),
        template,
        expires_at: message.expires_at,
        content,
    };
    serde_json::to_vec(&Body { kind, timestamp: written_at(message), data }).ok()
}

/// When the message was written, as its UUIDv7 tells: `due_at` moves with every try.
fn written_at(message: &Message) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = message.id.uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}
