//! What an evaluation found.

use kinlink_domain::comparison::Agreement;
use kinlink_matching::Model;
use serde::Serialize;

use crate::{Best, CandidatePairs, CappedBlocks, Curve, Labelled};

/// The numbers, as they are written to JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many records there are, in both files if two are linked.
    pub records: usize,
    /// How many pairs are of one person.
    pub true_pairs: u64,
    /// How many pairs share a blocking key.
    pub candidate_pairs: usize,
    /// The share of pairs of one person that share a blocking key.
    pub pair_completeness: f64,
    /// How many pairs of one person share none: no threshold finds them.
    pub pairs_lost_to_blocking: u64,
    /// The threshold with the best F1.
    pub best: Best,
    /// The recall at the lowest threshold with a precision of at least 0.99.
    pub recall_at_precision_0_99: f64,
    /// The recall at the lowest threshold with a precision of at least 0.999.
    pub recall_at_precision_0_999: f64,
    /// How long it took, reading included.
    pub seconds: f64,
    /// The most memory held, in MB; null where the system does not tell.
    pub peak_memory_mb: Option<f64>,
    /// How many records half of all lookups read at most.
    pub read_by_lookup_median: usize,
    /// How many records 99 of 100 lookups read at most.
    pub read_by_lookup_p99: usize,
    /// Blocks that were too wide, whose pairs were not formed.
    pub capped_blocks: Vec<CappedBlocks>,
    /// What training warned of.
    pub warnings: Vec<String>,
}

impl Report {
    /// Puts the numbers together; time, memory and warnings are the caller's to fill in.
    pub fn new(labelled: &Labelled, candidates: &CandidatePairs, curve: &Curve) -> Self {
        let last = curve.points().last();
        let found = last.map_or(0.0, |point| curve.recall(*point));
        let true_pairs = labelled.true_pairs();
        Self {
            records: labelled.people.len(),
            true_pairs,
            candidate_pairs: candidates.pairs.len(),
            pair_completeness: found,
            pairs_lost_to_blocking: true_pairs - last.map_or(0, |point| point.right),
            best: curve.best(),
            recall_at_precision_0_99: curve.recall_at_precision(0.99),
            recall_at_precision_0_999: curve.recall_at_precision(0.999),
            seconds: 0.0,
            peak_memory_mb: None,
            read_by_lookup_median: candidates.read.0,
            read_by_lookup_p99: candidates.read.1,
            capped_blocks: candidates.capped.clone(),
            warnings: Vec::new(),
        }
    }
}

/// Two records that would be linked and are not of one person.
#[derive(Debug, Clone)]
pub struct FalseLink {
    /// The positions of the records.
    pub pair: (u32, u32),
    /// The weight, in bits.
    pub weight: f64,
    /// Field by field.
    pub agreements: Vec<Agreement>,
}

/// The false links of this weight or more, the worst first, `most` at the most.
pub fn false_links(
    labelled: &Labelled,
    candidates: &CandidatePairs,
    weights: &[f32],
    model: &Model,
    threshold: f64,
    most: usize,
) -> Vec<FalseLink> {
    let wrong =
        |(pair, weight): &(&(u32, u32), &f32)| f64::from(**weight) >= threshold && !labelled.is_true(**pair);
    let mut links: Vec<_> = candidates.pairs.iter().zip(weights).filter(wrong).collect();
    links.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let explain = |(pair, _): (&(u32, u32), &f32)| {
        let person = |at: u32| &labelled.people[at as usize];
        let comparison = model.compare(person(pair.0), person(pair.1));
        FalseLink { pair: *pair, weight: comparison.weight, agreements: comparison.agreements }
    };
    links.into_iter().take(most).map(explain).collect()
}
