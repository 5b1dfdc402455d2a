//! From levels to weights.

use kinlink_domain::comparison::Field;

use super::{FieldModel, Model};
use crate::{
    compare::Agreements,
    level::{City, FIELDS, Given, Level, PostalCode, levels_of, position},
};

/// The weights of one comparison, in bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    /// The prior and all fields.
    pub(crate) total: f64,
    /// Field by field, what relatives share already taken off; 0 where the field is missing.
    pub(crate) fields: FieldWeights,
}

/// A number for each field.
pub(crate) type FieldWeights = [f64; FIELDS];

impl Model {
    /// Weighs an agreement.
    pub(crate) fn weigh(&self, agreements: &Agreements<'_>) -> Weighed {
        let mut weights = [0.0; FIELDS];
        for field in Field::ALL {
            let at = position(field);
            if let Some(level) = agreements.levels[at].index() {
                let model = &self.fields[at];
                let within = is_within(field, &agreements.levels);
                weights[at] =
                    model.weight(field, level, within, model.log_rarity(level, agreements.values[at]));
            }
        }
        self.sum(weights, has_same_given(&agreements.levels))
    }

    /// Adds up what the fields weigh against strangers, and takes off what relatives share.
    fn sum(&self, mut weights: FieldWeights, same_given: bool) -> Weighed {
        let (own, relative) = (self.prior.of_match(), self.prior.of_relative());
        let prior = (own / (1.0 - own)).log2();
        let against_strangers: f64 = weights.iter().sum();
        let mut excess = [0.0; FIELDS];
        for (at, excess) in excess.iter_mut().enumerate() {
            *excess = self.fields[at].relative_excess(weights[at]);
        }
        let taken = ((1.0 - relative) + relative * self.relative_odds(&weights, same_given)).log2();
        let total = prior + against_strangers - taken;
        // Each field gives back in proportion to what it owes to the family.
        let owed: f64 = excess.iter().filter(|bits| **bits > 0.0).sum();
        if taken > 0.0 && owed > 0.0 {
            for (weight, excess) in weights.iter_mut().zip(excess) {
                *weight -= taken * excess.max(0.0) / owed;
            }
        }
        Weighed { total, fields: weights }
    }
}

impl Model {
    /// How much likelier an agreement of these weights is between relatives than between strangers.
    ///
    /// A relative shares the birth date as a twin, or the given name as a child named after a parent, but not
    /// both: twins bear names of their own.
    pub(crate) fn relative_odds(&self, weights: &FieldWeights, same_given: bool) -> f64 {
        let shared = |at: usize| self.fields[at].relative_odds(weights[at]);
        let (given, birth) = (position(Field::Given), position(Field::BirthDate));
        let others: f64 = (0..FIELDS).filter(|at| *at != given && *at != birth).map(shared).product();
        let twins = self.fields[birth].shared;
        let of_twins = if same_given { SAME_NAME_OF_TWINS } else { 1.0 };
        others * ((1.0 - twins) * shared(given) + twins * weights[birth].exp2() * of_twins)
    }
}

/// How much likelier twins are than strangers to bear the same name, or names used for one another.
const SAME_NAME_OF_TWINS: f64 = 0.1;

/// Whether the given names are the same, or used for one another.
pub(crate) fn has_same_given(levels: &[Level; FIELDS]) -> bool {
    let same = [Given::Exact, Given::First, Given::Nickname, Given::Part, Given::Swapped];
    same.iter().any(|level| levels[position(Field::Given)] == Level::from(*level))
}

impl FieldModel {
    /// By how many bits rarer than the average these values are; none where rarity does not count, as at the
    /// worst level, which never weighs anything for a match.
    pub(crate) fn log_rarity(&self, level: usize, values: Option<(&str, &str)>) -> f64 {
        match values {
            Some((one, other)) if self.frequencies.counts() && level + 1 < self.levels.len() => {
                (self.frequencies.reference / self.frequencies.of_pair(one, other)).log2()
            }
            _ => 0.0,
        }
    }

    /// What a level weighs against strangers.
    pub(crate) fn weight(&self, field: Field, level: usize, within: bool, log_rarity: f64) -> f64 {
        if within && !self.within.is_empty() {
            // Where a field on which this one depends agrees, the frequency among all records says nothing.
            return self.bits[1][level];
        }
        let plain = self.bits[0][level];
        if log_rarity == 0.0 {
            return plain;
        }
        let spec = &levels_of(field)[level];
        let weight = plain + spec.rarity * log_rarity;
        // However common, the same value never weighs less than a value that is only alike.
        let exact = self.bits[0][0] + log_rarity;
        if spec.rank == 0 { weight.max(0.0) } else { weight.min(exact.max(0.0)) }
    }

    /// How many bits likelier an agreement of this weight is between relatives than between strangers.
    ///
    /// Relatives have the true value in common with probability `shared`, and then it is written down with the
    /// same slips as if it were one person's; else they are strangers.
    fn relative_excess(&self, weight: f64) -> f64 {
        self.relative_odds(weight).log2()
    }

    fn relative_odds(&self, weight: f64) -> f64 {
        if weight == 0.0 { 1.0 } else { self.shared * weight.exp2() + (1.0 - self.shared) }
    }
}

/// Whether the field on which this one depends agrees.
pub(crate) fn is_within(field: Field, levels: &[Level; FIELDS]) -> bool {
    let at = |field| levels[position(field)];
    let any = |field, of: &[Level]| of.contains(&at(field));
    let code = || any(Field::PostalCode, &[PostalCode::Exact.into(), PostalCode::Close.into()]);
    let area = || code() || any(Field::PostalCode, &[PostalCode::District.into()]);
    let city = || any(Field::City, &[City::Exact.into(), City::Close.into()]);
    match field {
        Field::Sex => any(
            Field::Given,
            &[Given::Exact.into(), Given::First.into(), Given::Nickname.into(), Given::Close.into()],
        ),
        // A district is mostly within one city: counted in full, both would outweigh the same code.
        Field::City => area(),
        Field::Region => area() || city(),
        Field::Street => code() || (at(Field::PostalCode) == Level::MISSING && city()),
        _ => false,
    }
}
