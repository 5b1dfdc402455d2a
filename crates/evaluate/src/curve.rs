//! Precision and recall by threshold.

use serde::Serialize;

/// What a threshold gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Pairs of this weight or more are linked, in bits.
    pub threshold: f32,
    /// Linked pairs that are of one person.
    pub right: u64,
    /// Linked pairs that are not.
    pub wrong: u64,
}

/// The threshold with the best F1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Best {
    /// In bits.
    pub threshold: f64,
    /// Of the linked pairs, the share that is right.
    pub precision: f64,
    /// Of all pairs of one person, the share that is linked.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// Every threshold that makes a difference, highest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    points: Vec<Point>,
    true_pairs: u64,
}

impl Curve {
    /// Counts. `true_pairs` are all there are, candidates or not.
    pub fn new(weighed: impl IntoIterator<Item = (f32, bool)>, true_pairs: u64) -> Self {
        let mut weighed: Vec<_> = weighed.into_iter().collect();
        weighed.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
        let mut points: Vec<Point> = Vec::new();
        let (mut right, mut wrong) = (0, 0);
        for pair in weighed.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
            let own = pair.iter().filter(|(_, own)| *own).count() as u64;
            right += own;
            wrong += pair.len() as u64 - own;
            points.push(Point { threshold: pair[0].0, right, wrong });
        }
        Self { points, true_pairs }
    }

    /// The points, highest threshold first.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Of the pairs linked at a point, the share that is right.
    pub fn precision(&self, point: Point) -> f64 {
        ratio(point.right, point.right + point.wrong)
    }

    /// Of all pairs of one person, the share linked at a point.
    pub fn recall(&self, point: Point) -> f64 {
        ratio(point.right, self.true_pairs)
    }

    /// The harmonic mean of both.
    pub fn f1(&self, point: Point) -> f64 {
        ratio(2 * point.right, point.right + point.wrong + self.true_pairs)
    }

    /// The point with the best F1, the highest threshold of several.
    pub fn best(&self) -> Best {
        let best = self
            .points
            .iter()
            .copied()
            .reduce(|best, point| if self.f1(point) > self.f1(best) { point } else { best });
        best.map(|point| self.read(point)).unwrap_or_default()
    }

    fn read(&self, point: Point) -> Best {
        Best {
            threshold: f64::from(point.threshold),
            precision: self.precision(point),
            recall: self.recall(point),
            f1: self.f1(point),
        }
    }

    /// What links of this weight or more give.
    pub fn at(&self, threshold: f64) -> Best {
        let end = self.points.partition_point(|point| f64::from(point.threshold) >= threshold);
        let point = end.checked_sub(1).and_then(|at| self.points.get(at)).copied();
        point.map_or(Best { threshold, ..Best::default() }, |point| Best { threshold, ..self.read(point) })
    }

    /// The recall at the lowest threshold at which precision is at least this; 0 if there is none.
    pub fn recall_at_precision(&self, precision: f64) -> f64 {
        let lowest = self.points.iter().rev().find(|point| self.precision(**point) >= precision);
        lowest.map_or(0.0, |point| self.recall(*point))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        Curve::new([(9.0, true), (8.0, true), (7.0, false), (7.0, true), (1.0, false)], 4)
    }

    #[test]
    fn recall_counts_pairs_that_are_no_candidates() {
        let best = curve().best();
        assert!((best.threshold - 7.0).abs() < 1e-9);
        assert!((best.recall - 0.75).abs() < 1e-9);
        assert!((best.precision - 0.75).abs() < 1e-9);
        assert!((best.f1 - 0.75).abs() < 1e-9);
    }

    #[test]
    fn pairs_of_one_weight_are_linked_together() {
        assert_eq!(curve().points().len(), 4);
        assert!((curve().recall_at_precision(0.99) - 0.5).abs() < 1e-9);
        assert!((curve().recall_at_precision(0.75) - 0.75).abs() < 1e-9);
        assert!((curve().at(8.5).recall - 0.25).abs() < 1e-9);
        assert!(curve().at(20.0).recall.abs() < 1e-9);
        assert!(Curve::new([(1.0, false)], 0).recall_at_precision(0.9).abs() < 1e-9);
    }
}
