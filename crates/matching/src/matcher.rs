//! The matcher as the domain knows it.

use kinlink_domain::{
    comparison::{Agreement, Comparison, Field, Matcher},
    demographics::Demographics,
};

use crate::{
    Model, Person,
    compare::Agreements,
    level::{levels_of, position},
};

impl Model {
    /// Compares a person as claimed with a record, both prepared. Which is which makes no difference.
    pub fn compare(&self, claimed: &Person, recorded: &Person) -> Comparison {
        let agreements = Agreements::of(claimed, recorded);
        let weighed = self.weigh(&agreements);
        let fields = Field::ALL.into_iter().filter_map(|field| {
            let at = position(field);
            let level = match agreements.levels[at].index() {
                Some(index) => levels_of(field)[index].name,
                None if has(claimed, field) || has(recorded, field) => "missing",
                None => return None,
            };
            Some(Agreement { field, level: level.to_owned(), weight: weighed.fields[at] })
        });
        Comparison { weight: weighed.total, agreements: fields.collect() }
    }

    /// The weight of [`Model::compare`] alone, in bits, without its explanation.
    pub fn weight(&self, claimed: &Person, recorded: &Person) -> f64 {
        self.weigh(&Agreements::of(claimed, recorded)).total
    }
}

impl Matcher for Model {
    fn compare(&self, claimed: &Demographics, recorded: &Demographics) -> Comparison {
        Self::compare(self, &Person::of(claimed), &Person::of(recorded))
    }
}

/// Whether a person has the field at all.
fn has(person: &Person, field: Field) -> bool {
    let place = |known: fn(&crate::normalise::address::Place) -> bool| person.places.iter().any(known);
    match field {
        Field::Given => person.names.iter().any(|name| !name.given.is_empty()),
        Field::Family => person.names.iter().any(|name| !name.family.is_empty()),
        Field::BirthDate => person.birth.is_some(),
        Field::Sex => person.sex.is_some(),
        Field::Street => place(crate::normalise::address::Place::has_street),
        Field::City => place(|p| !p.city.is_empty()),
        Field::PostalCode => place(|p| !p.postal_code.is_empty()),
        Field::Region => place(|p| !p.region.is_empty()),
        Field::Phone => !person.phones.is_empty(),
        Field::Email => !person.emails.is_empty(),
        Field::Identifier => !person.identifiers.is_empty(),
    }
}
