//! Blocking keys: what two records of one person have in common often enough, and two of strangers seldom.
//!
//! A record is stored under each of its [`stored_keys`]; a person is looked up under each of [`lookup_keys`],
//! which are those and a few more for slips that need not be stored. Every key joins what would be too wide
//! alone, so that a lookup in 1,000,000 records reads tens of them. Given and family names are not told apart in
//! keys, so that names that have changed places are found too.

use std::collections::BTreeSet;

use crate::{
    compare::district,
    normalise::{birth::BirthDate, name::Name},
    person::Person,
};

/// What a key is made of. The number is stored: never give it another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum BlockingKind {
    /// Birth date and the initial of a name.
    BirthDateInitial = 1,
    /// Birth date and postal code.
    BirthDatePostalCode = 2,
    /// The sounds of a given and a family name, and the birth year.
    NamesYear = 3,
    /// The sounds of a given and a family name, and day and month of birth.
    NamesDay = 4,
    /// The sounds of a given and a family name, and the district of the postal code.
    NamesDistrict = 5,
    /// A given and a family name as they are.
    FullName = 6,
    /// The sound of a name, the postal code and the birth year.
    NamePostalCodeYear = 7,
    /// House number and street, and the initial of a name.
    AddressInitial = 8,
    /// A telephone number.
    Phone = 9,
    /// An email address.
    Email = 10,
    /// An identifier, by [`identifier_key`](crate::identifier_key).
    Identifier = 11,
}

impl BlockingKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::BirthDateInitial,
        Self::BirthDatePostalCode,
        Self::NamesYear,
        Self::NamesDay,
        Self::NamesDistrict,
        Self::FullName,
        Self::NamePostalCodeYear,
        Self::AddressInitial,
        Self::Phone,
        Self::Email,
        Self::Identifier,
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
pub const MOST_KEYS: usize = 48;

/// The keys that a record is stored under, in order, without repetition: 8 to 12 for most.
pub fn stored_keys(person: &Person) -> Vec<BlockingKey> {
    keys(person, person.birth.as_slice())
}

/// The keys that a person is looked up under: those of [`stored_keys`], and those that a record would have on
/// which day and month of birth have changed places.
pub fn lookup_keys(person: &Person) -> Vec<BlockingKey> {
    let swapped = person.birth.and_then(BirthDate::swapped).filter(|date| date.month <= 12);
    let births: Vec<_> = person.birth.into_iter().chain(swapped).collect();
    keys(person, &births)
}

fn keys(person: &Person, births: &[BirthDate]) -> Vec<BlockingKey> {
    let mut keys = Keys::default();
    for name in &person.names {
        for birth in births {
            keys.birth_initials(name, *birth);
        }
        keys.names(name, person);
    }
    for birth in births.iter().filter(|birth| birth.is_whole()) {
        for place in person.places.iter().filter(|place| !place.postal_code.is_empty()) {
            keys.add(BlockingKind::BirthDatePostalCode, &[&day(*birth), &place.postal_code]);
        }
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
    // Identifiers, emails and telephones have the highest numbers and say the most: they are the last to go.
    let surplus = keys.0.len().saturating_sub(MOST_KEYS);
    keys.0.into_iter().skip(surplus).collect()
}

fn day(date: BirthDate) -> String {
    format!("{:04}{:02}{:02}", date.year, date.month, date.day)
}

#[derive(Default)]
struct Keys(BTreeSet<BlockingKey>);

impl Keys {
    fn add(&mut self, kind: BlockingKind, parts: &[&str]) {
        self.0.insert(BlockingKey { kind, value: parts.join("|").into_bytes() });
    }

    fn birth_initials(&mut self, name: &Name, birth: BirthDate) {
        if !birth.is_whole() {
            return;
        }
        for word in name.given.first().into_iter().chain(&name.family) {
            // By sound, so that Catherine and Katherine, Philip and Filip are together.
            let initial = word.sound.get(..1).unwrap_or_default();
            self.add(BlockingKind::BirthDateInitial, &[&day(birth), initial]);
        }
    }

    fn names(&mut self, name: &Name, person: &Person) {
        let given = name.given.first();
        for family in &name.family {
            if let Some(given) = given {
                let (one, other) = in_order(&given.sound, &family.sound);
                self.pair_of_names(one, other, person);
            }
        }
        if let (Some(given), false) = (given, name.family.is_empty()) {
            let (one, other) = in_order(&given.text, &name.family_joined);
            self.add(BlockingKind::FullName, &[one, other]);
        }
        for word in given.into_iter().chain(&name.family) {
            for place in &person.places {
                if let (Some(birth), false) = (person.birth, place.postal_code.is_empty()) {
                    let year = birth.year.to_string();
                    let parts = [word.sound.as_str(), &place.postal_code, &year];
                    self.add(BlockingKind::NamePostalCodeYear, &parts);
                }
                if !place.number.is_empty() && !place.street.is_empty() {
                    let initial = word.sound.get(..1).unwrap_or_default();
                    self.add(BlockingKind::AddressInitial, &[&place.number, &place.street, initial]);
                }
            }
        }
    }

    fn pair_of_names(&mut self, one: &str, other: &str, person: &Person) {
        if let Some(birth) = person.birth {
            self.add(BlockingKind::NamesYear, &[one, other, &birth.year.to_string()]);
            if birth.is_whole() {
                let of_the_year = format!("{:02}{:02}", birth.month, birth.day);
                self.add(BlockingKind::NamesDay, &[one, other, &of_the_year]);
            }
        }
        for place in person.places.iter().filter(|place| !place.postal_code.is_empty()) {
            self.add(BlockingKind::NamesDistrict, &[one, other, district(&place.postal_code)]);
        }
    }
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
            ("Smith", "Catherine", (1980, 4, 12)),
            ("Kate", "Smyth", (1980, 4, 13)),
        ] {
            assert!(meet(&somebody(given, family, birth), &recorded), "{given} {family} {birth:?}");
        }
    }

    #[test]
    fn a_record_is_stored_under_a_dozen_keys() {
        let keys = stored_keys(&somebody("Catherine", "Smith", (1980, 4, 12)));
        assert!((8..=12).contains(&keys.len()), "{}", keys.len());
        assert!(keys.is_sorted());
        assert!(stored_keys(&Person::default()).is_empty());
    }
}
