//! Blocking keys: what two records of one person have in common often enough, and two of strangers seldom.
//!
//! A record is stored under each of its [`stored_keys`]; a person is looked up under each of [`lookup_keys`],
//! which are those and a few more for slips that need not be stored. Every key joins what would be too wide
//! alone, so that a lookup in 1,000,000 records reads tens of them. Given and family names are not told apart in
//! keys, so that names that have changed places are found too.

use std::collections::BTreeSet;

use crate::{
    compare::district,
    normalise::{
        address::Place,
        birth::BirthDate,
        name::{Name, Word, sound},
    },
    person::Person,
};

/// What a key is made of. The number is stored: never give it another meaning.
///
/// In parentheses: how many records it is expected to read among 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum BlockingKind {
    /// The birth date (35).
    BirthDate = 1,
    /// The birth year, the digits of day and month in whatever order, and the initial of a name (20 each): finds
    /// day and month that have changed places, and neighbouring digits that have.
    BirthDigitsInitial = 2,
    /// The sounds of a given and a family name, and the birth year (5).
    NamesYear = 3,
    /// The sounds of a given and a family name, and day and month of birth (1).
    NamesDay = 4,
    /// The first letters of a given and a family name, and the sound of the city (15).
    NamesCity = 5,
    /// A given and a family name as they are (10).
    FullName = 6,
    /// The first letters of a given and a family name, and the district of the postal code (15).
    NamesDistrict = 7,
    /// A given name, or the sound of a family name, and the postal code, its digits in whatever order (40 and
    /// 20): the widest of all.
    NamePostalCode = 8,
    /// House number and the sound of a word of the street (10).
    Address = 9,
    /// The postal code, its digits in whatever order, and the sound of a word of the street (30).
    StreetPostalCode = 10,
    /// The sounds of the city and of a word of the street, and the initial of a name (8 each).
    CityStreetInitial = 11,
    /// The first letters of a given and a family name, and the house number (1).
    NamesNumber = 12,
    /// The sounds of a name and of the city, and the house number (5 each).
    NameCityNumber = 13,
    /// A telephone number.
    Phone = 14,
    /// An email address.
    Email = 15,
    /// An identifier, by [`identifier_key`](crate::identifier_key).
    Identifier = 16,
    /// A given name, or the sound of a family name, and the district of the postal code (5 and 10). This and the
    /// next three only for people of whom neither street nor telephone, email or identifier is known.
    NameDistrict = 17,
    /// A given name, or the sound of a family name, and the sound of the city (20 and 10).
    NameCity = 18,
    /// A given name, or the sound of a family name, and the birth year (50 and 10).
    NameYear = 19,
    /// The birth year and the district of the postal code, or the sound of the city (15 and 60).
    YearPlace = 20,
}

impl BlockingKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::BirthDate,
        Self::BirthDigitsInitial,
        Self::NamesYear,
        Self::NamesDay,
        Self::NamesCity,
        Self::FullName,
        Self::NamesDistrict,
        Self::NamePostalCode,
        Self::Address,
        Self::StreetPostalCode,
        Self::CityStreetInitial,
        Self::NamesNumber,
        Self::NameCityNumber,
        Self::Phone,
        Self::Email,
        Self::Identifier,
        Self::NameDistrict,
        Self::NameCity,
        Self::NameYear,
        Self::YearPlace,
    ];

    /// The number under which keys of this kind are stored.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// One blocking key. The value is personal data: the index keeps a keyed hash of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockingKey {
    /// What it is made of.
    pub kind: BlockingKind,
    /// What two records share.
    pub value: Vec<u8>,
}

/// Shows only the kind: the value must not reach a log.
impl std::fmt::Debug for BlockingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlockingKey({:?}, …)", self.kind)
    }
}

/// The most keys that a record is stored under; a person with many names has no more.
pub const MOST_KEYS: usize = 64;

/// The keys that a record is stored under, in order, without repetition: a dozen or two for most.
pub fn stored_keys(person: &Person) -> Vec<BlockingKey> {
    let mut keys = Keys::default();
    if let Some(birth) = person.birth.filter(|birth| birth.is_whole()) {
        keys.add(BlockingKind::BirthDate, &[&person.birth_text]);
        for word in person.names.iter().flat_map(words) {
            keys.add(BlockingKind::BirthDigitsInitial, &[&digits(birth), initial(word)]);
        }
    }
    for name in &person.names {
        keys.names(name, person);
        for place in &person.places {
            keys.name_at(name, place);
        }
    }
    for place in &person.places {
        keys.street(place);
    }
    if person.is_thin() {
        keys.thin(person);
    }
    for phone in &person.phones {
        keys.add(BlockingKind::Phone, &[phone]);
    }
    for email in &person.emails {
        keys.add(BlockingKind::Email, &[email]);
    }
    for identifier in &person.identifiers {
        let value = identifier.key.clone();
        keys.0.insert(BlockingKey { kind: BlockingKind::Identifier, value });
    }
    // Identifiers, emails and telephones have the highest numbers but for the keys of those who have none, and
    // say the most: they are the last to go.
    let surplus = keys.0.len().saturating_sub(MOST_KEYS);
    keys.0.into_iter().skip(surplus).collect()
}

/// The keys that a person is looked up under: those of [`stored_keys`], and those that a record would have on
/// which day and month of birth have changed places.
pub fn lookup_keys(person: &Person) -> Vec<BlockingKey> {
    let mut keys = stored_keys(person);
    if let Some(swapped) = person.birth.and_then(BirthDate::swapped).filter(|date| date.month <= 12) {
        let value = swapped.text().into_bytes();
        let key = BlockingKey { kind: BlockingKind::BirthDate, value };
        let at = keys.partition_point(|other| *other < key);
        keys.insert(at, key);
    }
    keys
}

/// The first given name and every family name.
fn words(name: &Name) -> impl Iterator<Item = &Word> {
    name.given.first().into_iter().chain(&name.family)
}

/// By sound, so that Catherine and Katherine, Philip and Filip are together.
fn initial(word: &Word) -> &str {
    word.sound.get(..1).unwrap_or_default()
}

fn digits(birth: BirthDate) -> String {
    let mut digits = birth.digits();
    digits[4..].sort_unstable();
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// The characters of a postal code in order, so that neighbours may have changed places.
fn sorted(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    bytes.sort_unstable();
    bytes.into_iter().map(char::from).collect()
}

#[derive(Default)]
struct Keys(BTreeSet<BlockingKey>);

impl Keys {
    /// Adds a key, if no part of it is missing.
    fn add(&mut self, kind: BlockingKind, parts: &[&str]) {
        if parts.iter().all(|part| !part.is_empty()) {
            self.0.insert(BlockingKey { kind, value: parts.join("|").into_bytes() });
        }
    }

    fn names(&mut self, name: &Name, person: &Person) {
        let Some(given) = name.given.first() else { return };
        if let Some(birth) = person.birth {
            for family in &name.family {
                let (one, other) = in_order(&given.sound, &family.sound);
                self.add(BlockingKind::NamesYear, &[one, other, &birth.year.to_string()]);
                if birth.is_whole() {
                    let of_the_year = format!("{:02}{:02}", birth.month, birth.day);
                    self.add(BlockingKind::NamesDay, &[one, other, &of_the_year]);
                }
            }
        }
        let (one, other) = in_order(&given.text, &name.family_joined);
        self.add(BlockingKind::FullName, &[one, other]);
    }

    /// Keys of two fields: all that is in common where few are known and half of those are wrong.
    fn thin(&mut self, person: &Person) {
        let year = person.birth.map(|birth| birth.year.to_string()).unwrap_or_default();
        let places = person.places.iter().map(|place| (sound(&place.city), district(&place.postal_code)));
        let places: Vec<_> = places.collect();
        for name in &person.names {
            let given = name.given.first().map(|word| &word.text);
            for word in given.into_iter().chain(name.family.iter().map(|word| &word.sound)) {
                self.add(BlockingKind::NameYear, &[word, &year]);
                for (city, district) in &places {
                    self.add(BlockingKind::NameDistrict, &[word, district]);
                    self.add(BlockingKind::NameCity, &[word, city]);
                }
            }
        }
        for (city, district) in &places {
            self.add(BlockingKind::YearPlace, &[&year, district]);
            self.add(BlockingKind::YearPlace, &[&year, city]);
        }
    }

    fn street(&mut self, place: &Place) {
        let code = sorted(&place.postal_code);
        for word in street_words(place) {
            let word = sound(word);
            self.add(BlockingKind::Address, &[&place.number, &word]);
            self.add(BlockingKind::StreetPostalCode, &[&code, &word]);
        }
    }

    fn name_at(&mut self, name: &Name, place: &Place) {
        let code = sorted(&place.postal_code);
        let city = sound(&place.city);
        if let Some(given) = name.given.first() {
            self.add(BlockingKind::NamePostalCode, &[&given.text, &code]);
        }
        for family in &name.family {
            self.add(BlockingKind::NamePostalCode, &[&family.sound, &code]);
            if let Some(given) = name.given.first() {
                let (one, other) = in_order(beginning(given), beginning(family));
                self.add(BlockingKind::NamesCity, &[one, other, &city]);
                self.add(BlockingKind::NamesDistrict, &[one, other, district(&place.postal_code)]);
                self.add(BlockingKind::NamesNumber, &[one, other, &place.number]);
            }
        }
        for word in words(name) {
            for street in street_words(place) {
                self.add(BlockingKind::CityStreetInitial, &[&city, &sound(street), initial(word)]);
            }
            self.add(BlockingKind::NameCityNumber, &[&word.sound, &city, &place.number]);
        }
    }
}

/// The words of a street that say something, three at the most.
fn street_words(place: &Place) -> impl Iterator<Item = &str> {
    place.street.split(' ').filter(|word| word.len() > 2).take(3)
}

/// The first three letters.
fn beginning(word: &Word) -> &str {
    &word.text[..word.text.len().min(3)]
}

fn in_order<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    if one <= other { (one, other) } else { (other, one) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::PersonBuilder;

    fn somebody(given: &str, family: &str, birth: (u16, u8, u8)) -> Person {
        PersonBuilder::default()
            .name(given, family)
            .birth_date(BirthDate::of_digits(birth.0, birth.1, birth.2))
            .address("12 Main St", "Springfield", "02139", "MA")
            .build()
    }

    fn meet(a: &Person, b: &Person) -> bool {
        let stored = stored_keys(b);
        lookup_keys(a).iter().any(|key| stored.contains(key))
    }

    #[test]
    fn people_are_found_in_spite_of_a_slip() {
        let recorded = somebody("Catherine", "Smith", (1980, 4, 12));
        for (given, family, birth) in [
            ("Catherine", "Smith", (1980, 4, 12)),
            ("Catherine", "Jones", (1980, 4, 12)),
            ("Katherine", "Smith", (1980, 12, 4)),
            ("Catherine", "Smith", (1990, 4, 12)),
            ("Catherine", "Smith", (1980, 4, 21)),
            ("Smith", "Catherine", (1980, 4, 12)),
            ("Kate", "Smyth", (1980, 4, 13)),
        ] {
            assert!(meet(&somebody(given, family, birth), &recorded), "{given} {family} {birth:?}");
        }
    }

    #[test]
    fn people_of_whom_little_is_known_meet_by_two_fields() {
        let thin = |given: &str, family: &str, year, city: &str, code: &str| {
            let birth = BirthDate::of_digits(year, 1, 1);
            PersonBuilder::default().name(given, family).birth_date(birth).address("", city, code, "").build()
        };
        let recorded = thin("Thomas", "Clifford", 1630, "Chard", "TA20 1AA");
        for other in [
            thin("Sir", "Clifford", 1640, "Exeter", "TA20 9ZZ"),
            thin("Sir", "Clifforde", 1651, "Chard", ""),
            thin("Thomas", "Baronet", 1630, "", "EX1 1AA"),
            thin("Lord", "Chudleigh", 1630, "Chard", "EX1 1AA"),
        ] {
            assert!(meet(&other, &recorded));
        }
        assert!(!meet(&thin("Hugh", "Chudleigh", 1641, "Exeter", "EX1 1AA"), &recorded));
        let full = stored_keys(&somebody("Catherine", "Smith", (1980, 4, 12)));
        assert!(full.iter().all(|key| key.kind < BlockingKind::NameDistrict));
    }

    #[test]
    fn a_record_is_stored_under_a_dozen_keys() {
        let keys = stored_keys(&somebody("Catherine", "Smith", (1980, 4, 12)));
        assert!((8..=20).contains(&keys.len()), "{}", keys.len());
        assert!(keys.is_sorted());
        assert!(stored_keys(&Person::default()).is_empty());
    }
}
