//! The model: what each level of agreement is worth, how often values occur, and how rare a match is.

mod file;
mod frequency;
mod shipped;
mod weigh;

pub use self::file::InvalidModel;
pub(crate) use self::{
    frequency::{Frequencies, to_float},
    weigh::{has_same_given, is_within},
};
use crate::level::FIELDS;

/// How many records there are and what a person among them has to do with the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Records that a person is compared with.
    pub records: f64,
    /// How many of them are that person's, on the average.
    pub matches: f64,
    /// How many of them are relatives or share the household, on the average.
    pub relatives: f64,
}

impl Prior {
    /// The probability that a record drawn blindly is the person's.
    pub(crate) fn of_match(self) -> f64 {
        (self.matches / self.records.max(2.0)).clamp(1e-12, 0.5)
    }

    /// The probability that a record drawn blindly is a relative's.
    pub(crate) fn of_relative(self) -> f64 {
        (self.relatives / self.records.max(2.0)).clamp(0.0, 0.5)
    }
}

/// A model of how records of one person agree, and those of two.
///
/// It is read from a file ([`Model::from_toml`]), trained or [`Model::shipped`].
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) prior: Prior,
    /// In the order of [`kinlink_domain::comparison::Field::ALL`].
    pub(crate) fields: [FieldModel; FIELDS],
}

/// The parameters of one field.
#[derive(Debug, Clone)]
pub(crate) struct FieldModel {
    /// The probability that relatives have the true value in common.
    pub(crate) shared: f64,
    /// For each level, in general.
    pub(crate) levels: Vec<Likelihood>,
    /// For each level, where a field on which this one depends agrees: sex where the given name does, city
    /// where the postal code does. Empty for fields that depend on none.
    pub(crate) within: Vec<Likelihood>,
    /// How often values occur.
    pub(crate) frequencies: Frequencies,
    /// `log2(m/u)` of `levels` and of `within`.
    bits: [Vec<f64>; 2],
}

impl FieldModel {
    pub(crate) fn new(
        shared: f64,
        levels: Vec<Likelihood>,
        within: Vec<Likelihood>,
        frequencies: Frequencies,
    ) -> Self {
        let bits = |levels: &[Likelihood]| levels.iter().map(|level| level.bits()).collect();
        Self { shared, bits: [bits(&levels), bits(&within)], levels, within, frequencies }
    }
}

/// How likely a level is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likelihood {
    /// Between records of one person.
    pub(crate) m: f64,
    /// Between records of strangers.
    pub(crate) u: f64,
}

impl Likelihood {
    /// What it weighs, in bits.
    pub(crate) fn bits(self) -> f64 {
        (self.m / self.u).log2()
    }
}

impl Model {
    /// The prior.
    pub const fn prior(&self) -> Prior {
        self.prior
    }

    /// The same model for a person looked up in another number of records.
    #[must_use]
    pub const fn with_prior(mut self, prior: Prior) -> Self {
        self.prior = prior;
        self
    }

    /// The same model for a claimant who is looked up in an index of so many patients. Of a hundred claimants
    /// eighty are taken to be on record, each once; two relatives of each are too.
    #[must_use]
    pub const fn for_index(self, records: f64) -> Self {
        self.with_prior(Prior { records, matches: 0.8, relatives: 2.0 })
    }
}
