//! Lists in pages: the newest first, continued after a cursor rather than by number, so that rows which
//! arrive in between neither repeat nor hide others.

use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Continue after this row; from the start if absent.
    pub after: Option<Uuid>,
    /// At most so many rows, 1 to 200.
    pub limit: u16,
}

/// One part of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// What to pass as [`Page::after`] for the next part; absent at the end.
    pub next: Option<Uuid>,
}
