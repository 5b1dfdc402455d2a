use serde::{Deserialize, Serialize};

use super::Values;

/// What Kinlink knows of an account's attributes without asking the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Whether a change waits to be sent.
    pub waiting: bool,
    /// What Kinlink last left there ([`Values::digest`]); nothing if it left the attributes empty.
    pub written: Option<[u8; 16]>,
}

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

/// Judges what a server held for an account.
pub fn drift(held: &Values, desired: &Values, known: Known) -> Drift {
    if held == desired {
        Drift::Right
    } else if !held.is_empty() && held.digest() != known.written {
        Drift::ByHand
    } else if known.waiting {
        Drift::Waiting
    } else if held.is_empty() {
        Drift::Missing
    } else {
        Drift::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_what_is_there_decides_how_it_is_called() {
        let says = |text: &str| Values { fhir_user: vec![text.to_owned()], patient: Vec::new() };
        let (nothing, old, new, foreign) = (Values::default(), says("old"), says("new"), says("foreign"));
        for (held, desired, waiting, written, expected) in [
            (&new, &new, false, &nothing, Drift::Right),
            (&nothing, &nothing, true, &old, Drift::Right),
            (&old, &new, true, &old, Drift::Waiting),
            (&old, &new, false, &old, Drift::Stale),
            (&old, &nothing, false, &old, Drift::Stale),
            (&nothing, &new, false, &new, Drift::Missing),
            (&foreign, &new, false, &new, Drift::ByHand),
            (&foreign, &nothing, false, &nothing, Drift::ByHand),
            // Before Kinlink was connected, an administrator's script set it.
            (&foreign, &new, true, &nothing, Drift::ByHand),
            (&nothing, &new, true, &nothing, Drift::Waiting),
        ] {
            let known = Known { waiting, written: written.digest() };
            assert_eq!(drift(held, desired, known), expected);
        }
    }
}
