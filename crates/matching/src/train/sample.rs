//! Pairs drawn blindly, among all records and among those that agree on one field.

use std::collections::HashMap;

use kinlink_domain::comparison::Field;

use super::{
    TrainingOptions, TrainingSet,
    pattern::{Pairs, Patterns},
};
use crate::{Model, Person, model::to_float};

/// Fields on which others depend.
const CONDITIONS: [Field; 3] = [Field::Given, Field::PostalCode, Field::City];

/// The pairs that training looks at.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) candidates: Pairs,
    random: Pairs,
    /// Pairs that agree on each of [`CONDITIONS`].
    agreeing: [Pairs; CONDITIONS.len()],
}

/// Patterns of pairs drawn blindly.
#[derive(Debug)]
pub(crate) struct RandomPatterns {
    pub(crate) all: Patterns,
    agreeing: [Patterns; CONDITIONS.len()],
}

impl RandomPatterns {
    /// Pairs that agree on one field, for each of [`CONDITIONS`].
    pub(crate) const fn agreeing(&self) -> [&Patterns; CONDITIONS.len()] {
        let [given, code, city] = &self.agreeing;
        [given, code, city]
    }

    /// From which of them to learn how a field agrees where what it depends on does.
    pub(crate) fn agreeing_for(&self, field: Field) -> Option<usize> {
        match field {
            Field::Sex => Some(0),
            Field::City => Some(1),
            Field::Street | Field::Region => Some(if self.agreeing[1].all.is_empty() { 2 } else { 1 }),
            _ => None,
        }
    }
}

impl Samples {
    pub(crate) fn draw(set: TrainingSet<'_>, options: &TrainingOptions) -> Self {
        let mut draw = SplitMix64(options.seed);
        let candidates = thin(set.candidates, options.most_candidates, &mut draw);
        let random = blindly(set, options.random_pairs, &mut draw);
        let agreeing = CONDITIONS.map(|field| within(set, field, options.random_pairs / 4, &mut draw));
        Self { candidates, random, agreeing }
    }

    pub(crate) fn patterns(&self, set: TrainingSet<'_>, model: &Model) -> RandomPatterns {
        RandomPatterns {
            all: Patterns::of(set, &self.random, model),
            agreeing: [0, 1, 2].map(|at: usize| Patterns::of(set, &self.agreeing[at], model)),
        }
    }
}

impl RandomPatterns {
    /// As [`Patterns::refresh`]. Of pairs that agree on a field rarity is not asked.
    pub(crate) fn refresh(&mut self, samples: &Samples, set: TrainingSet<'_>, model: &Model) {
        self.all.refresh(set, &samples.random, model);
    }
}

fn thin(candidates: &[(u32, u32)], most: usize, draw: &mut SplitMix64) -> Pairs {
    if candidates.len() <= most {
        return Pairs { all: candidates.to_vec(), scale: 1.0 };
    }
    let share = to_float(most as u64) / to_float(candidates.len() as u64);
    let all: Vec<_> = candidates.iter().copied().filter(|_| draw.unit() < share).collect();
    let scale = to_float(candidates.len() as u64) / to_float(all.len().max(1) as u64);
    Pairs { all, scale }
}

fn blindly(set: TrainingSet<'_>, count: usize, draw: &mut SplitMix64) -> Pairs {
    let records = set.records.len();
    let (left, right) = set.first.map_or((0..records, 0..records), |first| (0..first, first..records));
    if left.is_empty() || right.is_empty() || records < 2 {
        return Pairs::default();
    }
    let pairs =
        (0..count).map(|_| (left.start + draw.below(left.len()), right.start + draw.below(right.len())));
    let all: Vec<_> =
        pairs.filter(|(one, other)| one != other).map(|(one, other)| short(one, other)).collect();
    let scale = set.pairs() / to_float(all.len().max(1) as u64);
    Pairs { all, scale }
}

/// Pairs that have a value in common, each such pair as likely as any other.
fn within(set: TrainingSet<'_>, field: Field, count: usize, draw: &mut SplitMix64) -> Pairs {
    let mut groups: HashMap<&str, [Vec<usize>; 2]> = HashMap::new();
    for (at, person) in set.records.iter().enumerate() {
        if let Some(value) = value(person, field) {
            let side = usize::from(set.first.is_some_and(|first| at >= first));
            groups.entry(value).or_default()[side].push(at);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(value, _)| *value);
    let (mut ends, mut total) = (Vec::with_capacity(groups.len()), 0_u64);
    for (_, [left, right]) in &groups {
        let pairs =
            if set.first.is_some() { left.len() * right.len() } else { left.len() * (left.len() - 1) / 2 };
        total += pairs as u64;
        ends.push(total);
    }
    if total == 0 {
        return Pairs::default();
    }
    let mut all = Vec::with_capacity(count);
    while all.len() < count.min(usize::try_from(total).unwrap_or(count)) {
        let chosen = draw.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64;
        let [left, right] = &groups[ends.partition_point(|end| *end <= chosen)].1;
        let right = if set.first.is_some() { right } else { left };
        let (one, other) = (left[draw.below(left.len())], right[draw.below(right.len())]);
        if one != other {
            all.push(short(one, other));
        }
    }
    Pairs { all, scale: 1.0 }
}

fn value(person: &Person, field: Field) -> Option<&str> {
    let text = match field {
        Field::Given => &person.names.first()?.given.first()?.text,
        Field::PostalCode => &person.places.first()?.postal_code,
        Field::City => &person.places.first()?.city,
        _ => return None,
    };
    Some(text.as_str()).filter(|text| !text.is_empty())
}

fn short(one: usize, other: usize) -> (u32, u32) {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    (narrow(one.min(other)), narrow(one.max(other)))
}

/// Steele, Lea and Flood 2014: small, good enough to draw pairs, the same everywhere.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * (bound as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    fn unit(&mut self) -> f64 {
        to_float(self.next() >> 12) / to_float(1 << 52)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PersonBuilder;

    #[test]
    fn pairs_within_a_value_have_it_in_common() {
        let records: Vec<_> =
            (0..60).map(|n| PersonBuilder::default().name(["ada", "bo", "cy"][n % 3], "x").build()).collect();
        for first in [None, Some(20)] {
            let set = TrainingSet { records: &records, first, candidates: &[] };
            let pairs = within(set, Field::Given, 100, &mut SplitMix64(7));
            assert_eq!(pairs.all.len(), 100);
            for (one, other) in pairs.all {
                assert!(one % 3 == other % 3 && one < other);
                assert!(first.is_none() || (one < 20 && other >= 20));
            }
        }
    }
}
