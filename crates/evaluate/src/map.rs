//! Which column holds what: the map that makes any labelled CSV readable.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A map of columns. Every column may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// The record's id; without one, records are numbered by their line.
    pub id: Option<String>,
    /// Which person a record is of; needed to count what is right, not to train.
    pub cluster: Option<Cluster>,
    /// Whole names, where given and family name are not apart.
    #[serde(default)]
    pub name: Columns,
    /// Given and middle names.
    #[serde(default)]
    pub given: Columns,
    /// Family names.
    #[serde(default)]
    pub family: Columns,
    /// The birth date, in one column or in three: year, month, day.
    #[serde(default)]
    pub birth_date: Columns,
    /// How birth dates are written: `%Y`, `%m` and `%d` and whatever stands between them.
    #[serde(default = "iso")]
    pub birth_date_format: String,
    /// Sex.
    #[serde(default)]
    pub sex: Columns,
    /// Street and house number.
    #[serde(default)]
    pub street: Columns,
    /// City.
    #[serde(default)]
    pub city: Columns,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Columns,
    /// State or region.
    #[serde(default)]
    pub region: Columns,
    /// Telephone numbers; each column is a number.
    #[serde(default)]
    pub phone: Columns,
    /// Email addresses; each column is an address.
    #[serde(default)]
    pub email: Columns,
    /// Identifiers by their naming system.
    #[serde(default)]
    pub identifier: BTreeMap<String, String>,
    /// What stands between the columns, a comma unless said.
    #[serde(default = "comma")]
    pub delimiter: char,
}

fn iso() -> String {
    "%Y-%m-%d".into()
}

const fn comma() -> char {
    ','
}

/// One column, or several that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "OneOrMore")]
pub struct Columns(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<OneOrMore> for Columns {
    fn from(columns: OneOrMore) -> Self {
        match columns {
            OneOrMore::One(column) => Self(vec![column]),
            OneOrMore::More(columns) => Self(columns),
        }
    }
}

/// Where the person is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Cluster {
    /// A column if there is one of that name, else a regular expression on the id.
    Either(String),
    /// A column, beyond doubt.
    Column {
        /// Its name.
        column: String,
    },
    /// A regular expression on the id, whose first group is the person.
    Pattern {
        /// The expression.
        id_pattern: String,
    },
}

/// A map that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidMap {
    /// It is not TOML, or has a key that is none.
    #[error(
        "{0}\nA map has the keys id, cluster, name, given, family, birth_date, birth_date_format, sex, street, \
         city, postal_code, region, phone, email, identifier.<system> and delimiter; each names a column or a \
         list of columns"
    )]
    Syntax(#[from] toml::de::Error),
    /// A column that the file has not.
    #[error("{key} = \"{column}\": the file has no such column; it has {found}")]
    NoSuchColumn {
        /// The key of the map.
        key: String,
        /// The column.
        column: String,
        /// Those that there are.
        found: String,
    },
    /// Nothing says which person a record is of.
    #[error(
        "cluster is missing: name the column that says which person a record is of, or a regular expression on \
         the id whose first group does, such as cluster = '^rec-(\\d+)-'"
    )]
    NoCluster,
    /// The expression is none, or has no group.
    #[error(
        "cluster = \"{pattern}\": neither a column of the file ({found}) nor a regular expression on the id with \
         a group: {reason}"
    )]
    Pattern {
        /// The text.
        pattern: String,
        /// The columns of the file.
        found: String,
        /// Why it is no expression.
        reason: String,
    },
    /// The delimiter is no ASCII character.
    #[error("delimiter: one ASCII character, such as \";\" or \"\\t\"")]
    Delimiter,
    /// The format of birth dates has a part that is not known.
    #[error(
        "birth_date_format = \"{0}\": made of %Y, %m, %d and what stands between them, such as \"%d/%m/%Y\""
    )]
    Format(String),
}

impl ColumnMap {
    /// Reads a map.
    pub fn from_toml(text: &str) -> Result<Self, InvalidMap> {
        let map: Self = toml::from_str(text)?;
        let parts: Vec<_> = map.birth_date_format.match_indices('%').map(|(at, _)| at).collect();
        let known = |at: &usize| {
            matches!(map.birth_date_format.as_bytes().get(at + 1), Some(b'Y' | b'm' | b'd' | b'y' | b'b'))
        };
        if parts.is_empty() || !parts.iter().all(known) {
            return Err(InvalidMap::Format(map.birth_date_format));
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_names_columns_alone_or_in_lists() {
        let map = ColumnMap::from_toml(
            "id = 'rec_id'\ncluster = 'rec-(\\d+)'\ngiven = 'g'\nstreet = ['number', 'address_1']\n\
             identifier.ssn = 'soc_sec_id'",
        )
        .unwrap();
        assert_eq!(map.given.0, ["g"]);
        assert_eq!(map.street.0, ["number", "address_1"]);
        assert_eq!(map.identifier["ssn"], "soc_sec_id");
        assert_eq!(map.cluster, Some(Cluster::Either("rec-(\\d+)".into())));
        let table = ColumnMap::from_toml("cluster = { id_pattern = 'x' }").unwrap();
        assert_eq!(table.cluster, Some(Cluster::Pattern { id_pattern: "x".into() }));
    }

    #[test]
    fn a_wrong_map_says_what_a_right_one_has() {
        let error = ColumnMap::from_toml("surname = 'x'").unwrap_err().to_string();
        assert!(error.contains("surname") && error.contains("family"), "{error}");
        let error = ColumnMap::from_toml("birth_date_format = 'YYYY'").unwrap_err().to_string();
        assert!(error.contains("%d/%m/%Y"), "{error}");
    }
}
