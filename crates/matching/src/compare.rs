//! Two persons compared: for each field the level of agreement and the values whose rarity counts.
//!
//! Knows no weights. Of several names, addresses or contacts the pair that agrees best is taken.

mod contacts;
mod dates;
mod names;
mod places;
mod text;

use kinlink_domain::comparison::Field;

pub(crate) use self::places::district;
use crate::{
    level::{FIELDS, Level, position},
    person::Person,
};

/// How two persons agree, field by field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreements<'a> {
    pub(crate) levels: [Level; FIELDS],
    /// The values by which the agreement came about, one of each side: their rarity counts.
    pub(crate) values: [Option<(&'a str, &'a str)>; FIELDS],
}

impl<'a> Agreements<'a> {
    /// Compares two persons.
    pub(crate) fn of(a: &'a Person, b: &'a Person) -> Self {
        let mut found = Self { levels: [Level::MISSING; FIELDS], values: [None; FIELDS] };
        if let Some(names) = names::compare(&a.names, &b.names) {
            found.set(Field::Given, names.given.map(Level::from), names.given_values);
            found.set(Field::Family, names.family.map(Level::from), names.family_values);
        }
        if let (Some(one), Some(other)) = (a.birth, b.birth) {
            let level = dates::compare(one, other);
            found.set(Field::BirthDate, Some(level.into()), Some((&a.birth_text, &b.birth_text)));
        }
        found.set(Field::Sex, contacts::sexes(a.sex, b.sex).map(Level::from), None);
        if let Some(places) = places::compare(&a.places, &b.places) {
            let (one, other) = places.pair;
            found.set(Field::Street, places.street.map(Level::from), Some((&one.street, &other.street)));
            found.set(Field::City, places.city.map(Level::from), Some((&one.city, &other.city)));
            let codes = Some((one.postal_code.as_str(), other.postal_code.as_str()));
            found.set(Field::PostalCode, places.postal_code.map(Level::from), codes);
            found.set(Field::Region, places.region.map(Level::from), None);
        }
        found.set(Field::Phone, contacts::phones(&a.phones, &b.phones).map(Level::from), None);
        found.set(Field::Email, contacts::emails(&a.emails, &b.emails).map(Level::from), None);
        let identifiers = contacts::identifiers(&a.identifiers, &b.identifiers);
        found.set(Field::Identifier, identifiers.map(Level::from), None);
        found
    }

    fn set(&mut self, field: Field, level: Option<Level>, values: Option<(&'a str, &'a str)>) {
        if let Some(level) = level {
            self.levels[position(field)] = level;
            self.values[position(field)] = values;
        }
    }
}
