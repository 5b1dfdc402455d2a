//! Addresses: house number and street name apart, postal codes without blanks.

use super::{placeholder::is_placeholder, text::fold};

/// One address, folded. What is missing is empty.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// House number, with its letter if it has one.
    pub(crate) number: String,
    /// The street without house number and without the word for street, words joined by blanks.
    pub(crate) street: String,
    pub(crate) city: String,
    /// Without blanks.
    pub(crate) postal_code: String,
    pub(crate) region: String,
}

/// Words for a street, a unit or a compass point, all written in several ways. They tell little, so they go.
const NOISE: [&str; 60] = [
    "street",
    "st",
    "str",
    "road",
    "rd",
    "avenue",
    "ave",
    "av",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "place",
    "pl",
    "boulevard",
    "blvd",
    "circuit",
    "cct",
    "crescent",
    "cres",
    "cr",
    "close",
    "cl",
    "terrace",
    "tce",
    "ter",
    "way",
    "parade",
    "pde",
    "square",
    "sq",
    "highway",
    "hwy",
    "parkway",
    "pkwy",
    "circle",
    "cir",
    "trail",
    "trl",
    "grove",
    "gr",
    "calle",
    "rue",
    "via",
    "unit",
    "apt",
    "apartment",
    "suite",
    "ste",
    "flat",
    "floor",
    "fl",
    "no",
    "po",
    "box",
    "the",
    "gardens",
    "gdns",
];

impl Place {
    pub(crate) fn new(street: &str, city: &str, postal_code: &str, region: &str) -> Option<Self> {
        let known =
            |text: &str| Some(fold(text)).filter(|folded| !is_placeholder(folded)).unwrap_or_default();
        let (number, street) = split_street(&known(street));
        let mut postal_code = known(postal_code).replace(' ', "");
        if postal_code.bytes().all(|b| matches!(b, b'0')) || postal_code == "99999" {
            postal_code.clear();
        }
        // ZIP+4: the first five are what everybody gives.
        if postal_code.len() == 9 && postal_code.bytes().all(|b| b.is_ascii_digit()) {
            postal_code.truncate(5);
        }
        let place = Self { number, street, city: known(city), postal_code, region: known(region) };
        (place != Self::default()).then_some(place)
    }

    pub(crate) fn has_street(&self) -> bool {
        !self.street.is_empty() || !self.number.is_empty()
    }
}

/// The house number is the first word with a digit; the name is the words that say something.
fn split_street(folded: &str) -> (String, String) {
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let number = words.iter().position(|word| word.bytes().any(|b| b.is_ascii_digit()));
    let rest = || words.iter().enumerate().filter(|(at, _)| Some(*at) != number).map(|(_, word)| *word);
    let mut name: Vec<&str> = rest().filter(|word| !NOISE.contains(word)).collect();
    if name.is_empty() {
        name = rest().collect();
    }
    (number.map(|at| words[at].to_owned()).unwrap_or_default(), name.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_name_of_a_street_come_apart() {
        for (street, number, name) in [
            ("12 Main St.", "12", "main"),
            ("Hauptstraße 5a", "5a", "hauptstrasse"),
            ("Apt 4, 200 Park Avenue", "4", "200 park"),
            ("The Avenue", "", "the avenue"),
            ("light setreet", "", "light setreet"),
        ] {
            assert_eq!(split_street(&fold(street)), (number.to_owned(), name.to_owned()), "{street}");
        }
        assert!(Place::new("unknown", "N/A", "00000", "").is_none());
    }
}
