//! Labelled records from CSV.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use kinlink_matching::Person;

use crate::map::{ColumnMap, InvalidMap};

mod columns;
mod date;
mod rows;

use columns::Reader;
pub use rows::rows;

/// Records and which person each is of.
#[derive(Debug, Default)]
pub struct Labelled {
    /// The records, those of the first file first.
    pub people: Vec<Person>,
    /// Their ids.
    pub ids: Vec<String>,
    /// Which person each is of, numbered from 0; empty without labels.
    pub clusters: Vec<u32>,
    /// How many are of the first file, if there are two.
    pub first: Option<usize>,
}

/// Files that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is not there, or may not be read.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// It is no CSV.
    #[error("{0}: {1}")]
    Csv(PathBuf, #[source] csv::Error),
    /// The map does not fit.
    #[error("{0}: {1}")]
    Map(PathBuf, #[source] InvalidMap),
    /// A record says of no person.
    #[error("{path}: line {line}: the id `{id}` does not match the cluster's expression")]
    NoPerson {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The id.
        id: String,
    },
}

/// Reads one file, or two to be linked. Without `labels` the map needs no cluster.
pub fn read(files: &[&Path], map: &ColumnMap, labels: bool) -> Result<Labelled, ReadError> {
    let mut found = Labelled::default();
    let mut clusters = HashMap::new();
    for (number, path) in files.iter().enumerate() {
        if number == 1 {
            found.first = Some(found.people.len());
        }
        read_file(path, map, labels, &mut found, &mut clusters)?;
    }
    Ok(found)
}

fn read_file(
    path: &Path,
    map: &ColumnMap,
    labels: bool,
    found: &mut Labelled,
    clusters: &mut HashMap<String, u32>,
) -> Result<(), ReadError> {
    let csv_error = |error| ReadError::Csv(path.into(), error);
    let map_error = |error| ReadError::Map(path.into(), error);
    let mut csv = open_csv(path, map)?;
    let headers = csv.byte_headers().map_err(csv_error)?.clone();
    let reader = Reader::new(map, &headers, labels).map_err(map_error)?;
    for (line, row) in (2..).zip(csv.byte_records()) {
        let row = row.map_err(csv_error)?;
        let id = reader.id(&row, line);
        if labels {
            let Some(person) = reader.person_of(&row, &id) else {
                return Err(ReadError::NoPerson { path: path.into(), line, id });
            };
            let next = u32::try_from(clusters.len()).unwrap_or(u32::MAX);
            found.clusters.push(*clusters.entry(person).or_insert(next));
        }
        found.people.push(reader.person(&row));
        found.ids.push(id);
    }
    Ok(())
}

fn open_csv(path: &Path, map: &ColumnMap) -> Result<csv::Reader<Box<dyn Read>>, ReadError> {
    let source = open(path).map_err(|error| ReadError::File(path.into(), error))?;
    let ascii = u8::try_from(map.delimiter).ok().filter(u8::is_ascii);
    let delimiter = ascii.ok_or_else(|| ReadError::Map(path.into(), InvalidMap::Delimiter))?;
    let mut builder = csv::ReaderBuilder::new();
    Ok(builder.delimiter(delimiter).trim(csv::Trim::All).flexible(true).from_reader(source))
}

/// Opens a file; gzip is recognised by its first bytes.
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut start = [0; 2];
    let length = File::open(path)?.read(&mut start)?;
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if length == 2 && start == [0x1f, 0x8b] {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    Ok(Box::new(file))
}

impl Labelled {
    /// How many pairs are of one person; of two files, one of each.
    pub fn true_pairs(&self) -> u64 {
        let mut counts: HashMap<u32, [u64; 2]> = HashMap::new();
        for (at, cluster) in self.clusters.iter().enumerate() {
            let side = usize::from(self.first.is_some_and(|first| at >= first));
            counts.entry(*cluster).or_default()[side] += 1;
        }
        let pairs = counts.values().map(|[one, other]| match self.first {
            Some(_) => one * other,
            None => one * one.saturating_sub(1) / 2,
        });
        pairs.sum()
    }

    /// Whether two records are of one person.
    pub fn is_true(&self, (one, other): (u32, u32)) -> bool {
        self.clusters[one as usize] == self.clusters[other as usize]
    }
}
