use serde::{Deserialize, Serialize};

use crate::relationship::{ProxyBasis, Relationship};

/// In which role an account opens a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum LinkRole {
    /// The account holder is the patient.
    #[serde(rename = "self")]
    SelfRole,
    /// The account holder acts for the patient.
    Proxy {
        /// What they are to the patient.
        relationship: Relationship,
        /// On what ground they act.
        basis: ProxyBasis,
    },
}

impl LinkRole {
    /// The word used in storage and JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SelfRole => "self",
            Self::Proxy { .. } => "proxy",
        }
    }

    /// What a proxy is to the patient.
    pub const fn relationship(&self) -> Option<Relationship> {
        match self {
            Self::SelfRole => None,
            Self::Proxy { relationship, .. } => Some(*relationship),
        }
    }

    /// On what ground a proxy acts.
    pub const fn basis(&self) -> Option<ProxyBasis> {
        match self {
            Self::SelfRole => None,
            Self::Proxy { basis, .. } => Some(*basis),
        }
    }
}
