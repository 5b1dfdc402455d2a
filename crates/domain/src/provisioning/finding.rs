//! What a comparison found at one account.

use serde::{Deserialize, Serialize};

use super::{Basis, Drift, Values};
use crate::id::AccountId;

/// What is done to attributes so that they say what they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// They said nothing.
    Set,
    /// They said something else.
    Changed,
    /// They are to say nothing.
    Cleared,
}

impl Change {
    /// What leads from one to the other; nothing if they are the same.
    pub fn between(held: &Values, desired: &Values) -> Option<Self> {
        if held == desired {
            None
        } else if desired.is_empty() {
            Some(Self::Cleared)
        } else if held.is_empty() {
            Some(Self::Set)
        } else {
            Some(Self::Changed)
        }
    }
}

/// What was found at an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Verdict {
    /// Its attributes were read.
    Compared {
        /// How they differed.
        drift: Drift,
        /// What was done about it, or would be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<Change>,
        /// Why they are to say what they are to say.
        basis: Basis,
    },
    /// The server has no such user.
    Gone,
    /// A worker was busy with it.
    Busy,
    /// Its attributes could not be read or written.
    Failed {
        /// Why, without anything of the person.
        error: String,
    },
}

impl Verdict {
    /// Whether somebody who reads the list of accounts wants to see it: what is as it should be is not in it.
    pub fn is_notable(&self) -> bool {
        match self {
            Self::Compared { change, basis, .. } => change.is_some() || *basis == Basis::SeveralRecords,
            Self::Gone | Self::Busy | Self::Failed { .. } => true,
        }
    }
}

/// An account with what was found there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The account.
    pub account: AccountId,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_called_after_what_it_leads_from_and_to() {
        let says = |text: &str| Values { fhir_user: vec![text.to_owned()], patient: Vec::new() };
        let nothing = Values::default();
        for (held, desired, expected) in [
            (&nothing, &nothing, None),
            (&says("a"), &says("a"), None),
            (&nothing, &says("a"), Some(Change::Set)),
            (&says("a"), &says("b"), Some(Change::Changed)),
            (&says("a"), &nothing, Some(Change::Cleared)),
        ] {
            assert_eq!(Change::between(held, desired), expected);
        }
    }
}
