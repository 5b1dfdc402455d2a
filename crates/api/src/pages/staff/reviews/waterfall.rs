//! The weights of a comparison as a waterfall: each bar begins where the one before ended. Drawn beside the numbers
//! that it shows, so that nobody needs it.

use kinlink_domain::{
    comparison::Comparison,
    demographics::Demographics,
    side_by_side::{Row, prior, rows},
};

use crate::pages::words;

/// How wide the picture is, in its own units.
const WIDTH: f64 = 200.0;

/// The range of sums that all candidates of a review are drawn on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    pub(super) fn of<'a>(comparisons: impl Iterator<Item = &'a Comparison>) -> Self {
        let mut scale = Self { least: 0.0, most: 1.0 };
        for comparison in comparisons {
            let mut sum = prior(comparison);
            scale.include(sum);
            for agreement in &comparison.agreements {
                sum += agreement.weight;
                scale.include(sum);
            }
        }
        scale
    }

    fn include(&mut self, sum: f64) {
        if sum.is_finite() {
            self.least = self.least.min(sum);
            self.most = self.most.max(sum);
        }
    }

    fn place(self, sum: f64) -> f64 {
        ((sum - self.least) / (self.most - self.least)).clamp(0.0, 1.0) * WIDTH
    }
}

/// One bar, and where even odds are.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) zero: String,
    /// `up`, `down` or `none`: the shape differs too, not the colour alone.
    pub(super) direction: &'static str,
}

impl Bar {
    pub(super) fn new(scale: Scale, from: f64, to: f64) -> Self {
        let (from, to) = (scale.place(from), scale.place(to));
        let direction = if to > from {
            "up"
        } else if to < from {
            "down"
        } else {
            "none"
        };
        Self {
            x: format!("{:.1}", from.min(to)),
            width: format!("{:.1}", (to - from).abs().max(1.0)),
            zero: format!("{:.1}", scale.place(0.0)),
            direction,
        }
    }
}

/// One field of the claim beside that of the record.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) field: &'static str,
    pub(super) claimed: String,
    pub(super) recorded: String,
    /// `same`, `similar`, `different` or `silent`.
    pub(super) agreement: &'static str,
    pub(super) agreement_words: String,
    pub(super) weight: String,
    pub(super) sum: String,
    pub(super) bar: Bar,
}

pub(super) fn lines(
    claimed: &Demographics,
    recorded: &Demographics,
    comparison: &Comparison,
    scale: Scale,
) -> Vec<Line> {
    rows(claimed, recorded, comparison).iter().map(|row| line(row, scale)).collect()
}

fn line(row: &Row, scale: Scale) -> Line {
    let both = !row.claimed.is_empty() && !row.recorded.is_empty();
    let (agreement, agreement_words) = agreement(row.level.as_deref(), both);
    Line {
        field: words::field(row.field),
        claimed: row.claimed.join("; "),
        recorded: row.recorded.join("; "),
        agreement,
        agreement_words,
        weight: bits(row.weight),
        sum: number(row.sum),
        bar: Bar::new(scale, row.sum - row.weight, row.sum),
    }
}

/// A weight with its sign.
pub(super) fn bits(weight: f64) -> String {
    if weight.abs() < 0.05 { "0".to_owned() } else { format!("{weight:+.1}").replace('-', "−") }
}

/// A sum, with a minus that is as wide as a plus.
fn number(sum: f64) -> String {
    format!("{sum:.1}").replace('-', "−")
}

/// How a field agrees: a kind to be marked by, and words.
fn agreement(level: Option<&str>, both: bool) -> (&'static str, String) {
    match level {
        None if both => ("silent", "Not compared".to_owned()),
        None | Some("missing") => ("silent", "One side is silent".to_owned()),
        Some("exact") => ("same", "Same".to_owned()),
        Some("different") => ("different", "Different".to_owned()),
        Some(level) => ("similar", format!("Similar: {}", level.replace('_', " "))),
    }
}

#[cfg(test)]
mod tests {
    use kinlink_domain::comparison::{Agreement, Field};

    use super::*;

    #[test]
    fn a_bar_begins_where_the_last_one_ended_and_stays_in_the_picture() {
        let agreement = |field, weight| Agreement { field, level: "exact".into(), weight };
        let comparison = Comparison {
            weight: 6.0,
            agreements: vec![agreement(Field::Family, 16.0), agreement(Field::BirthDate, -4.0)],
        };
        let scale = Scale::of([&comparison].into_iter());
        let (first, second) = (Bar::new(scale, -6.0, 10.0), Bar::new(scale, 10.0, 6.0));
        assert_eq!((first.x.as_str(), first.width.as_str(), first.direction), ("0.0", "200.0", "up"));
        assert_eq!((second.x.as_str(), second.width.as_str(), second.direction), ("150.0", "50.0", "down"));
        assert_eq!(first.zero, "75.0");
        assert_eq!(Bar::new(scale, 6.0, f64::INFINITY).direction, "up");
    }

    #[test]
    fn a_weight_says_its_sign() {
        assert_eq!([bits(8.04), bits(-9.0), bits(0.01)], ["+8.0", "−9.0", "0"]);
    }
}
