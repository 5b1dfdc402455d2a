//! Better agreement never weighs less: weights out of order are pooled (isotonic regression; Barlow et al. 1972).

use kinlink_domain::comparison::Field;

use super::Warning;
use crate::{level::levels_of, model::Likelihood};

/// Pools levels until none weighs less than one of a higher rank.
pub(crate) fn in_order(field: Field, levels: &mut [Likelihood]) -> Vec<Warning> {
    let specs = levels_of(field);
    let mut warnings = Vec::new();
    // Each level begins as a pool of its own; pools only grow, so this ends.
    let mut pools: Vec<Vec<usize>> = (0..levels.len()).map(|at| vec![at]).collect();
    while let Some((better, worse)) = violation(&pools, levels, field) {
        let (one, other) = (pools[better][0], pools[worse][0]);
        warnings.push(Warning::OutOfOrder { field, better: specs[one].name, worse: specs[other].name });
        let joined = pools.swap_remove(better.max(worse));
        pools[better.min(worse)].extend(joined);
        let pool = &pools[better.min(worse)];
        let (m, u) = pool.iter().fold((0.0, 0.0), |(m, u), at| (m + levels[*at].m, u + levels[*at].u));
        for at in pool.clone() {
            levels[at].m = levels[at].u * m / u;
        }
    }
    warnings
}

fn violation(pools: &[Vec<usize>], levels: &[Likelihood], field: Field) -> Option<(usize, usize)> {
    let specs = levels_of(field);
    let bits = |pool: &[usize]| levels[pool[0]].bits();
    for (one, better) in pools.iter().enumerate() {
        for (other, worse) in pools.iter().enumerate() {
            let ranked = better.iter().any(|b| worse.iter().any(|w| specs[*b].rank < specs[*w].rank));
            if one != other && ranked && bits(better) < bits(worse) - 1e-9 {
                return Some((one, other));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_out_of_order_are_made_equal_and_probabilities_still_add_up() {
        // exact, close, similar, different: close weighs more than exact, different more than similar.
        let mut levels = vec![
            Likelihood { m: 0.5, u: 0.1 },
            Likelihood { m: 0.3, u: 0.01 },
            Likelihood { m: 0.01, u: 0.39 },
            Likelihood { m: 0.19, u: 0.5 },
        ];
        let warnings = in_order(Field::City, &mut levels);
        assert_eq!(warnings.len(), 2);
        assert!((levels[0].bits() - levels[1].bits()).abs() < 1e-9);
        assert!((levels[2].bits() - levels[3].bits()).abs() < 1e-9);
        assert!((levels.iter().map(|level| level.m).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(in_order(Field::City, &mut levels).is_empty());
    }
}
