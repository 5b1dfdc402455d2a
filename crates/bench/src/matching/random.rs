//! What is drawn from one generator, so that the same seed makes the same people everywhere.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A seeded source of choices.
#[derive(Debug)]
pub(super) struct Dice(StdRng);

impl Dice {
    /// The dice of the `n`th thing of a kind: any of them can be made again without those before it.
    pub(super) fn of(seed: u64, kind: u64, n: u64) -> Self {
        let mut bytes = [0; 32];
        for (chunk, number) in bytes.chunks_exact_mut(8).zip([seed, kind, n, 0]) {
            chunk.copy_from_slice(&number.to_le_bytes());
        }
        Self(StdRng::from_seed(bytes))
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100) < chance
    }

    /// A number from `from` to before `to`.
    pub(super) fn number(&mut self, from: u32, to: u32) -> u32 {
        self.0.random_range(from..to)
    }

    /// One of several.
    pub(super) fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.0.random_range(0..things.len())]
    }
}
