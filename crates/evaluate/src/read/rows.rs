//! Rows as they are written, for whoever asks to see some of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{ReadError, open_csv};
use crate::map::ColumnMap;

/// The rows at these positions of [`Labelled::people`](crate::Labelled), each as `column=value` where there is a
/// value. The files are read again, so that nobody's values are kept who is not asked for.
pub fn rows(
    files: &[&Path],
    map: &ColumnMap,
    positions: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, String>, ReadError> {
    let mut found = BTreeMap::new();
    let mut at = 0;
    for path in files {
        let mut csv = open_csv(path, map)?;
        let csv_error = |error| ReadError::Csv((*path).into(), error);
        let headers = csv.byte_headers().map_err(csv_error)?.clone();
        for row in csv.byte_records() {
            let row = row.map_err(csv_error)?;
            if positions.contains(&at) {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let cells = headers.iter().zip(&row).filter(|(_, value)| !value.is_empty());
                let cells: Vec<_> =
                    cells.map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
                found.insert(at, cells.join(" "));
            }
            at += 1;
        }
    }
    Ok(found)
}
