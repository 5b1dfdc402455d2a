//! Expectation and maximisation over three kinds of pairs: one person's, relatives', strangers'.

use kinlink_domain::comparison::Field;
use rayon::prelude::*;

use super::{
    TrainingSet, Warning,
    counts::{Counts, Mates},
    order::in_order,
    pattern::{Pattern, Patterns},
    sample::RandomPatterns,
};
use crate::{
    Model,
    level::{FIELDS, levels_of},
    model::{FieldModel, Likelihood, has_same_given, to_float},
};

/// How many pairs of one person the starting model is worth, per field.
const STRENGTH_OF_START: f64 = 20.0;
/// How many pairs of relatives the starting model is worth.
const STRENGTH_OF_RELATIVES: f64 = 100.0;
/// Passes end when no parameter moves by more than this share of itself, or by so much absolutely.
const STILL: f64 = 2e-3;

/// The probability of each kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posterior {
    pub(crate) own: f64,
    pub(crate) relatives: f64,
}

/// What kind a pair is.
pub(crate) fn posterior(model: &Model, pattern: &Pattern) -> Posterior {
    kinds(model, &pattern.weights(model), has_same_given(&pattern.levels))
}

fn kinds(model: &Model, weights: &[f64; FIELDS], same_given: bool) -> Posterior {
    let (own, relative) = (model.prior.of_match(), model.prior.of_relative());
    let against_strangers = own / (1.0 - own) * weights.iter().sum::<f64>().exp2();
    let relatives = relative * model.relative_odds(weights, same_given);
    let total = against_strangers + relatives + (1.0 - relative);
    if !total.is_finite() {
        return Posterior { own: 1.0, relatives: 0.0 };
    }
    Posterior { own: against_strangers / total, relatives: relatives / total }
}

/// Ten levels at most, in general and within what a field depends on.
type ByLevel = [[[f64; 10]; 2]; FIELDS];

/// Sums over pairs.
#[derive(Clone)]
struct Sums {
    own: ByLevel,
    strangers: ByLevel,
    own_pairs: f64,
    relatives: f64,
    /// Relatives that have the field, and that have its true value in common.
    known: [f64; FIELDS],
    shared: [f64; FIELDS],
}

impl Sums {
    fn new() -> Self {
        let none = [[[0.0; 10]; 2]; FIELDS];
        Self {
            own: none,
            strangers: none,
            own_pairs: 0.0,
            relatives: 0.0,
            known: [0.0; FIELDS],
            shared: [0.0; FIELDS],
        }
    }

    fn add(&mut self, model: &Model, pattern: &Pattern, strict: bool) {
        let weights = pattern.weights(model);
        let mut kind = kinds(model, &weights, has_same_given(&pattern.levels));
        if strict {
            let certain = Posterior { own: 0.0, relatives: 0.0 };
            let doubtful = Posterior { own: 1.0, relatives: 0.0 };
            kind = if pattern.is_of_strangers() { certain } else { doubtful };
        }
        self.own_pairs += kind.own;
        self.relatives += kind.relatives;
        let strangers = (1.0 - kind.own - kind.relatives).max(0.0);
        for (at, level) in pattern.levels.iter().enumerate() {
            let Some(level) = level.index() else { continue };
            let within = usize::from(pattern.is_within(at) && !model.fields[at].within.is_empty());
            self.own[at][within][level] += kind.own;
            self.strangers[at][within][level] += strangers;
            if kind.relatives > 1e-6 {
                let together = model.fields[at].shared * weights[at].exp2();
                self.known[at] += kind.relatives;
                self.shared[at] += kind.relatives * together / (together + 1.0 - model.fields[at].shared);
            }
        }
    }

    fn join(mut self, other: &Self) -> Self {
        for at in 0..FIELDS {
            for within in 0..2 {
                for level in 0..10 {
                    self.own[at][within][level] += other.own[at][within][level];
                    self.strangers[at][within][level] += other.strangers[at][within][level];
                }
            }
            self.known[at] += other.known[at];
            self.shared[at] += other.shared[at];
        }
        self.own_pairs += other.own_pairs;
        self.relatives += other.relatives;
        self
    }

    /// Sums over all patterns; in pieces whose order is fixed, so that the result is. Strictly, only
    /// pairs are strangers' that have neither name nor birth date in common: where few pairs are, others would
    /// drown them.
    fn of(model: &Model, patterns: &Patterns, strict: bool) -> Self {
        let pieces: Vec<Self> = patterns
            .all
            .par_chunks(16_384)
            .map(|piece| {
                let mut sums = Self::new();
                for pattern in piece {
                    sums.add(model, pattern, strict);
                }
                sums
            })
            .collect();
        pieces.iter().fold(Self::new(), Self::join)
    }
}

/// The estimate as it grows.
#[derive(Debug)]
pub(crate) struct Estimate<'a> {
    model: Model,
    start: &'a Model,
    pairs: f64,
    records: f64,
    own_pairs: f64,
    candidates: f64,
    /// Pairs of one person by level, of the last pass.
    seen: Vec<Vec<f64>>,
}

impl<'a> Estimate<'a> {
    pub(crate) fn new(model: Model, start: &'a Model, set: TrainingSet<'_>) -> Self {
        Self {
            model,
            start,
            pairs: set.pairs().max(1.0),
            records: to_float(set.records.len() as u64).max(1.0),
            own_pairs: 0.0,
            candidates: to_float(set.candidates.len() as u64),
            seen: Vec::new(),
        }
    }

    pub(crate) const fn model(&self) -> &Model {
        &self.model
    }

    /// One pass over the candidates. Pairs that share no key are strangers: the probability that one is not is
    /// negligible, which is what keys are made for. Whether it has converged.
    pub(crate) fn pass(&mut self, candidates: &Patterns) -> bool {
        let sums = Sums::of(&self.model, candidates, false);
        let scale = candidates.scale;
        let mut moved: f64 = 0.0;
        self.own_pairs = sums.own_pairs * scale;
        let per_record = self.model.prior.records / self.pairs;
        let matches = (self.own_pairs + 0.5) * per_record;
        moved = moved.max(relative_change(self.model.prior.matches, matches));
        self.model.prior.matches = matches;
        // One relative for fifty records is believed before any is seen, so that there is always a doubt.
        let relatives = sums.relatives.mul_add(scale, self.records / 100.0) * per_record;
        self.model.prior.relatives = relatives.min(50.0);
        self.seen = (0..FIELDS)
            .map(|at| (0..10).map(|l| sums.own[at][0][l] + sums.own[at][1][l]).collect())
            .collect();
        for (at, field) in Field::ALL.into_iter().enumerate() {
            let old = &self.model.fields[at];
            let start = &self.start.fields[at];
            let levels = update(&old.levels, &start.levels, &sums.own[at][0], scale);
            let within = update(&old.within, &start.within, &sums.own[at][1], scale);
            let old_levels = (old.levels.clone(), old.within.clone());
            let shared = if is_shared_by_relatives(field) {
                let believed = start.shared * STRENGTH_OF_RELATIVES;
                let known = sums.known[at].mul_add(scale, STRENGTH_OF_RELATIVES);
                (sums.shared[at].mul_add(scale, believed) / known).clamp(0.0, 0.98)
            } else {
                start.shared
            };
            self.replace(at, shared, levels, within);
            let new = &self.model.fields[at];
            moved = moved.max(change(&old_levels.0, &new.levels)).max(change(&old_levels.1, &new.within));
        }
        moved < STILL
    }

    fn replace(&mut self, at: usize, shared: f64, mut levels: Vec<Likelihood>, mut within: Vec<Likelihood>) {
        in_order(Field::ALL[at], &mut levels);
        in_order(Field::ALL[at], &mut within);
        let frequencies = std::mem::take(&mut self.model.fields[at].frequencies);
        self.model.fields[at] = FieldModel::new(shared, levels, within, frequencies);
    }

    /// Learns from pairs drawn blindly how strangers agree; what seems to be of one person or of relatives is
    /// left out.
    pub(crate) fn measure_strangers(&mut self, random: &RandomPatterns, candidates: &Patterns) {
        let blind = Sums::of(&self.model, &random.all, false);
        let blocked = Sums::of(&self.model, candidates, false);
        let agreeing = random.agreeing().map(|patterns| Sums::of(&self.model, patterns, true));
        for (at, field) in Field::ALL.into_iter().enumerate() {
            let within = random.agreeing_for(field).map(|condition| &agreeing[condition]);
            let start = &self.start.fields[at];
            let old = &self.model.fields[at];
            let mut levels = strangers(&old.levels, &start.levels, &blind.strangers[at][0]);
            let inside = within.map_or([0.0; 10], |sums| sums.strangers[at][1]);
            let inner = strangers(&old.within, &start.within, &inside);
            // Every pair that agrees on one of these is a candidate: counted, not drawn.
            if matches!(field, Field::Phone | Field::Email | Field::Identifier) {
                let known: f64 = blind.strangers[at][0].iter().sum::<f64>() * random.all.scale;
                let seen = blocked.strangers[at][0][0] * candidates.scale;
                levels[0].u = (seen + 0.5) / (known + 0.5 / start.levels[0].u);
            }
            self.replace(at, old.shared, levels, inner);
        }
    }

    /// Takes from the frequencies of values what records of one person add to them.
    pub(crate) fn correct_frequencies(&mut self, counts: &Counts, mates: &Mates) {
        let a_person_s = 1.0 + 2.0 * self.own_pairs / self.records;
        for at in 0..FIELDS {
            let field = &self.model.fields[at];
            if field.frequencies.counts() {
                let by_one_person = self.model.prior.of_match() * field.levels[0].m;
                let all = counts.collisions(at);
                let u = (all - by_one_person).max(all * 0.02).max(1e-9);
                let corrected = counts.corrected(at, mates, self.records, a_person_s, u);
                self.model.fields[at].frequencies = corrected;
            }
        }
    }

    pub(crate) fn finish(self) -> (Model, Vec<Warning>, f64) {
        let mut warnings = Vec::new();
        if self.own_pairs < 50.0 {
            warnings.push(Warning::FewMatches(self.own_pairs));
        }
        if self.own_pairs > 0.9 * self.candidates {
            warnings.push(Warning::ManyMatches(100.0 * self.own_pairs / self.candidates.max(1.0)));
        }
        for (at, field) in Field::ALL.into_iter().enumerate() {
            let seen: f64 = self.seen.get(at).map_or(0.0, |levels| levels.iter().sum());
            if seen < 1.0 {
                continue;
            }
            let levels = &self.model.fields[at].levels;
            for (spec, (level, count)) in levels_of(field).iter().zip(levels.iter().zip(&self.seen[at])) {
                if *count < 0.5 {
                    warnings.push(Warning::NeverSeen { field, level: spec.name });
                }
                if spec.rank == 0 && level.m < level.u {
                    warnings.push(Warning::Inverted { field, level: spec.name });
                }
            }
            if levels[0].u > 0.95 {
                warnings.push(Warning::SaysNothing(field));
            }
        }
        (self.model, warnings, self.own_pairs)
    }
}

fn change(old: &[Likelihood], new: &[Likelihood]) -> f64 {
    old.iter().zip(new).map(|(a, b)| (a.m - b.m).abs()).fold(0.0, f64::max)
}

fn relative_change(old: f64, new: f64) -> f64 {
    (old - new).abs() / old.max(new).max(1e-12)
}

/// What a household or a family has in common. Given names and birth dates are not learnt: keys find relatives
/// by them, so that those found would always seem to share them.
const fn is_shared_by_relatives(field: Field) -> bool {
    !matches!(field, Field::Given | Field::BirthDate | Field::Sex | Field::Identifier)
}

/// New `m` of each level, the starting model worth [`STRENGTH_OF_START`] pairs.
fn update(old: &[Likelihood], start: &[Likelihood], own: &[f64; 10], scale: f64) -> Vec<Likelihood> {
    let total: f64 = own.iter().take(old.len()).sum::<f64>() * scale;
    let levels = old.iter().zip(start).zip(own);
    levels
        .map(|((old, start), own)| {
            let m = (own * scale + STRENGTH_OF_START * start.m) / (total + STRENGTH_OF_START);
            Likelihood { m, u: old.u }
        })
        .collect()
}

/// New `u` of each level; half a pair is believed of levels that none shows, and the starting model is worth
/// a hundred pairs.
fn strangers(old: &[Likelihood], start: &[Likelihood], seen: &[f64; 10]) -> Vec<Likelihood> {
    const STRENGTH: f64 = 100.0;
    let total: f64 = seen.iter().take(old.len()).sum();
    let levels = old.iter().zip(start).zip(seen);
    let smooth: Vec<f64> =
        levels.clone().map(|((_, start), seen)| seen + (STRENGTH * start.u).max(0.5)).collect();
    let sum: f64 = smooth.iter().sum();
    if total < 1.0 {
        return levels.map(|((old, start), _)| Likelihood { m: old.m, u: start.u }).collect();
    }
    old.iter().zip(smooth).map(|(old, seen)| Likelihood { m: old.m, u: seen / sum }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_fit_into_the_sums() {
        assert!(Field::ALL.into_iter().all(|field| levels_of(field).len() <= 10));
    }
}
