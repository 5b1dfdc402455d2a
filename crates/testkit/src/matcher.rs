use kinlink_domain::{
    comparison::{Agreement, Comparison, Field, Matcher},
    demographics::Demographics,
    side_by_side::values,
};

/// Compares field by field for exact agreement, so that a test knows every weight by heart: family, given and birth
/// date together give 20 bits less the prior of 6, which is certain, and any two of them are doubtful.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExactMatcher;

const PRIOR: f64 = -6.0;
const FIELDS: [(Field, f64, f64); 4] = [
    (Field::Given, 3.0, -3.0),
    (Field::Family, 8.0, -8.0),
    (Field::BirthDate, 9.0, -9.0),
    (Field::Identifier, 6.0, -1.0),
];

impl Matcher for ExactMatcher {
    fn compare(&self, claimed: &Demographics, recorded: &Demographics) -> Comparison {
        let mut agreements = Vec::new();
        for (field, same, different) in FIELDS {
            let (ours, theirs) = (values(claimed, field), values(recorded, field));
            if ours.is_empty() || theirs.is_empty() {
                continue;
            }
            let agree = ours.iter().any(|value| theirs.contains(value));
            let (level, weight) = if agree { ("exact", same) } else { ("different", different) };
            agreements.push(Agreement { field, level: level.to_owned(), weight });
        }
        Comparison { weight: PRIOR + agreements.iter().map(|a| a.weight).sum::<f64>(), agreements }
    }
}
