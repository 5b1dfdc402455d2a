use std::collections::HashMap;

use crate::id::StreamId;

/// Deliveries to one stream at once.
pub const STREAM_ROOM: u16 = 32;

/// How many deliveries a worker has under way to each stream: one whose receiver is slow fills its own room and
/// nobody else's.
#[derive(Debug, Default)]
pub struct Room(HashMap<StreamId, u16>);

impl Room {
    /// How many more may be sent to it.
    pub fn left(&self, stream: StreamId) -> u16 {
        STREAM_ROOM.saturating_sub(self.0.get(&stream).copied().unwrap_or_default())
    }

    /// One is under way.
    pub fn enter(&mut self, stream: StreamId) {
        *self.0.entry(stream).or_default() += 1;
    }

    /// One has arrived, or failed.
    pub fn leave(&mut self, stream: StreamId) {
        if let Some(under_way) = self.0.get_mut(&stream) {
            *under_way -= 1;
            if *under_way == 0 {
                self.0.remove(&stream);
            }
        }
    }
}
