//! The numbers of a report, worked out by hand.

use kinlink_evaluate::{CandidatePairs, Curve, Labelled, Report, score};
use kinlink_matching::Person;

/// Three records of one person, two of another, one of a third: 3 + 1 pairs of one person. The keys find
/// three of those, not records 1 and 2, and two pairs of strangers.
fn example() -> (Labelled, CandidatePairs, [f32; 5]) {
    let labelled = Labelled {
        people: vec![Person::default(); 6],
        clusters: vec![0, 0, 0, 1, 1, 2],
        ..Labelled::default()
    };
    let pairs = vec![(0, 1), (0, 2), (1, 5), (2, 5), (3, 4)];
    let weights = [9.0, 7.0, 1.0, 6.0, 5.0];
    (labelled, CandidatePairs { pairs, ..CandidatePairs::default() }, weights)
}

#[test]
fn precision_recall_and_f1_are_those_worked_out_by_hand() {
    let (labelled, candidates, weights) = example();
    let truth = candidates.pairs.iter().map(|pair| labelled.is_true(*pair));
    let curve = Curve::new(weights.into_iter().zip(truth), labelled.true_pairs());

    // Highest first: right at 9 and 7, wrong at 6, right at 5, wrong at 1.
    let by_hand =
        [(9.0, 1, 0), (7.0, 2, 0), (6.0, 2, 1), (5.0, 3, 1), (1.0, 3, 2)].map(|(threshold, right, wrong)| {
            let (right, wrong) = (f64::from(right), f64::from(wrong));
            (threshold, right / (right + wrong), right / 4.0, 2.0 * right / (right + wrong + 4.0))
        });
    for (threshold, precision, recall, f1) in by_hand {
        let found = curve.at(threshold);
        for (found, expected) in [(found.precision, precision), (found.recall, recall), (found.f1, f1)] {
            assert!((found - expected).abs() < 1e-12, "at {threshold}: {found}, by hand {expected}");
        }
    }

    let report = Report::new(&labelled, &candidates, &curve);
    assert_eq!((report.records, report.true_pairs, report.candidate_pairs), (6, 4, 5));
    assert_eq!(report.pairs_lost_to_blocking, 1);
    for (found, expected) in [
        (report.pair_completeness, 0.75),
        (report.best.threshold, 5.0),
        (report.best.precision, 0.75),
        (report.best.recall, 0.75),
        (report.best.f1, 0.75),
        (report.recall_at_precision_0_99, 0.5),
        (report.recall_at_precision_0_999, 0.5),
    ] {
        assert!((found - expected).abs() < 1e-12, "{found}, by hand {expected}: {report:?}");
    }
}

#[test]
fn of_two_files_only_pairs_across_count() {
    let (mut labelled, ..) = example();
    // Records 0, 1 against 2 to 5: 0-2 and 1-2, not 0-1 and not 3-4.
    labelled.first = Some(2);
    assert_eq!(labelled.true_pairs(), 2);
}

#[test]
fn people_of_whom_nothing_is_known_weigh_what_the_prior_does() {
    let (labelled, candidates, _) = example();
    let model = kinlink_matching::Model::shipped().for_index(6.0);
    let weights = score(&model, &labelled.people, &candidates.pairs, &kinlink_evaluate::Silent);
    // 0.8 of 6 records: odds of 0.8 to 5.2; relatives share nothing that is known.
    let expected = (0.8_f32 / 5.2).log2();
    assert!(weights.iter().all(|weight| (weight - expected).abs() < 1e-4), "{weights:?}, not {expected}");
}
