//! Sources: FHIR servers that an organization's Patient records are followed from, by pulling and by being told.
//!
//! ```text
//! waiting ──take──► pulling ──settle──► waiting     one replica at a time, by a lease
//!                     │  ▲
//!                     └──┘ advance: with each page that was written
//! ```

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    id::{OrganizationId, SourceId},
    organization::FhirBase,
    patient::UpsertReport,
    port::KeyedHash,
};

/// How long a source stays with whoever pulls it, counted anew with each page: longer than a page takes with all
/// its retries.
pub const LEASE: TimeDelta = TimeDelta::minutes(15);

/// How Kinlink proves to a FHIR server who it is. Encrypted at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SourceCredentials {
    /// Not at all.
    None,
    /// By a token that does not change.
    Bearer {
        /// The token.
        token: Zeroizing<String>,
    },
    /// As SMART Backend Services do (SMART App Launch 2.2, "Backend Services"; RFC 7523, section 2.2).
    BackendServices {
        /// The `client_id` that the server gave.
        client_id: String,
        /// The private key (PKCS #8 PEM): RSA for RS384, P-384 for ES384.
        key: Zeroizing<String>,
        /// The key's id in the JWK Set that the server knows.
        kid: Option<String>,
        /// The token endpoint; asked of the server if absent.
        token_url: Option<Url>,
    },
}

impl SourceCredentials {
    /// What kind they are, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer { .. } => "bearer",
            Self::BackendServices { .. } => "private_key_jwt",
        }
    }
}

/// Shows no secret.
impl fmt::Debug for SourceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// A FHIR server that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Whose records it has.
    pub organization: OrganizationId,
    /// Its name, unique within the organization.
    pub name: String,
    /// Where it is.
    pub base: FhirBase,
    /// What Kinlink shows it.
    pub credentials: SourceCredentials,
    /// What it shows Kinlink when it tells of a change.
    pub token: KeyedHash,
    /// How often it is pulled.
    pub every: TimeDelta,
    /// How far back each run begins before the last record seen, since a server's transactions may become visible
    /// in another order than their times.
    pub overlap: TimeDelta,
    /// Whether its history is asked for deletions.
    pub deletions: bool,
    /// `meta.lastUpdated` of the last record seen.
    pub since: Option<DateTime<Utc>>,
    /// When it is pulled next.
    pub due_at: DateTime<Utc>,
    /// When it last told of a change.
    pub notified_at: Option<DateTime<Utc>>,
    /// Runs that failed since one did not.
    pub failures: u16,
    /// The last run.
    pub last: Option<PullRun>,
    /// Where it stands.
    pub state: SourceState,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// Nobody pulls it.
    Waiting,
    /// Somebody does.
    Pulling {
        /// Who: drawn for this run.
        lease: Uuid,
        /// Since when.
        began: DateTime<Utc>,
        /// When it may be taken from them.
        until: DateTime<Utc>,
    },
}

/// What became of a run. Kept and shown, so it holds no data of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRun {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Pages read.
    pub pages: u64,
    /// What became of the records.
    #[serde(flatten)]
    pub upserted: UpsertReport,
    /// Records that the server has deleted, closed here.
    pub deleted: u64,
    /// Records that could not be taken.
    pub rejected: u64,
    /// The ids of the first few of them.
    #[serde(default)]
    pub rejected_ids: Vec<String>,
    /// Why it ended early, in Kinlink's words.
    #[serde(default)]
    pub failure: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Everything was read.
    Done,
    /// It was stopped, and goes on with whoever takes it next.
    Stopped,
    /// It failed, and the next one waits so long.
    Failed(TimeDelta),
}

/// Somebody else pulls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is being pulled already")]
pub struct SourceBusy;

/// The lease ran out, and somebody else took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody else pulls it by now")]
pub struct LeaseLost;

impl Source {
    /// Takes it for a run, unless somebody else has it.
    pub fn take(self, lease: Uuid, now: DateTime<Utc>) -> Result<Self, SourceBusy> {
        match self.state {
            SourceState::Pulling { until, .. } if now < until => Err(SourceBusy),
            _ => Ok(Self { state: SourceState::Pulling { lease, began: now, until: now + LEASE }, ..self }),
        }
    }

    /// Notes that everything up to `seen` was written; to be saved with it.
    pub fn advance(
        self,
        lease: Uuid,
        seen: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, LeaseLost> {
        let began = self.began(lease)?;
        let state = SourceState::Pulling { lease, began, until: now + LEASE };
        Ok(Self { since: self.since.max(seen), state, ..self })
    }

    /// Ends a run, and says when the next one is due.
    pub fn settle(self, lease: Uuid, run: PullRun, end: RunEnd) -> Result<Self, LeaseLost> {
        let began = self.began(lease)?;
        let told = self.notified_at.is_some_and(|at| began <= at);
        let (due_at, failures) = match end {
            // What the server told of while the run lasted, the run may have missed.
            RunEnd::Done if told => (run.at, 0),
            RunEnd::Done => (run.at + self.every, 0),
            RunEnd::Stopped => (run.at, self.failures),
            RunEnd::Failed(pause) => (run.at + pause, self.failures.saturating_add(1)),
        };
        Ok(Self { due_at, failures, last: Some(run), state: SourceState::Waiting, ..self })
    }

    /// The server told of a change. One that is failing keeps the pause it was given.
    #[must_use]
    pub fn notify(self, now: DateTime<Utc>) -> Self {
        let due_at = if self.failures == 0 { self.due_at.min(now) } else { self.due_at };
        Self { notified_at: Some(now), due_at, ..self }
    }

    fn began(&self, mine: Uuid) -> Result<DateTime<Utc>, LeaseLost> {
        match self.state {
            SourceState::Pulling { lease, began, .. } if lease == mine => Ok(began),
            _ => Err(LeaseLost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::Id,
        port::{KeyId, KeyedHash},
    };

    fn source() -> Source {
        Source {
            id: Id::from_uuid(Uuid::nil()),
            organization: Id::from_uuid(Uuid::nil()),
            name: "main".into(),
            base: FhirBase::parse("https://fhir.example/r4").unwrap(),
            credentials: SourceCredentials::Bearer { token: Zeroizing::new("s3cret".into()) },
            token: KeyedHash { key: KeyId(1), bytes: [0; 32] },
            every: TimeDelta::minutes(5),
            overlap: TimeDelta::minutes(1),
            deletions: false,
            since: None,
            due_at: DateTime::UNIX_EPOCH,
            notified_at: None,
            failures: 0,
            last: None,
            state: SourceState::Waiting,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    const MINE: Uuid = Uuid::from_u128(1);
    const THEIRS: Uuid = Uuid::from_u128(2);

    #[test]
    fn one_pulls_at_a_time_until_the_lease_is_over() {
        let taken = source().take(MINE, at(0)).unwrap();
        assert_eq!(taken.clone().take(THEIRS, at(14)), Err(SourceBusy));
        let lost = taken.take(THEIRS, at(15)).unwrap();
        assert_eq!(lost.clone().advance(MINE, Some(at(1)), at(16)), Err(LeaseLost));
        assert_eq!(lost.settle(MINE, PullRun::default(), RunEnd::Done), Err(LeaseLost));
        assert_eq!(source().advance(MINE, None, at(0)), Err(LeaseLost));
    }

    #[test]
    fn it_never_goes_back_and_each_page_renews_the_lease() {
        let taken = source().take(MINE, at(0)).unwrap();
        let on =
            taken.advance(MINE, Some(at(9)), at(10)).unwrap().advance(MINE, Some(at(3)), at(11)).unwrap();
        assert_eq!(on.since, Some(at(9)));
        assert_eq!(on.take(THEIRS, at(25)), Err(SourceBusy));
    }

    #[test]
    fn what_is_told_during_a_run_is_pulled_right_after_it() {
        let run = PullRun { at: at(3), ..PullRun::default() };
        let taken = source().take(MINE, at(1)).unwrap();
        let quiet = taken.clone().settle(MINE, run.clone(), RunEnd::Done).unwrap();
        assert_eq!((quiet.due_at, quiet.failures), (at(8), 0));
        let told = taken.clone().notify(at(2)).settle(MINE, run.clone(), RunEnd::Done).unwrap();
        assert_eq!(told.due_at, at(3));
        let failed = taken.notify(at(2)).settle(MINE, run, RunEnd::Failed(TimeDelta::hours(1))).unwrap();
        assert_eq!((failed.due_at, failed.failures), (at(63), 1));
        assert_eq!(failed.notify(at(4)).due_at, at(63), "a server that asked for a pause gets it");
        assert_eq!(quiet.notify(at(4)).due_at, at(4));
    }

    #[test]
    fn secrets_do_not_show() {
        assert!(!format!("{:?}", source()).contains("s3cret"));
    }
}
