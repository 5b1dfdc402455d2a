use std::{sync::Arc, time::Duration};

use kinlink_domain::store::{Change, ChangeListener};
use tokio::sync::watch;

/// Tells those who wait for events that there may be some. What another replica commits is heard of by looking
/// again and again, so nothing depends on it but speed.
#[derive(Debug, Clone)]
pub struct EventWake(Arc<watch::Sender<u64>>);

impl Default for EventWake {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl EventWake {
    /// Something was committed.
    pub fn wake(&self) {
        self.0.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Begins to listen: what is committed from now on is heard.
    pub fn listen(&self) -> EventEar {
        EventEar(self.0.subscribe())
    }
}

impl ChangeListener for EventWake {
    fn committed(&self, changes: &[Change]) {
        if changes.iter().any(|change| matches!(change, Change::Account(_))) {
            self.wake();
        }
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub struct EventEar(watch::Receiver<u64>);

impl EventEar {
    /// Waits until something was committed since the last call, or the time is over.
    pub async fn hear(&mut self, at_most: Duration) {
        // The sender may be gone only when everything ends; then waiting out the time is right too.
        let _ = tokio::time::timeout(at_most, self.0.changed()).await;
    }
}
