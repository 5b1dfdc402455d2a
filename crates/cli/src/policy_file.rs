//! A policy in TOML: what is wrong with it, and where.

use std::{fmt, ops::Range, path::Path};

use anyhow::Context as _;
use kinlink_domain::policy::{Policy, Severity};
use toml::de::{DeTable, DeValue};

use crate::{exit::ConfigurationError, output};

/// Something wrong, or doubtful, with a policy file.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// Line and column, from 1 on; absent for a member that the file leaves to its default.
    place: Option<(usize, usize)>,
    pub(crate) severity: Severity,
    message: String,
}

impl Complaint {
    /// As compilers write it, so that editors find the place.
    pub(crate) fn of<'a>(&'a self, file: &'a Path) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            write!(f, "{}", file.display())?;
            if let Some((line, column)) = self.place {
                write!(f, ":{line}:{column}")?;
            }
            let severity = match self.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            write!(f, ": {severity}: {}", self.message)
        })
    }
}

/// A policy file, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The policy; absent if something is wrong with it.
    pub(crate) policy: Option<Policy>,
    pub(crate) complaints: Vec<Complaint>,
}

/// Reads a policy that is to be used; says what is wrong or doubtful.
pub(crate) fn load(file: &Path) -> anyhow::Result<Policy> {
    let Reading { policy, complaints } = read_file(file)?;
    for complaint in &complaints {
        output::remark(complaint.of(file));
    }
    policy
        .ok_or_else(|| ConfigurationError(format!("{} is no policy that can be used", file.display())).into())
}

/// Reads a policy file.
pub(crate) fn read_file(file: &Path) -> anyhow::Result<Reading> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(read(&text))
}

/// Reads a policy, and goes on behind what cannot be read, so that all that is wrong is told at once.
pub(crate) fn read(text: &str) -> Reading {
    let mut complaints = Vec::new();
    let mut legible = text.to_owned();
    let policy = loop {
        match toml::from_str::<Policy>(&legible) {
            Ok(policy) => break policy,
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let message = unreadable(&legible, &span, error.message());
                complaints.push(Complaint {
                    place: place(text, span.start),
                    severity: Severity::Error,
                    message,
                });
                match without(&legible, span.start) {
                    Some(rest) => legible = rest,
                    None => return Reading { policy: None, complaints },
                }
            }
        }
    };
    complaints.extend(policy.validate().into_iter().map(|finding| {
        let source = finding.violation.source().map(|source| format!(" ({source})")).unwrap_or_default();
        Complaint {
            place: span_of(&legible, &finding.at).and_then(|at| place(text, at)),
            severity: finding.violation.severity(),
            message: format!("{}: {}{source}", finding.at, finding.violation),
        }
    }));
    complaints.sort_by_key(|complaint| complaint.place);
    let wrong = complaints.iter().any(|complaint| complaint.severity == Severity::Error);
    Reading { policy: (!wrong).then_some(policy), complaints }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

/// The parser's message in our words, with the nearest of what it expected.
fn unreadable(text: &str, span: &Range<usize>, message: &str) -> String {
    let shown = text.get(span.clone()).unwrap_or_default().trim();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let what = if message.starts_with("unknown field") {
        "unknown member"
    } else if message.starts_with("unknown variant") {
        "unknown word"
    } else {
        return message.replace("expected u16", "expected a whole number from 0 to 65535");
    };
    let given = quoted.next().unwrap_or(shown);
    let expected: Vec<&str> = quoted.collect();
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(given, known);
    let nearest = expected.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = match (nearest.filter(|known| likeness(known) >= 0.5), elsewhere(given)) {
        (_, Some(path)) if what == "unknown member" => format!("; it belongs to `{path}`"),
        (Some(known), _) => format!("; did you mean `{known}`?"),
        (None, _) => format!("; there are {}", expected.join(", ")),
    };
    format!("{what} `{given}`{hint}")
}

/// Where a member of this name belongs, if there is one.
fn elsewhere(name: &str) -> Option<String> {
    fn search(value: &serde_json::Value, name: &str, path: &str) -> Option<String> {
        value.as_object()?.iter().find_map(|(member, value)| {
            if member == name {
                return Some(if path.is_empty() {
                    "the top of the file".to_owned()
                } else {
                    path.to_owned()
                });
            }
            let path = if path.is_empty() { member.clone() } else { format!("{path}.{member}") };
            search(value, name, &path)
        })
    }
    search(&serde_json::to_value(Policy::default()).ok()?, name, "")
}

/// The text without the member at this place, if the rest is still TOML. Nothing else moves.
fn without(text: &str, at: usize) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let range = member_at(table.get_ref(), at).filter(|range| range.start < range.end)?;
    let blank: String = text.get(range.clone())?.chars().map(blanked).collect();
    let rest = format!("{}{blank}{}", &text[..range.start], &text[range.end..]);
    DeTable::parse(&rest).is_ok().then_some(rest)
}

/// As long as it was, in bytes and lines.
fn blanked(c: char) -> String {
    if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }
}

fn member_at(table: &DeTable<'_>, at: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(key, value)| {
        let whole = key.span().start..value.span().end;
        if key.span().contains(&at) {
            return Some(whole);
        }
        let inner = match value.get_ref() {
            DeValue::Table(inner) => member_at(inner, at),
            DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                DeValue::Table(inner) => member_at(inner, at),
                _ => None,
            }),
            _ => None,
        };
        inner.or_else(|| value.span().contains(&at).then_some(whole))
    })
}

/// Where a member stands that a path such as `proofing.federated[0].acr` names.
fn span_of(text: &str, path: &str) -> Option<usize> {
    let parsed = DeTable::parse(text).ok()?;
    let mut table = parsed.get_ref();
    let mut segments = path.split('.').peekable();
    loop {
        let segment = segments.next()?;
        let (name, index) = match segment.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (segment, None),
        };
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
        if segments.peek().is_none() {
            return Some(key.span().start);
        }
        table = match (value.get_ref(), index) {
            (DeValue::Table(inner), None) => inner,
            (DeValue::Array(items), Some(index)) => match items.get(index)?.get_ref() {
                DeValue::Table(inner) => inner,
                _ => return None,
            },
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let reading = read(text);
        reading.complaints.iter().map(|complaint| complaint.of(Path::new("p.toml")).to_string()).collect()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_its_place() {
        let text = "\
minimum_asurance = \"IAL2\"
invitation_attempts = \"five\"
documents = \"nist\"

[code_validity]
phone_minutes = 11
post_days = 70000

[proofing]
documents = \"nits\"
";
        let told = complaints(text);
        assert_eq!(told.len(), 6, "{told:#?}");
        assert!(
            told[0].starts_with(
                "p.toml:1:1: error: unknown member `minimum_asurance`; did you mean `minimum_assurance`?"
            ),
            "{told:#?}"
        );
        assert!(told[1].starts_with("p.toml:2:23: error: invalid type"), "{told:#?}");
        assert!(
            told[2].contains("p.toml:3:1: error: unknown member `documents`; it belongs to `proofing`"),
            "{told:#?}"
        );
        assert!(
            told[3].starts_with("p.toml:6:1: error: code_validity.phone_minutes: 11 is longer"),
            "{told:#?}"
        );
        assert!(told[3].contains("NIST SP 800-63A"), "{told:#?}");
        assert!(told[4].contains("p.toml:7:13: error") && told[4].contains("0 to 65535"), "{told:#?}");
        assert!(
            told[5].contains("p.toml:10:13: error: unknown word `nits`; did you mean `nist`?"),
            "{told:#?}"
        );
    }

    #[test]
    fn members_of_lists_are_found_too() {
        let text = "[[proofing.federated]]\niss = \"https://a.example\"\ncounts_as = \"IAL2\"\n\
                    [[proofing.federated]]\niss = \"https://b.example\"\nassurance_level = \"high\"\ncounts_as = \"IAL2\"\n";
        let told = complaints(text);
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told[0].starts_with("p.toml:2:1: warning: proofing.federated[0].iss"), "{told:#?}");
        assert!(told[1].starts_with("p.toml:6:1: error: proofing.federated[1].assurance_level"), "{told:#?}");
    }

    #[test]
    fn what_is_no_toml_is_told_and_an_empty_file_is_the_default() {
        assert!(complaints("a = = 1")[0].starts_with("p.toml:1:"));
        assert_eq!(complaints(""), Vec::<String>::new());
        assert_eq!(read("").policy, Some(Policy::default()));
    }
}
