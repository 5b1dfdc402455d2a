//! What training gives on people that nobody looked at while the matcher was written.

use std::fs;

use kinlink_evaluate::{ColumnMap, Curve, Labelled, Report, Silent, candidates, read, score};
use kinlink_matching::{Model, TrainingOptions, TrainingSet, train};

use crate::historical;

fn measured(labelled: &Labelled, trained: bool) -> Report {
    let pairs = candidates(&labelled.people, labelled.first, 1_000);
    let set = TrainingSet { records: &labelled.people, first: labelled.first, candidates: &pairs.pairs };
    let options = TrainingOptions { random_pairs: 50_000, ..TrainingOptions::default() };
    let model = if trained {
        train(set, &Model::shipped(), &options, |_| ()).model
    } else {
        Model::shipped().for_index(f64::from(u32::try_from(labelled.people.len()).unwrap()))
    };
    let weights = score(&model, &labelled.people, &pairs.pairs, &Silent);
    let truth = pairs.pairs.iter().map(|pair| labelled.is_true(*pair));
    let curve = Curve::new(weights.into_iter().zip(truth), labelled.true_pairs());
    Report::new(labelled, &pairs, &curve)
}

fn people(seed: u64) -> Labelled {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("historical.csv");
    fs::write(&file, historical::csv(4_000, seed)).unwrap();
    read(&[&file], &ColumnMap::from_toml(historical::MAP).unwrap(), true).unwrap()
}

/// The bounds stand about 0.03 below the lowest of several seeds, so that chance does not break them and a
/// lost key, a title taken for a name or a degenerate estimate does.
#[test]
fn people_of_the_past_are_found_by_what_little_is_known() {
    let labelled = people(7);
    let shipped = measured(&labelled, false);
    let trained = measured(&labelled, true);
    assert!(trained.true_pairs > 20_000, "{trained:?}");
    assert!(trained.pair_completeness > LEAST_COMPLETE, "{trained:?}");
    assert!(trained.best.f1 > LEAST_F1, "{trained:?}");
    assert!(trained.recall_at_precision_0_99 > LEAST_RECALL, "{trained:?}");
    assert!(trained.best.f1 > shipped.best.f1, "training did not help: {trained:?}, not {shipped:?}");
    // Weights are honest: even odds are not far from where the best threshold is.
    assert!(trained.best.threshold.abs() < 5.0, "{trained:?}");
}

const LEAST_COMPLETE: f64 = 0.84;
const LEAST_F1: f64 = 0.83;
const LEAST_RECALL: f64 = 0.62;
