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
                weights[at] = model.weight(field, level, within, model.log_rarity(agreements.values[at]));
            }
        }
        self.sum(weights)
    }

    /// Adds up what the fields weigh against strangers, and takes off what relatives share.
    pub(crate) fn sum(&self, mut weights: FieldWeights) -> Weighed {
        let (own, relative) = (self.prior.of_match(), self.prior.of_relative());
        let prior = (own / (1.0 - own)).log2();
        let against_strangers: f64 = weights.iter().sum();
        let mut excess = [0.0; FIELDS];
        for (at, excess) in excess.iter_mut().enumerate() {
            *excess = self.fields[at].relative_excess(weights[at]);
        }
        let relatives: f64 = excess.iter().sum();
        let taken = ((1.0 - relative) + relative * relatives.exp2()).log2();
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

impl FieldModel {
    /// By how many bits rarer than the average these values are; none where rarity does not count.
    pub(crate) fn log_rarity(&self, values: Option<(&str, &str)>) -> f64 {
        match values {
            Some((one, other)) if self.frequencies.counts() => {
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
    pub(crate) fn relative_excess(&self, weight: f64) -> f64 {
        if weight == 0.0 { 0.0 } else { (self.shared * weight.exp2() + (1.0 - self.shared)).log2() }
    }
}

/// Whether the field on which this one depends agrees.
pub(crate) fn is_within(field: Field, levels: &[Level; FIELDS]) -> bool {
    let at = |field| levels[position(field)];
    let any = |field, of: &[Level]| of.contains(&at(field));
    let code = || any(Field::PostalCode, &[PostalCode::Exact.into(), PostalCode::Close.into()]);
    let city = || any(Field::City, &[City::Exact.into(), City::Close.into()]);
    match field {
        Field::Sex => any(
            Field::Given,
            &[Given::Exact.into(), Given::First.into(), Given::Nickname.into(), Given::Close.into()],
        ),
        Field::City => code(),
        Field::Region => code() || city() || any(Field::PostalCode, &[PostalCode::District.into()]),
        Field::Street => code() || (at(Field::PostalCode) == Level::MISSING && city()),
        _ => false,
    }
}
