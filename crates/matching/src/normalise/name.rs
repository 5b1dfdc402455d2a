//! Names taken apart: titles and particles gone, words with their sound.

use std::sync::LazyLock;

use rphonetic::{DoubleMetaphone, Encoder};

use super::{
    nickname,
    placeholder::{is_newborn, is_placeholder},
    text::{fold, is_ideograph},
};

/// One word of a name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Double Metaphone (Philips 2000), or the word itself where it has no sound.
    pub(crate) sound: String,
    /// The families of given names that it belongs to, in ascending order.
    pub(crate) nicknames: &'static [u16],
}

/// One name of a person. What is missing is empty.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) given: Vec<Word>,
    pub(crate) family: Vec<Word>,
    /// The words without blanks: `maryann` is `mary ann`.
    pub(crate) given_joined: String,
    pub(crate) family_joined: String,
    /// 1 for senior, 2 for junior, 3 and 4 for what follows.
    pub(crate) generation: Option<u8>,
}

/// Forms of address and ranks. `lord` and the ordinals come before the titles of nobility.
const TITLES: [&str; 52] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "prof",
    "professor",
    "sir",
    "dame",
    "lord",
    "lady",
    "rev",
    "reverend",
    "fr",
    "hon",
    "honourable",
    "rt",
    "capt",
    "captain",
    "col",
    "colonel",
    "gen",
    "general",
    "major",
    "sgt",
    "don",
    "dona",
    "sra",
    "srta",
    "herr",
    "frau",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "baron",
    "baroness",
    "baronet",
    "bart",
    "earl",
    "duke",
    "duchess",
    "viscount",
    "viscountess",
    "marquess",
    "marquis",
    "marchioness",
    "count",
    "countess",
    "prince",
    "princess",
];

/// Letters after a name.
const SUFFIXES: [&str; 10] = ["md", "phd", "esq", "esquire", "dds", "rn", "cpa", "do", "kbe", "obe"];

/// Words that come and go before a family name.
const PARTICLES: [&str; 38] = [
    "de", "del", "della", "dela", "di", "da", "das", "do", "dos", "du", "des", "la", "las", "le", "les",
    "los", "van", "von", "der", "den", "ter", "ten", "vom", "zu", "zum", "zur", "af", "av", "al", "el",
    "bin", "ibn", "ben", "bint", "of", "the", "y", "e",
];

/// Chinese family names of two characters, as they are transliterated.
const TWO_CHARACTERS: [&str; 8] =
    ["ou yang", "si ma", "shang guan", "zhu ge", "xia hou", "huang fu", "dong fang", "mu rong"];

/// Titles that are names too: alone they are taken for one.
const NAMES_TOO: [&str; 21] = [
    "lady", "fr", "hon", "gen", "major", "don", "dona", "baron", "baroness", "earl", "duke", "duchess",
    "marquis", "count", "countess", "prince", "princess", "general", "captain", "do", "herr",
];

fn generation(word: &str) -> Option<u8> {
    match word {
        "sr" | "senior" | "snr" => Some(1),
        "jr" | "junior" | "jnr" | "ii" | "filho" | "hijo" => Some(2),
        "iii" => Some(3),
        "iv" => Some(4),
        _ => None,
    }
}

fn is_ordinal(word: &str) -> bool {
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() < word.len() && matches!(letters, "st" | "nd" | "rd" | "th")
}

impl Word {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), sound: sound(text), nicknames: nickname::families(text) }
    }
}

/// How a folded text sounds, blanks left out, or the text itself where it has no sound.
pub(crate) fn sound(text: &str) -> String {
    static METAPHONE: LazyLock<DoubleMetaphone> = LazyLock::new(|| DoubleMetaphone::new(Some(6)));
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).take(LONGEST_WORD).collect();
    let sound = METAPHONE.encode(&letters);
    if sound.is_empty() { text.to_owned() } else { sound }
}

/// The most words of a name that are kept: whoever sends more sends no name.
const MOST_WORDS: usize = 8;
/// The longest word, in bytes.
const LONGEST_WORD: usize = 40;

fn words(parts: &[&str]) -> Vec<Word> {
    let cut = |word: &str| word[..word.len().min(LONGEST_WORD)].to_owned();
    parts.iter().take(MOST_WORDS).map(|word| Word::new(&cut(word))).collect()
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect()
}

impl Name {
    /// A name of these parts, each as it is written; none if nothing of it is known.
    pub(crate) fn new(given: &str, family: &str) -> Option<Self> {
        let mut found = None;
        let (given, family) = (fold(given), fold(family));
        let given = given_words(&given, &mut found);
        let family = family_words(&family, &mut found);
        if given.is_empty() && family.is_empty() {
            return None;
        }
        let (given_joined, family_joined) = (joined(&given), joined(&family));
        Some(Self { given, family, given_joined, family_joined, generation: found })
    }

    /// A name of which only the whole is known: `Family, Given`, `Given Family`, or an East Asian name, which
    /// begins with the family.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        if let Some((family, given)) = text.split_once(',') {
            let rest = fold(given);
            // `Ada Lovelace, Jr.` and `Thomas Clifford, 1st Baron Clifford` have no given name after the comma.
            let first = rest.split(' ').next().unwrap_or_default();
            if generation(first).is_none() && !SUFFIXES.contains(&first) && !is_ordinal(first) {
                return Self::new(given, family);
            }
        }
        let text_folded = fold(text);
        let mut found = None;
        let all: Vec<&str> = strip(&text_folded, &mut found);
        if all.is_empty() {
            return None;
        }
        let name = if all.len() > 1 && text.chars().filter(|c| !c.is_whitespace()).all(is_ideograph) {
            let two = all.len() > 2 && TWO_CHARACTERS.contains(&all[..2].join(" ").as_str());
            let (family, given) = all.split_at(if two { 2 } else { 1 });
            Self::new(&given.join(" "), &family.join(" "))
        } else {
            let (family, given) = all.split_last()?;
            Self::new(&given.join(" "), family)
        };
        name.map(|name| Self { generation: found.or(name.generation), ..name })
    }
}

/// The words without titles, suffixes and ordinals; if nothing else is there, those of them that are names too.
fn strip<'a>(folded: &'a str, found: &mut Option<u8>) -> Vec<&'a str> {
    let all: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let mut kept = Vec::with_capacity(all.len());
    for (at, word) in all.iter().enumerate() {
        if let (Some(number), true) = (generation(word), at > 0) {
            *found = Some(number);
        } else if !(TITLES.contains(word) || is_ordinal(word) || (at > 0 && SUFFIXES.contains(word))) {
            kept.push(*word);
        }
    }
    if kept.is_empty() {
        // "Sir" for a given name and "Baronet" for a family name are nobody's: they count as missing.
        kept.extend(all.into_iter().filter(|word| NAMES_TOO.contains(word) || !is_affix(word)));
    }
    kept
}

fn is_affix(word: &str) -> bool {
    TITLES.contains(&word) || is_ordinal(word) || SUFFIXES.contains(&word)
}

fn given_words(folded: &str, found: &mut Option<u8>) -> Vec<Word> {
    if is_placeholder(folded) || is_newborn(folded) {
        return Vec::new();
    }
    words(&strip(folded, found))
}

fn family_words(folded: &str, found: &mut Option<u8>) -> Vec<Word> {
    if let Some(number) = generation(folded) {
        *found = Some(number);
        return Vec::new();
    }
    if is_placeholder(folded) {
        return Vec::new();
    }
    let all = strip(folded, found);
    let mut kept: Vec<String> = Vec::with_capacity(all.len());
    let mut prefix = None;
    for word in &all {
        // `O Brien`, `Mc Donald`: the first belongs to what follows.
        if matches!(*word, "o" | "mc" | "mac" | "fitz") && prefix.is_none() {
            prefix = Some(*word);
        } else if let Some(start) = prefix.take() {
            kept.push(format!("{start}{word}"));
        } else if !PARTICLES.contains(word) {
            kept.push((*word).to_owned());
        }
    }
    if kept.is_empty() {
        return words(&all);
    }
    words(&kept.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: Option<Name>) -> (String, String) {
        let text = |words: &[Word]| words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        name.map(|name| (text(&name.given), text(&name.family))).unwrap_or_default()
    }

    #[test]
    fn particles_titles_and_prefixes_do_not_tell_names_apart() {
        for (given, family, expected) in [
            ("Ana", "de la Cruz", ("ana", "cruz")),
            ("Ludwig", "van Beethoven", ("ludwig", "beethoven")),
            ("Sinéad", "O’Connor", ("sinead", "oconnor")),
            ("Sinead", "O Connor", ("sinead", "oconnor")),
            ("Ian", "Mc Donald", ("ian", "mcdonald")),
            ("Omar", "Al-Rashid", ("omar", "rashid")),
            ("Dr. Jane", "Roe, MD", ("jane", "roe")),
            ("Thi", "Le", ("thi", "le")),
            ("Baby Boy", "Smith", ("", "smith")),
            ("Unknown", "Smith", ("", "smith")),
            ("Thomas", "1st Baron Clifford of Chudleigh", ("thomas", "clifford chudleigh")),
            ("Sir", "Baronet", ("", "")),
            ("Sir", "2nd Viscount", ("", "")),
            ("Major", "Earl", ("major", "earl")),
        ] {
            let found = parts(Name::new(given, family));
            assert_eq!(found, (expected.0.to_owned(), expected.1.to_owned()), "{given} {family}");
        }
    }

    #[test]
    fn a_whole_name_is_taken_apart() {
        for (text, expected) in [
            ("Ada Lovelace", ("ada", "lovelace")),
            ("Lovelace, Ada", ("ada", "lovelace")),
            ("Sir Martin Luther King, Jr.", ("martin luther", "king")),
            ("王小明", ("xiao ming", "wang")),
            ("欧阳小明", ("xiao ming", "ou yang")),
            ("Prince", ("", "prince")),
        ] {
            assert_eq!(parts(Name::of_text(text)), (expected.0.to_owned(), expected.1.to_owned()), "{text}");
        }
    }

    #[test]
    fn junior_and_senior_are_kept_apart() {
        for (given, family, number) in
            [("John", "Smith Jr.", Some(2)), ("John Sr", "Smith", Some(1)), ("John", "Smith", None)]
        {
            assert_eq!(Name::new(given, family).unwrap().generation, number, "{given} {family}");
        }
    }
}
