//! The model that is shipped: for an index of patients, before anything has been trained.
//!
//! Where the numbers come from. `m` is what studies of patient matching report of errors in registration data
//! (given names differ in some way in a sixth of true pairs, addresses in a third, since people move; birth
//! dates in 3 of 100). `u` of an exact agreement is the probability that two people drawn blindly have the
//! same value: two of the United States' family names in about 1,500, two given names in about 250, two birth
//! dates in about 25,000, two of 30,000 postal codes in about 10,000. Levels between are what random pairs of
//! such values show. Frequencies of the commonest names are rounded from general knowledge of the United
//! States' census, those of Hispanic and Asian names rounded up, since patients are not spread evenly and
//! counting a common name as rare is the dearer mistake. An organization does better by training on its own
//! records.

use std::collections::HashMap;

use kinlink_domain::comparison::Field;

use super::{FieldModel, Frequencies, Likelihood, Model, Prior};
use crate::level::levels_of;

/// Names and how many of 100,000 people bear them, `family` or `given` first.
const NAMES: &str = include_str!("shipped_names.txt");

impl Model {
    /// The shipped model, for an index of 1,000,000 records; [`Model::for_index`] says otherwise.
    pub fn shipped() -> Self {
        let prior = Prior { records: 1_000_000.0, matches: 0.8, relatives: 2.0 };
        Self { prior, fields: Field::ALL.map(field) }
    }
}

/// `m` and `u` of each level, in the order of the levels.
type Numbers = &'static [(f64, f64)];

fn field(field: Field) -> FieldModel {
    let (shared, levels, within) = numbers(field);
    debug_assert_eq!(levels.len(), levels_of(field).len());
    let likelihoods = |numbers: Numbers| -> Vec<Likelihood> {
        let (m, u) = numbers.iter().fold((0.0, 0.0), |(m, u), (one, other)| (m + one, u + other));
        numbers.iter().map(|(one, other)| Likelihood { m: one / m, u: other / u }).collect()
    };
    FieldModel::new(shared, likelihoods(levels), likelihoods(within), frequencies(field, levels[0].1))
}

/// What relatives share, the levels in general, and where what the field depends on agrees.
fn numbers(field: Field) -> (f64, Numbers, Numbers) {
    match field {
        // exact, first, nickname, close, part, similar, initial, swapped, loose, different
        Field::Given => (
            0.03,
            &[
                (0.80, 0.004),
                (0.02, 0.002),
                (0.04, 0.003),
                (0.05, 0.004),
                (0.02, 0.002),
                (0.015, 0.010),
                (0.02, 0.010),
                (0.005, 0.000_1),
                (0.010, 0.04),
                (0.02, 0.925),
            ],
            &[],
        ),
        // exact, part, close, similar, swapped, loose, different
        Field::Family => (
            0.65,
            &[
                (0.86, 0.000_7),
                (0.02, 0.000_4),
                (0.035, 0.001_5),
                (0.01, 0.004),
                (0.005, 0.000_1),
                (0.01, 0.03),
                (0.06, 0.9633),
            ],
            &[],
        ),
        // exact, transposed, one digit, partial, same day of another year, year and month, two digits, year
        Field::BirthDate => (
            0.01,
            &[
                (0.960, 0.000_04),
                (0.004, 0.000_03),
                (0.012, 0.000_8),
                (0.004, 0.000_5),
                (0.003, 0.002_2),
                (0.003, 0.001),
                (0.004, 0.012),
                (0.002, 0.008),
                (0.008, 0.975),
            ],
            &[],
        ),
        Field::Sex => (0.0, &[(0.985, 0.50), (0.015, 0.50)], &[(0.985, 0.96), (0.015, 0.04)]),
        // exact, close, the street, the number, different
        Field::Street => (
            0.85,
            &[(0.60, 0.000_02), (0.08, 0.000_1), (0.02, 0.002), (0.01, 0.008), (0.29, 0.989_9)],
            &[(0.80, 0.000_5), (0.10, 0.001), (0.02, 0.015), (0.01, 0.01), (0.07, 0.973_5)],
        ),
        // exact, close, similar, different
        Field::City => (
            0.85,
            &[(0.72, 0.005), (0.03, 0.000_5), (0.03, 0.01), (0.22, 0.984)],
            &[(0.95, 0.88), (0.01, 0.01), (0.02, 0.03), (0.02, 0.08)],
        ),
        // exact, close, the district, different
        Field::PostalCode => (0.85, &[(0.68, 0.000_4), (0.02, 0.001), (0.10, 0.02), (0.20, 0.978_6)], &[]),
        Field::Region => (0.85, &[(0.93, 0.15), (0.07, 0.85)], &[(0.99, 0.98), (0.01, 0.02)]),
        // exact, close, different
        Field::Phone => (0.45, &[(0.60, 0.000_002), (0.03, 0.000_02), (0.37, 0.999_978)], &[]),
        Field::Email => (0.12, &[(0.60, 0.000_000_5), (0.04, 0.000_02), (0.36, 0.999_98)], &[]),
        Field::Identifier => (0.02, &[(0.92, 0.000_000_5), (0.02, 0.000_02), (0.06, 0.999_98)], &[]),
    }
}

fn frequencies(field: Field, reference: f64) -> Frequencies {
    let (kind, other) = match field {
        Field::Given => ("given", 0.000_5),
        Field::Family => ("family", 0.000_15),
        Field::Street => ("", 0.000_02),
        Field::City => ("city", 0.002),
        Field::PostalCode => ("", 0.000_4),
        Field::BirthDate => ("", 0.000_04),
        Field::Sex | Field::Region | Field::Phone | Field::Email | Field::Identifier => {
            return Frequencies::default();
        }
    };
    let mut values = HashMap::new();
    for line in NAMES.lines().filter(|line| line.starts_with(kind) && !kind.is_empty()) {
        let mut words = line.split(' ').skip(1);
        while let (Some(name), Some(of_100_000)) = (words.next(), words.next()) {
            if let Ok(count) = of_100_000.parse::<f64>() {
                values.insert(name.to_owned(), count / 100_000.0);
            }
        }
    }
    Frequencies { other, reference, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_levels_weigh_more_and_rare_names_more_than_common_ones() {
        let model = Model::shipped();
        for (field, model) in Field::ALL.into_iter().zip(&model.fields) {
            for likelihoods in [&model.levels, &model.within] {
                let specs = levels_of(field).iter().zip(likelihoods);
                for (better, one) in specs.clone() {
                    for (worse, other) in specs.clone().filter(|(worse, _)| worse.rank > better.rank) {
                        let names = (better.name, worse.name);
                        assert!(one.m / one.u > other.m / other.u, "{field:?} {names:?}");
                    }
                }
            }
        }
        let family = &model.fields[crate::level::position(Field::Family)].frequencies;
        assert!(family.of("smith") > family.of("featherstonehaugh"));
        assert!(family.values.len() > 100);
    }
}
