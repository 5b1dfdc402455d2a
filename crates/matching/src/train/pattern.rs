//! Pairs reduced to what weighing needs, so that passes over millions of them are cheap.

use kinlink_domain::comparison::Field;
use rayon::prelude::*;

use super::{TrainingSet, em::posterior};
use crate::{
    Model,
    compare::Agreements,
    level::{FIELDS, Level, levels_of, position},
    model::is_within,
};

/// Below this a pair is of strangers, whatever its values.
const OF_STRANGERS: f64 = 1e-4;

/// How one pair agrees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) levels: [Level; FIELDS],
    /// A bit for each field on which another one agrees that this one depends on.
    pub(crate) within: u16,
    pub(crate) log_rarity: [f32; FIELDS],
}

/// Patterns of many pairs.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) all: Vec<Pattern>,
    /// How many pairs each stands for.
    pub(crate) scale: f64,
}

/// Pairs, and how many each stands for.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) all: Vec<(u32, u32)>,
    pub(crate) scale: f64,
}

impl Pattern {
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm to seven digits is enough")]
    pub(crate) fn of(agreements: &Agreements<'_>, model: &Model) -> Self {
        let mut pattern = Self { levels: agreements.levels, within: 0, log_rarity: [0.0; FIELDS] };
        for (at, field) in Field::ALL.into_iter().enumerate() {
            if let Some(level) = agreements.levels[at].index() {
                pattern.log_rarity[at] = model.fields[at].log_rarity(level, agreements.values[at]) as f32;
                pattern.within |= u16::from(is_within(field, &agreements.levels)) << at;
            }
        }
        pattern
    }

    pub(crate) fn is_within(&self, at: usize) -> bool {
        self.within >> at & 1 == 1
    }

    /// Whether two that agree on something else are certainly strangers: what is known of their names and
    /// birth dates differs. Where given names agree because such pairs are looked at, that counts for nothing.
    pub(crate) fn is_of_strangers(&self) -> bool {
        let worst = |field: Field| u8::try_from(levels_of(field).len() - 1).map(Level);
        let differs = |field: Field| worst(field) == Ok(self.levels[position(field)]);
        let known = |field: Field| self.levels[position(field)] != Level::MISSING;
        let names = [Field::Family, Field::BirthDate];
        names.into_iter().any(known)
            && names.into_iter().all(|field| differs(field) || !known(field))
            && (differs(Field::Given) || (differs(Field::Family) && differs(Field::BirthDate)))
    }

    /// What each field weighs against strangers.
    pub(crate) fn weights(&self, model: &Model) -> [f64; FIELDS] {
        let mut weights = [0.0; FIELDS];
        for (at, field) in Field::ALL.into_iter().enumerate() {
            if let Some(level) = self.levels[at].index() {
                let rarity = f64::from(self.log_rarity[at]);
                weights[at] = model.fields[at].weight(field, level, self.is_within(at), rarity);
            }
        }
        weights
    }
}

impl Patterns {
    pub(crate) fn of(set: TrainingSet<'_>, pairs: &Pairs, model: &Model) -> Self {
        let pattern = |(one, other): &(u32, u32)| {
            let (a, b) = (&set.records[*one as usize], &set.records[*other as usize]);
            Pattern::of(&Agreements::of(a, b), model)
        };
        Self { all: pairs.all.par_iter().with_min_len(1024).map(pattern).collect(), scale: pairs.scale }
    }

    /// Looks rarities up again after frequencies have changed, where that can change what kind a pair is.
    pub(crate) fn refresh(&mut self, set: TrainingSet<'_>, pairs: &Pairs, model: &Model) {
        let patterns = self.all.par_iter_mut().zip(&pairs.all).with_min_len(1024);
        patterns.for_each(|(pattern, (one, other))| {
            let kind = posterior(model, pattern);
            if kind.own + kind.relatives > OF_STRANGERS {
                let (a, b) = (&set.records[*one as usize], &set.records[*other as usize]);
                *pattern = Pattern::of(&Agreements::of(a, b), model);
            }
        });
    }
}
