//! A wrong map says what is wrong and what would be right.

use std::{collections::BTreeSet, fs, path::Path};

use kinlink_evaluate::{ColumnMap, read, rows};

const FILE: &str = "rec_id,given_name,surname\nrec-1-org,Ada,Roe\nrec-1-dup-0,Ada,Row\n";

fn error(map: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    fs::write(&file, FILE).unwrap();
    match ColumnMap::from_toml(map) {
        Err(error) => error.to_string(),
        Ok(map) => read(&[&file], &map, true).expect_err("the map is wrong").to_string(),
    }
}

#[test]
fn every_mistake_is_told_with_what_would_be_right() {
    for (map, told) in [
        ("surname = 'surname'", &["surname", "family", "birth_date_format"][..]),
        ("id = 'rec_id'", &["cluster is missing", "'^rec-(\\d+)-'"]),
        ("cluster = 'rec_id'\nfamily = 'last'", &["family", "last", "rec_id, given_name, surname"]),
        ("cluster = 'person'", &["person", "rec_id, given_name, surname", "group"]),
        ("id = 'rec_id'\ncluster = 'rec-(\\d+'", &["rec-(\\d+", "unclosed group"]),
        ("id = 'rec_id'\ncluster = 'rec-\\d+'", &["rec-\\d+", "no group in parentheses"]),
        ("id = 'rec_id'\ncluster = 'org-(\\d+)'", &["line 2", "rec-1-org"]),
        ("cluster = { column = 'who' }", &["cluster", "who", "rec_id, given_name, surname"]),
        ("cluster = 'rec_id'\nbirth_date_format = 'YYYY-MM-DD'", &["YYYY-MM-DD", "%d/%m/%Y"]),
        ("cluster = 'rec_id'\ndelimiter = 'ä'", &["delimiter", "ASCII"]),
        ("cluster = 'rec_id'\nidentifier.ssn = 'ssn'", &["identifier.ssn", "no such column"]),
        ("given = given_name", &["given_name", "names a column"]),
    ] {
        let error = error(map);
        for part in told {
            assert!(error.contains(part), "{map}\nis answered with\n{error}\nwithout {part}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let map = ColumnMap::from_toml("cluster = 'rec_id'").unwrap();
    let error = read(&[Path::new("nowhere/people.csv")], &map, true).unwrap_err().to_string();
    assert!(error.contains("nowhere/people.csv") && error.contains("No such file"), "{error}");
}

#[test]
fn a_right_map_reads_every_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    fs::write(&file, FILE).unwrap();
    let map = ColumnMap::from_toml("id = 'rec_id'\ncluster = 'rec-(\\d+)-'\ngiven = 'given_name'").unwrap();
    let found = read(&[&file], &map, true).unwrap();
    assert_eq!(found.ids, ["rec-1-org", "rec-1-dup-0"]);
    assert_eq!((found.clusters, found.people.len()), (vec![0, 0], 2));
}

#[test]
fn only_the_rows_asked_for_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.csv"), folder.path().join("other.csv"));
    fs::write(&one, FILE).unwrap();
    fs::write(&other, "surname,rec_id\n,rec-2-org\nDoe,rec-3-org\n").unwrap();
    let shown = rows(&[&one, &other], &ColumnMap::from_toml("").unwrap(), &BTreeSet::from([1, 2])).unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[&1], "rec_id=rec-1-dup-0 given_name=Ada surname=Row");
    assert_eq!(shown[&2], "rec_id=rec-2-org");
}
