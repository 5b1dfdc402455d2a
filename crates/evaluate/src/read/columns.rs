//! One row after the map.

use csv::ByteRecord;
use kinlink_matching::{Person, PersonBuilder, Sex};
use regex::Regex;

use super::date;
use crate::map::{Cluster, ColumnMap, Columns, InvalidMap};

/// The map with its columns found in the file.
pub(super) struct Reader {
    id: Option<usize>,
    cluster: Option<Label>,
    name: Vec<usize>,
    given: Vec<usize>,
    family: Vec<usize>,
    birth_date: Vec<usize>,
    birth_date_format: String,
    sex: Vec<usize>,
    street: Vec<usize>,
    city: Vec<usize>,
    postal_code: Vec<usize>,
    region: Vec<usize>,
    phone: Vec<usize>,
    email: Vec<usize>,
    identifier: Vec<(String, usize)>,
}

enum Label {
    Column(usize),
    Pattern(Regex),
}

impl Reader {
    pub(super) fn new(map: &ColumnMap, headers: &ByteRecord, labels: bool) -> Result<Self, InvalidMap> {
        let names: Vec<String> = headers
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let place = |key: &str, column: &str| {
            let found = names.iter().position(|name| name == column.trim());
            found.ok_or_else(|| InvalidMap::NoSuchColumn {
                key: key.into(),
                column: column.into(),
                found: names.join(", "),
            })
        };
        let places = |key: &str, columns: &Columns| -> Result<Vec<usize>, InvalidMap> {
            columns.0.iter().map(|column| place(key, column)).collect()
        };
        let identifier = |(system, column): (&String, &String)| -> Result<_, InvalidMap> {
            Ok((system.clone(), place(&format!("identifier.{system}"), column)?))
        };
        Ok(Self {
            id: map.id.as_ref().map(|column| place("id", column)).transpose()?,
            cluster: if labels { Some(label(map, &names)?) } else { None },
            name: places("name", &map.name)?,
            given: places("given", &map.given)?,
            family: places("family", &map.family)?,
            birth_date: places("birth_date", &map.birth_date)?,
            birth_date_format: map.birth_date_format.clone(),
            sex: places("sex", &map.sex)?,
            street: places("street", &map.street)?,
            city: places("city", &map.city)?,
            postal_code: places("postal_code", &map.postal_code)?,
            region: places("region", &map.region)?,
            phone: places("phone", &map.phone)?,
            email: places("email", &map.email)?,
            identifier: map.identifier.iter().map(identifier).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn id(&self, row: &ByteRecord, line: u64) -> String {
        self.id.map_or_else(|| format!("line {line}"), |at| text(row, &[at], ""))
    }

    pub(super) fn person_of(&self, row: &ByteRecord, id: &str) -> Option<String> {
        match self.cluster.as_ref()? {
            // A record without a label is one of its own.
            Label::Column(at) => Some(text(row, &[*at], ""))
                .filter(|label| !label.is_empty())
                .or_else(|| Some(format!("\u{0}{id}"))),
            Label::Pattern(pattern) => Some(pattern.captures(id)?.get(1)?.as_str().to_owned()),
        }
    }

    pub(super) fn person(&self, row: &ByteRecord) -> Person {
        let date = text(row, &self.birth_date, "-");
        let birth = if self.birth_date.len() > 1 {
            date::parse(&date, "%Y-%m-%d")
        } else {
            date::parse(&date, &self.birth_date_format)
        };
        let mut builder =
            PersonBuilder::default().birth_date(birth).sex(sex(&text(row, &self.sex, ""))).address(
                &text(row, &self.street, " "),
                &text(row, &self.city, " "),
                &text(row, &self.postal_code, " "),
                &text(row, &self.region, " "),
            );
        let (given, family) = (text(row, &self.given, " "), text(row, &self.family, " "));
        if given.is_empty() && family.is_empty() {
            builder = builder.whole_name(&text(row, &self.name, " "));
        } else {
            builder = builder.name(&given, &family);
        }
        for at in &self.phone {
            builder = builder.phone(&text(row, &[*at], ""));
        }
        for at in &self.email {
            builder = builder.email(&text(row, &[*at], ""));
        }
        for (system, at) in &self.identifier {
            builder = builder.identifier(system, &text(row, &[*at], ""));
        }
        builder.build()
    }
}

fn label(map: &ColumnMap, names: &[String]) -> Result<Label, InvalidMap> {
    let column = |name: &str| names.iter().position(|found| found == name.trim());
    let (text, found) = match map.cluster.as_ref().ok_or(InvalidMap::NoCluster)? {
        Cluster::Either(text) => (text, column(text)),
        Cluster::Column { column: name } => {
            let missing = || InvalidMap::NoSuchColumn {
                key: "cluster".into(),
                column: name.clone(),
                found: names.join(", "),
            };
            return column(name).map(Label::Column).ok_or_else(missing);
        }
        Cluster::Pattern { id_pattern } => (id_pattern, None),
    };
    if let Some(at) = found {
        return Ok(Label::Column(at));
    }
    let wrong =
        |reason: String| InvalidMap::Pattern { pattern: text.clone(), found: names.join(", "), reason };
    let pattern = Regex::new(text).map_err(|error| wrong(error.to_string()))?;
    if pattern.captures_len() < 2 {
        return Err(wrong("it has no group in parentheses".into()));
    }
    Ok(Label::Pattern(pattern))
}

fn text(row: &ByteRecord, columns: &[usize], between: &str) -> String {
    let parts = columns.iter().filter_map(|at| row.get(*at)).filter(|part| !part.is_empty());
    let parts: Vec<_> = parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    parts.join(between)
}

fn sex(text: &str) -> Option<Sex> {
    match text.to_lowercase().as_str() {
        "f" | "female" | "w" | "woman" | "weiblich" | "2" => Some(Sex::Female),
        "m" | "male" | "man" | "männlich" | "1" => Some(Sex::Male),
        _ => None,
    }
}
