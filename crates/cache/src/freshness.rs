use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// How long ago the change feed was known to hold nothing unseen. Cheap to clone and to ask.
#[derive(Debug, Clone)]
pub struct Freshness {
    origin: Instant,
    bound: Duration,
    /// Microseconds from `origin` to the last confirmation, plus one; zero if there was none.
    confirmed: Arc<AtomicU64>,
}

impl Freshness {
    /// Nothing is fresh until the first confirmation, nor for longer than `bound` after the last.
    pub fn new(bound: Duration) -> Self {
        Self { origin: Instant::now(), bound, confirmed: Arc::default() }
    }

    /// Whether caches may answer.
    pub fn is_fresh(&self) -> bool {
        match self.confirmed.load(Ordering::Acquire) {
            0 => false,
            micros => self.origin.elapsed() <= Duration::from_micros(micros - 1) + self.bound,
        }
    }

    /// Notes that everything committed before `asked` has been seen. `asked` is when the question was put,
    /// not when the answer came: what was committed in between may not be in it.
    pub(crate) fn confirm(&self, asked: Instant) {
        let micros = u64::try_from(asked.duration_since(self.origin).as_micros()).unwrap_or(u64::MAX - 1);
        self.confirmed.fetch_max(micros + 1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_lasts_from_the_question_on_and_no_longer_than_its_bound() {
        let freshness = Freshness::new(Duration::from_millis(800));
        assert!(!freshness.is_fresh());
        let asked = Instant::now();
        tokio::time::advance(Duration::from_millis(300)).await;
        freshness.confirm(asked);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(freshness.is_fresh());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!freshness.is_fresh());
    }
}
