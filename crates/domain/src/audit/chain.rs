//! The chain of entries, and whether it is what was written.

use crate::{
    audit::AuditEntry,
    id::OrganizationId,
    port::{KeyedHash, Purpose, Vault},
};

/// An entry in its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainedEntry {
    /// Its place, from 1 on without gaps.
    pub seq: i64,
    /// The entry.
    pub entry: AuditEntry,
    /// The hash over the one before and this entry.
    pub hash: KeyedHash,
}

/// The end of an organization's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The organization.
    pub organization: OrganizationId,
    /// How many entries the chain has.
    pub seq: i64,
    /// The hash of the last; zeros if there is none.
    pub last: [u8; 32],
    /// A hash over all of this, so that the end cannot be set back.
    pub hash: KeyedHash,
}

impl AuditEntry {
    /// Puts the entry behind the one with hash `previous`.
    pub fn chain(self, seq: i64, previous: &[u8; 32], vault: &dyn Vault) -> ChainedEntry {
        let hash = vault.keyed_hash(Purpose::Audit, &self.canonical(seq, previous));
        ChainedEntry { seq, entry: self, hash }
    }

    /// What is hashed: all members in a fixed order, as a JSON array, which leaves no doubt where one ends.
    fn canonical(&self, seq: i64, previous: &[u8; 32]) -> Vec<u8> {
        serde_json::json!([
            "entry",
            previous,
            self.organization,
            seq,
            self.id,
            self.at.timestamp_micros(),
            self.actor,
            self.action.as_str(),
            self.subject,
            self.detail,
        ])
        .to_string()
        .into_bytes()
    }
}

impl ChainedEntry {
    /// Whether the entry is what was written, behind the one with hash `previous`.
    pub fn is_authentic(&self, previous: &[u8; 32], vault: &dyn Vault) -> bool {
        vault.verify(Purpose::Audit, &self.entry.canonical(self.seq, previous), &self.hash)
    }
}

impl ChainEnd {
    /// The end of a chain of `seq` entries, the last of which has hash `last`.
    pub fn new(organization: OrganizationId, seq: i64, last: [u8; 32], vault: &dyn Vault) -> Self {
        let hash = vault.keyed_hash(Purpose::Audit, &Self::canonical(organization, seq, &last));
        Self { organization, seq, last, hash }
    }

    /// Whether this end is what was written.
    pub fn is_authentic(&self, vault: &dyn Vault) -> bool {
        vault.verify(Purpose::Audit, &Self::canonical(self.organization, self.seq, &self.last), &self.hash)
    }

    fn canonical(organization: OrganizationId, seq: i64, last: &[u8; 32]) -> Vec<u8> {
        serde_json::json!(["end", organization, seq, last]).to_string().into_bytes()
    }
}

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The entry is not what was written, or the one before it is not.
    #[error("entry {0} was changed, or inserted")]
    Changed(i64),
    /// Entries are missing between two that are there.
    #[error("entries {first} to {last} were removed")]
    Removed {
        /// The first missing.
        first: i64,
        /// The last missing.
        last: i64,
    },
    /// Entries stand behind the end.
    #[error("entry {0} was inserted behind the end of the chain")]
    BehindEnd(i64),
    /// The end itself is not what was written, or is missing.
    #[error("the end of the chain was changed or removed")]
    EndChanged,
}

/// Checks a chain entry by entry, in memory that does not grow with it.
#[derive(Debug)]
pub struct ChainVerifier<'a> {
    vault: &'a dyn Vault,
    next: i64,
    previous: [u8; 32],
    faults: Vec<ChainFault>,
}

impl<'a> ChainVerifier<'a> {
    /// A verifier at the beginning of a chain.
    pub fn new(vault: &'a dyn Vault) -> Self {
        Self { vault, next: 1, previous: [0; 32], faults: Vec::new() }
    }

    /// Checks the next entry, in order of `seq`.
    pub fn check(&mut self, entry: &ChainedEntry) {
        if entry.seq > self.next {
            self.faults.push(ChainFault::Removed { first: self.next, last: entry.seq - 1 });
        } else if entry.seq < self.next || !entry.is_authentic(&self.previous, self.vault) {
            self.faults.push(ChainFault::Changed(entry.seq));
        }
        // Going on from what is stored finds each fault once, instead of blaming all that follows.
        self.previous = entry.hash.bytes;
        self.next = entry.seq.max(self.next - 1) + 1;
    }

    /// Checks the end and returns all faults, and how many entries were read. Even a chain without entries
    /// has an end, from the day its organization was added.
    pub fn finish(mut self, end: Option<&ChainEnd>) -> (i64, Vec<ChainFault>) {
        let read = self.next - 1;
        match end {
            Some(end) if end.is_authentic(self.vault) => {
                if read < end.seq {
                    self.faults.push(ChainFault::Removed { first: self.next, last: end.seq });
                } else if read > end.seq {
                    self.faults.push(ChainFault::BehindEnd(end.seq + 1));
                } else if self.previous != end.last {
                    self.faults.push(ChainFault::Changed(read));
                }
            }
            None | Some(_) => self.faults.push(ChainFault::EndChanged),
        }
        (read, self.faults)
    }
}
