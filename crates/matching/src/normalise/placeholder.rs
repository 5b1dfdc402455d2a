//! What stands in a field because something had to: it says nothing and counts as missing.

/// Words that stand for "not known", folded.
const WORDS: [&str; 30] = [
    "unknown",
    "unk",
    "na",
    "n a",
    "none",
    "null",
    "nil",
    "not known",
    "not given",
    "not available",
    "missing",
    "test",
    "tbd",
    "x",
    "xx",
    "xxx",
    "xxxx",
    "no name",
    "noname",
    "unnamed",
    "anonymous",
    "john doe jane doe",
    "desconocido",
    "sin nombre",
    "inconnu",
    "unbekannt",
    "refused",
    "declined",
    "nan",
    "not applicable",
];

/// Whether a folded text stands for nothing.
pub(crate) fn is_placeholder(folded: &str) -> bool {
    folded.is_empty() || WORDS.contains(&folded)
}

/// Newborns who have no name yet: "Baby Boy", "Newborn", "Twin A", "BB", "Infant female".
const NEWBORN: [&str; 20] = [
    "baby", "babyboy", "babygirl", "newborn", "infant", "boy", "girl", "twin", "triplet", "male", "female",
    "a", "b", "c", "1", "2", "3", "of", "bb", "bg",
];

/// Whether a given name is the placeholder that a maternity ward gives.
pub(crate) fn is_newborn(folded: &str) -> bool {
    let first = folded.split(' ').next().unwrap_or_default();
    matches!(
        first,
        "baby"
            | "babyboy"
            | "babygirl"
            | "newborn"
            | "infant"
            | "twin"
            | "triplet"
            | "bb"
            | "bg"
            | "boy"
            | "girl"
    ) && folded.split(' ').all(|word| NEWBORN.contains(&word))
}

/// Whether the digits of an identifier or a telephone number are made up: all the same, or counting up.
pub(crate) fn is_made_up(characters: &[u8]) -> bool {
    let Some(first) = characters.first() else { return true };
    characters.len() < 3
        || characters.iter().all(|c| c == first)
        || matches!(characters, b"123456789" | b"1234567890" | b"0123456789" | b"987654321")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newborns_without_a_name_are_told_from_people_called_baby() {
        for placeholder in
            ["baby boy", "baby girl", "twin a", "newborn", "baby", "infant female", "baby boy 2"]
        {
            assert!(is_newborn(placeholder), "{placeholder}");
        }
        for name in ["baby jane", "boyd", "anna", "girlie", "bo"] {
            assert!(!is_newborn(name), "{name}");
        }
    }
}
