use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_domain::page::Page;
use uuid::Uuid;

use crate::problem::{Problem, ProblemType};

const DEFAULT_LIMIT: u16 = 50;
const MOST: u16 = 200;

/// Where a list goes on: opaque to callers.
pub(crate) struct Cursor;

impl Cursor {
    pub(crate) fn write(id: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(id.as_bytes())
    }

    pub(crate) fn read(text: &str) -> Result<Uuid, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
        bytes.ok_or_else(|| {
            Problem::new(ProblemType::MalformedParameter)
                .at("cursor", "use `next_cursor` of an answer as it is")
        })
    }
}

/// The part of a list that a request asks for.
pub(crate) fn limit(cursor: Option<&str>, limit: Option<u16>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST).contains(&limit) {
        let message = format!("between 1 and {MOST}");
        return Err(Problem::new(ProblemType::MalformedParameter).at("limit", message));
    }
    Ok(Page { after: cursor.map(Cursor::read).transpose()?, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_garbage_is_refused() {
        let id = Uuid::from_u128(7);
        assert_eq!(limit(Some(&Cursor::write(id)), None).unwrap().after, Some(id));
        for text in ["", "x", "AAAA", "ü"] {
            assert!(limit(Some(text), None).is_err(), "{text}");
        }
        assert!(limit(None, Some(0)).is_err() && limit(None, Some(201)).is_err());
    }
}
