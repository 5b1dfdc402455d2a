//! What a FHIR client asks for, beside the resource: the form of the answer, how strict to be, and by what to search
//! (FHIR R4, `RESTful API` and "Search").

use actix_web::{HttpRequest, http::header, web};
use kinlink_domain::page::Page;
use url::form_urlencoded;
use uuid::Uuid;

use crate::{
    extract::{self, Cursor, read_body},
    problem::{Problem, ProblemType},
};

/// Records in a page, unless the client says.
const DEFAULT_COUNT: u16 = 50;
/// Records in a page at most; a client that asks for more gets these and a `next` link.
const MOST: u16 = 200;
/// A longer form is refused.
const LONGEST_FORM: usize = 16 * 1024;
/// Parameters that any request may have.
const GENERAL: [&str; 3] = ["_format", "_count", "_page"];

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    /// Those of a read or a search; `known` are the search parameters of the resource.
    pub(crate) fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        Self::parse(request, request.query_string(), "", known)
    }

    /// Those of a search by POST, whose form keeps them out of addresses and so out of logs.
    pub(crate) async fn of_form(
        request: &HttpRequest,
        payload: web::Payload,
        known: &[&str],
    ) -> Result<Self, Problem> {
        if media_type(header_text(request, &header::CONTENT_TYPE)) != "application/x-www-form-urlencoded" {
            let problem = Problem::new(ProblemType::UnsupportedMediaType);
            return Err(problem.detail("a search is sent as application/x-www-form-urlencoded"));
        }
        let body = read_body(&mut payload.into_inner(), LONGEST_FORM).await?;
        let body = std::str::from_utf8(&body).map_err(|_| Problem::new(ProblemType::MalformedBody))?;
        Self::parse(request, request.query_string(), body, known)
    }

    fn parse(request: &HttpRequest, query: &str, body: &str, known: &[&str]) -> Result<Self, Problem> {
        let pairs = [query, body].into_iter().flat_map(|text| form_urlencoded::parse(text.as_bytes()));
        let mut asked = Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
        negotiate(request, asked.one("_format")?)?;
        let strict = header_text(request, &header::HeaderName::from_static("prefer"))
            .split([',', ';'])
            .any(|preference| preference.trim().eq_ignore_ascii_case("handling=strict"));
        for (name, _) in &asked.0 {
            let is_known = known.contains(&name.as_str()) || GENERAL.contains(&name.as_str());
            let plain = name.split([':', '.']).next().unwrap_or_default();
            // A modifier that is passed over gives another answer than the one that was asked for.
            if !is_known && (strict || known.contains(&plain)) {
                // A name that a client made up may hold anything.
                let at = if known.contains(&plain) { plain } else { "parameter" };
                return Err(malformed(at, "not supported here; see metadata"));
            }
        }
        // What was not used must not stand in the self link.
        asked.0.retain(|(name, _)| known.contains(&name.as_str()) || GENERAL.contains(&name.as_str()));
        Ok(asked)
    }

    /// A parameter that may be given once.
    pub(crate) fn one<'a>(&'a self, name: &str) -> Result<Option<&'a str>, Problem> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(malformed(name, "give it once")) } else { Ok(first) }
    }

    /// A parameter that may be given several times.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The part of the result that is asked for. `_count=0` asks only how many there are.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let count = self.one("_count")?.map(str::parse::<u32>);
        let count = count.transpose().map_err(|_| malformed("_count", "a number"))?;
        let limit = count.map_or(DEFAULT_COUNT, |count| u16::try_from(count).unwrap_or(MOST).min(MOST));
        let after = self.one("_page")?.map(Cursor::read).transpose();
        let after = after.map_err(|_| malformed("_page", "follow the next link as it is"))?;
        Ok(Page { after, limit })
    }

    /// The address of this search at `path`, with what was used; or of its next page.
    pub(crate) fn address(&self, path: &str, next: Option<Uuid>) -> String {
        let kept = self.0.iter().filter(|(name, _)| next.is_none() || name != "_page");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        if let Some(next) = next {
            query.append_pair("_page", &Cursor::write(next));
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// A parameter that cannot be read.
pub(crate) fn malformed(name: &str, message: &str) -> Problem {
    Problem::new(ProblemType::MalformedParameter).at(name, message)
}

fn header_text<'a>(request: &'a HttpRequest, name: &header::HeaderName) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A media type without its parameters.
fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether JSON of FHIR R4 is what is wanted. `_format` counts before `Accept`.
fn negotiate(request: &HttpRequest, format: Option<&str>) -> Result<(), Problem> {
    let accepted = if let Some(format) = format {
        gives(format)
    } else {
        let accept = header_text(request, &header::ACCEPT);
        accept.trim().is_empty() || accept.split(',').any(gives)
    };
    if accepted {
        Ok(())
    } else {
        Err(Problem::new(ProblemType::NotAcceptable).detail("application/fhir+json"))
    }
}

fn gives(wanted: &str) -> bool {
    let names = ["application/fhir+json", "application/json", "text/json", "json", "application/*", "*/*"];
    // A plus sign in an address is a space to forms; clients send it unescaped.
    let kind = media_type(wanted).replace("fhir json", "fhir+json");
    let parameter = |name: &str| {
        wanted.split(';').skip(1).find_map(|text| text.trim().strip_prefix(name).map(ToOwned::to_owned))
    };
    let version =
        parameter("fhirVersion=").is_none_or(|version| version.trim_matches('"').starts_with("4.0"));
    let refused = parameter("q=").is_some_and(|q| q.trim().trim_end_matches(['0', '.']).is_empty());
    names.contains(&kind.as_str()) && version && !refused
}

/// The two sides of a token `system|value`, with what FHIR escapes in them (FHIR R4, "Search", "Escaping").
pub(crate) fn token(text: &str) -> Option<(String, String)> {
    let (mut sides, mut escaped) = (vec![String::new()], false);
    for letter in text.chars() {
        match letter {
            '\\' if !escaped => escaped = true,
            '|' if !escaped && sides.len() == 1 => sides.push(String::new()),
            letter => {
                sides.last_mut()?.push(letter);
                escaped = false;
            }
        }
    }
    let value = sides.pop()?;
    Some((sides.pop()?, value))
}

/// The id in `id`, `Kind/id`, or an address under `base`.
pub(crate) fn reference<'a>(text: &'a str, kind: &str, base: &str) -> Option<&'a str> {
    let text = text.strip_prefix(base).map_or(text, |rest| rest.trim_start_matches('/'));
    let id = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')).unwrap_or(text);
    (!id.contains('/')).then_some(id)
}

/// The organization that the path names.
pub(crate) fn organization_named(
    request: &HttpRequest,
) -> Result<kinlink_domain::service::lookup::OrganizationReference, Problem> {
    let named: String = extract::path_part(request, "organization")?;
    extract::organization_reference(ProblemType::NotFound, "organization", &named)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn json_of_r4_is_given_to_whoever_takes_it() {
        for (accept, format, ok) in [
            ("", "", true),
            ("*/*", "", true),
            ("text/html, application/fhir+json;q=0.9", "", true),
            ("application/fhir+json; fhirVersion=4.0", "", true),
            ("application/fhir+json; fhirVersion=5.0", "", false),
            ("application/fhir+json;q=0", "", false),
            ("application/fhir+xml", "", false),
            ("application/fhir+xml", "json", true),
            ("*/*", "xml", false),
            ("*/*", "application/fhir%2Bjson", true),
            ("*/*", "application/fhir+json", true),
        ] {
            let uri = if format.is_empty() { "/".to_owned() } else { format!("/?_format={format}") };
            let mut request = TestRequest::with_uri(&uri);
            if !accept.is_empty() {
                request = request.insert_header(("accept", accept));
            }
            assert_eq!(Asked::of(&request.to_http_request(), &[]).is_ok(), ok, "{accept} {format}");
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_unless_it_changes_the_answer() {
        let asked = |query: &str, prefer: &str| {
            let request = TestRequest::with_uri(&format!("/?{query}")).insert_header(("prefer", prefer));
            Asked::of(&request.to_http_request(), &["patient"])
        };
        assert_eq!(asked("patient=1&x=2", "").unwrap().address("P", None), "P?patient=1");
        assert!(asked("patient=1&x=2", "return=minimal; handling=strict").is_err());
        assert!(asked("patient:missing=true", "").is_err());
        assert!(asked("patient.name=x", "").is_err());
        assert!(asked("patient=1&patient=2", "").unwrap().one("patient").is_err());
        assert_eq!(asked("_count=9999", "").unwrap().page().unwrap().limit, MOST);
        assert!(asked("_count=x", "").unwrap().page().is_err());
    }

    #[test]
    fn tokens_and_references_are_read() {
        let pair = |system: &str, value: &str| Some((system.to_owned(), value.to_owned()));
        assert_eq!(token("https://i.example|a|b"), pair("https://i.example", "a|b"));
        assert_eq!(token(r"https://i.example|a\,b\\c"), pair("https://i.example", r"a,b\c"));
        assert_eq!(token("alone"), None);
        for text in ["7", "Patient/7", "https://f.example/r4/Patient/7"] {
            assert_eq!(reference(text, "Patient", "https://f.example/r4"), Some("7"), "{text}");
        }
        for text in ["Group/7", "https://other.example/Patient/7"] {
            assert_eq!(reference(text, "Patient", "https://f.example/r4"), None, "{text}");
        }
    }
}
