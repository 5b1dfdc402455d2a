//! How often values are met, by strangers.

use std::collections::{HashMap, HashSet};

use kinlink_domain::comparison::Field;

use super::{
    TrainingSet,
    em::posterior,
    pattern::{Pairs, Patterns},
};
use crate::{
    Model, Person,
    compare::Agreements,
    level::{FIELDS, position},
    model::{Frequencies, to_float},
};

/// Fields in which rarity counts.
const RARE: [Field; 6] =
    [Field::Given, Field::Family, Field::BirthDate, Field::Street, Field::City, Field::PostalCode];

/// In how many records each value stands.
#[derive(Debug)]
pub(crate) struct Counts {
    fields: [HashMap<String, u64>; FIELDS],
}

/// How many pairs of one person agree by each value.
pub(crate) type Mates = [HashMap<String, f64>; FIELDS];

impl Counts {
    pub(crate) fn of(records: &[Person]) -> Self {
        let mut fields: [HashMap<String, u64>; FIELDS] = Default::default();
        for person in records {
            for field in RARE {
                let counts = &mut fields[position(field)];
                for value in values(person, field) {
                    match counts.get_mut(value) {
                        Some(count) => *count += 1,
                        None => _ = counts.insert(value.to_owned(), 1),
                    }
                }
            }
        }
        Self { fields }
    }

    /// Frequencies as they are. `at` is a field's position.
    pub(crate) fn frequencies(&self, at: usize, records: f64) -> Frequencies {
        Frequencies::of_counts(self.fields[at].clone(), 0.5 / records)
    }

    /// Frequencies without what the records of one person add to one another.
    ///
    /// With `n` records of a value, each of which has on the average `k` others of its own person among them,
    /// strangers have it in `n - 1 - k`. Where none is left, the value is as rare as a value met in half a
    /// person, or as the average of all values if that is rarer.
    pub(crate) fn corrected(
        &self,
        at: usize,
        mates: &Mates,
        records: f64,
        a_person_s: f64,
        u: f64,
    ) -> Frequencies {
        let floor = (0.5 * a_person_s / records).min(u).max(0.05 / records);
        let raw = &self.fields[at];
        let total = to_float(raw.values().sum());
        let strangers = raw.iter().map(|(value, count)| {
            let count = to_float(*count);
            let own = 2.0 * mates[at].get(value).copied().unwrap_or(0.0) / count;
            (value.clone(), (count - 1.0 - own).max(0.0) / total + floor, count)
        });
        Frequencies::of_estimates(strangers.collect(), floor)
    }

    /// How often two records drawn blindly have the same value.
    pub(crate) fn collisions(&self, at: usize) -> f64 {
        let total = to_float(self.fields[at].values().sum());
        let pairs: f64 = self.fields[at].values().map(|n| to_float(*n) * (to_float(*n) - 1.0)).sum();
        if total > 1.0 { pairs / (total * (total - 1.0)) } else { 0.0 }
    }
}

/// Sums, over pairs that agree by the same value, the probability that they are of one person.
pub(crate) fn mates_of(set: TrainingSet<'_>, pairs: &Pairs, patterns: &Patterns, model: &Model) -> Mates {
    let mut mates: Mates = Default::default();
    for ((one, other), pattern) in pairs.all.iter().zip(&patterns.all) {
        let own = posterior(model, pattern).own;
        if own < 0.01 {
            continue;
        }
        let (a, b) = (&set.records[*one as usize], &set.records[*other as usize]);
        let agreements = Agreements::of(a, b);
        for field in RARE {
            if let Some((value, same)) = agreements.values[position(field)]
                && value == same
            {
                *mates[position(field)].entry(value.to_owned()).or_default() += own * patterns.scale;
            }
        }
    }
    mates
}

/// The values by which a person may agree with another.
fn values(person: &Person, field: Field) -> HashSet<&str> {
    let names = person.names.iter();
    let places = person.places.iter();
    let all: Vec<&str> = match field {
        Field::Given => names.filter_map(|n| n.given.first()).map(|word| word.text.as_str()).collect(),
        Field::Family => names
            .flat_map(|n| {
                let words = n.family.iter().filter(|_| n.family.len() > 1).map(|word| word.text.as_str());
                words.chain([n.family_joined.as_str()])
            })
            .collect(),
        Field::BirthDate => vec![person.birth_text.as_str()],
        Field::Street => places.map(|p| p.street.as_str()).collect(),
        Field::City => places.map(|p| p.city.as_str()).collect(),
        Field::PostalCode => places.map(|p| p.postal_code.as_str()).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|value| !value.is_empty()).collect()
}
