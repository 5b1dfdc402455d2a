//! Given names that are used for one another: short forms, and one name in several languages or spellings.

use std::{collections::HashMap, sync::LazyLock};

/// One family of names a line, folded. A name may stand in several.
const TABLE: &str = include_str!("nicknames.txt");

static FAMILIES: LazyLock<HashMap<&'static str, Vec<u16>>> = LazyLock::new(|| {
    let mut families: HashMap<&str, Vec<u16>> = HashMap::new();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    for (number, line) in (0..).zip(lines) {
        for name in line.split_whitespace() {
            families.entry(name).or_default().push(number);
        }
    }
    families
});

/// The families that a folded given name belongs to, in ascending order.
pub(crate) fn families(given: &str) -> &'static [u16] {
    FAMILIES.get(given).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn related(a: &str, b: &str) -> bool {
        families(a).iter().any(|family| families(b).contains(family))
    }

    #[test]
    fn short_forms_are_related_and_strangers_are_not() {
        for (a, b) in [("bill", "william"), ("peggy", "margaret"), ("pepe", "jose"), ("mohamed", "muhammad")]
        {
            assert!(related(a, b), "{a} {b}");
        }
        for (a, b) in [("anna", "maria"), ("john", "james"), ("peter", "paul")] {
            assert!(!related(a, b), "{a} {b}");
        }
    }

    #[test]
    fn the_table_is_folded_and_no_line_repeats_a_name() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut names: Vec<_> = line.split(' ').collect();
            assert!(names.iter().all(|name| crate::normalise::text::fold(name) == **name), "{line}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), line.split(' ').count(), "{line}");
        }
    }
}
