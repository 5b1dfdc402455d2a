//! Training: the model's parameters from records alone, without labels.

mod counts;
mod em;
mod order;
mod pattern;
mod sample;
mod warning;

pub use self::warning::Warning;
use self::{counts::Counts, em::Estimate, pattern::Patterns, sample::Samples};
use crate::{
    Model, Person,
    model::{Prior, to_float},
};

/// The records to be trained on and the pairs of them that share a blocking key.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSet<'a> {
    /// The records. To link two files, those of the first before those of the second.
    pub records: &'a [Person],
    /// How many records are of the first file, to link two files; none to find duplicates within one.
    pub first: Option<usize>,
    /// Every pair that shares a key, by position, the lower position first.
    pub candidates: &'a [(u32, u32)],
}

impl TrainingSet<'_> {
    /// How many pairs there are, candidates or not.
    pub fn pairs(&self) -> f64 {
        let all = self.records.len() as u64;
        match self.first {
            Some(first) => to_float(first as u64) * to_float(all - first as u64),
            None => to_float(all) * (to_float(all) - 1.0) / 2.0,
        }
    }
}

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct TrainingOptions {
    /// The seed from which pairs are drawn: the same seed and records give the same model.
    pub seed: u64,
    /// The most candidates that are looked at; more are drawn from.
    pub most_candidates: usize,
    /// How many pairs are drawn blindly.
    pub random_pairs: usize,
    /// The most passes of expectation and maximisation in all.
    pub most_passes: usize,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self { seed: 1, most_candidates: 1_500_000, random_pairs: 200_000, most_passes: 60 }
    }
}

/// A trained model and what there is to say about it.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The model. Its prior is that of the records it was trained on.
    pub model: Model,
    /// What should make one look twice.
    pub warnings: Vec<Warning>,
    /// Passes of expectation and maximisation.
    pub passes: usize,
    /// How many pairs are of one person, by estimate.
    pub matching_pairs: f64,
}

/// Trains a model, beginning with `start`. `tell` hears of each pass that is done.
pub fn train(
    set: TrainingSet<'_>,
    start: &Model,
    options: &TrainingOptions,
    mut tell: impl FnMut(usize),
) -> Trained {
    let counts = Counts::of(set.records);
    let samples = Samples::draw(set, options);
    let mut model = start.clone();
    let records = to_float(set.records.len() as u64);
    model.prior = Prior { records: per_record(set), matches: 0.3, relatives: 1.0 };
    for (at, field) in model.fields.iter_mut().enumerate() {
        field.frequencies = counts.frequencies(at, records);
    }
    let mut passes = 0;
    let mut converged = false;
    let mut estimate = Estimate::new(model, start, set);
    let mut candidates = Patterns::of(set, &samples.candidates, estimate.model());
    let mut random = samples.patterns(set, estimate.model());
    // First with the frequencies of values as they are, then without what records of one person add to them.
    for round in 0..2 {
        estimate.measure_strangers(&random, &candidates);
        let most = options.most_passes / 2 * (round + 1);
        converged = false;
        while passes < most && !converged {
            converged = estimate.pass(&candidates);
            passes += 1;
            if passes % 8 == 0 || converged {
                estimate.measure_strangers(&random, &candidates);
            }
            tell(passes);
        }
        if round == 0 {
            let mates = counts::mates_of(set, &samples.candidates, &candidates, estimate.model());
            estimate.correct_frequencies(&counts, &mates);
            candidates = Patterns::of(set, &samples.candidates, estimate.model());
            random.refresh(&samples, set, estimate.model());
        }
    }
    let (model, mut warnings, matching_pairs) = estimate.finish();
    if !converged {
        warnings.push(Warning::NotConverged { passes });
    }
    Trained { model, warnings, passes, matching_pairs }
}

/// How many records one is compared with, so that pairs over records are pairs per record.
fn per_record(set: TrainingSet<'_>) -> f64 {
    let all = set.records.len() as u64;
    to_float(set.first.map_or(all, |first| all - first as u64)).max(2.0)
}
