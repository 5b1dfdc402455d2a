//! How often values occur: an agreement on a rare name says more than one on a common name.

use std::collections::HashMap;

/// The most values whose frequency is kept; the others share one.
pub(crate) const MOST_VALUES: usize = 20_000;

/// Frequencies of one field's values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frequencies {
    /// The frequency of a value that is not in the table.
    pub(crate) other: f64,
    /// The frequency at which rarity neither adds nor takes: the probability that two records drawn blindly
    /// have the same value. 0 if rarity does not count in this field.
    pub(crate) reference: f64,
    pub(crate) values: HashMap<String, f64>,
}

impl Frequencies {
    /// Frequencies from how often each value was counted; `floor` is the lowest that any gets.
    pub(crate) fn of_counts(counts: HashMap<String, u64>, floor: f64) -> Self {
        let total: u64 = counts.values().sum();
        if total == 0 {
            return Self::default();
        }
        let share = |count: u64| (to_float(count) / to_float(total)).max(floor);
        let reference = counts.values().map(|count| (to_float(*count) / to_float(total)).powi(2)).sum();
        let mut by_count: Vec<(String, u64)> = counts.into_iter().collect();
        by_count.sort_unstable_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
        let rest = by_count.split_off(by_count.len().min(MOST_VALUES));
        // What a value left out is likely to be counts by how often it is met: the mean over occurrences.
        let occurrences: u64 = rest.iter().map(|(_, count)| count).sum();
        let squares: f64 = rest.iter().map(|(_, count)| to_float(*count).powi(2)).sum();
        let other = if occurrences == 0 { floor } else { squares / to_float(occurrences) / to_float(total) };
        let values = by_count.into_iter().map(|(value, count)| (value, share(count))).collect();
        Self { other: other.max(floor), reference, values }
    }

    /// Frequencies of values as estimated, each with how often it is met.
    pub(crate) fn of_estimates(mut all: Vec<(String, f64, f64)>, floor: f64) -> Self {
        let total: f64 = all.iter().map(|(_, _, met)| met).sum();
        let mean = |of: &[(String, f64, f64)]| {
            let met: f64 = of.iter().map(|(_, _, met)| met).sum();
            let sum: f64 = of.iter().map(|(_, frequency, met)| frequency * met).sum();
            if met > 0.0 { sum / met } else { floor }
        };
        if total <= 0.0 {
            return Self::default();
        }
        let reference = mean(&all);
        all.sort_unstable_by(|(one, a, _), (other, b, _)| b.total_cmp(a).then_with(|| one.cmp(other)));
        let rest = all.split_off(all.len().min(MOST_VALUES));
        let other = mean(&rest).max(floor);
        let values = all.into_iter().map(|(value, frequency, _)| (value, frequency.min(1.0))).collect();
        Self { other, reference, values }
    }

    pub(crate) fn counts(&self) -> bool {
        self.reference > 0.0
    }

    pub(crate) fn of(&self, value: &str) -> f64 {
        self.values.get(value).copied().unwrap_or(self.other)
    }

    /// The frequency of the commoner of two values.
    pub(crate) fn of_pair(&self, one: &str, other: &str) -> f64 {
        if one == other { self.of(one) } else { self.of(one).max(self.of(other)) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of records stay far below 2^52")]
pub(crate) const fn to_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_left_out_share_their_mean() {
        let mut counts: HashMap<String, u64> =
            (0..MOST_VALUES).map(|number| (format!("common{number}"), 5)).collect();
        counts.insert("rare".into(), 2);
        let total = to_float(counts.values().sum());
        let frequencies = Frequencies::of_counts(counts, 1e-9);
        assert_eq!(frequencies.values.len(), MOST_VALUES);
        assert!((frequencies.of("rare") - 2.0 / total).abs() < 1e-12);
        assert!((frequencies.of("never seen") - 2.0 / total).abs() < 1e-12);
        assert!((frequencies.of_pair("rare", "common1") - 5.0 / total).abs() < 1e-12);
    }
}
