use async_trait::async_trait;

use super::StoreError;
use crate::answer_key::AnswerKey;

/// The keys that answers are signed with.
#[async_trait]
pub trait AnswerKeys {
    /// Adds a key.
    async fn add_answer_key(&mut self, key: &AnswerKey) -> Result<(), StoreError>;
    /// All keys, newest first.
    async fn answer_keys(&mut self) -> Result<Vec<AnswerKey>, StoreError>;
}
