//! Candidate pairs weighed.

use kinlink_matching::{Model, Person};
use rayon::prelude::*;

use crate::Progress;

/// Pairs weighed at a time between two tellings of progress.
const PIECE: usize = 65_536;

/// The weight of each pair, in bits, in the order of the pairs.
pub fn score(model: &Model, people: &[Person], pairs: &[(u32, u32)], progress: &dyn Progress) -> Vec<f32> {
    progress.stage("weighing pairs", pairs.len() as u64);
    #[expect(clippy::cast_possible_truncation, reason = "weights to seven digits are enough to rank by")]
    let weigh =
        |(one, other): &(u32, u32)| model.weight(&people[*one as usize], &people[*other as usize]) as f32;
    let mut weights = Vec::with_capacity(pairs.len());
    for piece in pairs.chunks(PIECE) {
        weights.par_extend(piece.par_iter().with_min_len(512).map(weigh));
        progress.advanced(piece.len() as u64);
    }
    weights
}
