use serde::{Deserialize, Serialize};

use super::{ProvisioningTask, Values};

/// How what a server held compares with what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// It is the same.
    Right,
    /// It differs by a change that Kinlink had not sent yet.
    Waiting,
    /// What Kinlink wrote is not there.
    Missing,
    /// It is neither what it should be nor what Kinlink wrote: somebody else did.
    ByHand,
    /// It is what Kinlink wrote once, and something else is true by now.
    Stale,
}

/// Judges what a server held for the account of `task`.
pub fn drift(held: &Values, desired: &Values, task: &ProvisioningTask) -> Drift {
    if held == desired {
        Drift::Right
    } else if task.waiting {
        Drift::Waiting
    } else if held.is_empty() {
        Drift::Missing
    } else if held.digest() == task.written {
        Drift::Stale
    } else {
        Drift::ByHand
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::id::Id;

    #[test]
    fn who_left_what_is_there_decides_how_it_is_called() {
        let says = |text: &str| Values { fhir_user: vec![text.to_owned()], patient: Vec::new() };
        let (nothing, old, new, foreign) = (Values::default(), says("old"), says("new"), says("foreign"));
        let task = |waiting, written: &Values| ProvisioningTask {
            organization: Id::from_uuid(Uuid::nil()),
            target: Id::from_uuid(Uuid::nil()),
            account: Id::from_uuid(Uuid::nil()),
            generation: 1,
            attempts: 0,
            waiting,
            written: written.digest(),
            leased_until: DateTime::UNIX_EPOCH,
        };
        for (held, desired, waiting, written, expected) in [
            (&new, &new, false, &nothing, Drift::Right),
            (&nothing, &nothing, true, &old, Drift::Right),
            (&old, &new, true, &old, Drift::Waiting),
            (&old, &new, false, &old, Drift::Stale),
            (&old, &nothing, false, &old, Drift::Stale),
            (&nothing, &new, false, &new, Drift::Missing),
            (&foreign, &new, false, &new, Drift::ByHand),
            (&foreign, &nothing, false, &nothing, Drift::ByHand),
        ] {
            assert_eq!(drift(held, desired, &task(waiting, written)), expected);
        }
    }
}
