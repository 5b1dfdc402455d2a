use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Basis, Change, Drift, Verdict};
use crate::{
    age::TimeZone,
    id::{AccountId, OrganizationId, ProvisioningTargetId},
};

/// What a reconcile counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Accounts looked at.
    pub checked: u64,
    /// Whose attributes were as they should be.
    pub right: u64,
    /// Whose attributes differed by a change that was not sent yet.
    pub waiting: u64,
    /// Whose attributes had been taken away.
    pub missing: u64,
    /// Whose attributes somebody else had set.
    pub by_hand: u64,
    /// Whose attributes were what Kinlink wrote before something changed.
    pub stale: u64,
    /// Whose user is gone.
    pub gone: u64,
    /// That a worker was busy with, and so were left to it.
    pub busy: u64,
    /// Whose attributes were written.
    pub corrected: u64,
    /// Whose attributes could not be read or written.
    pub failed: u64,
    /// Whose attributes said nothing and say something now, or would.
    pub set: u64,
    /// Whose attributes say something else now, or would.
    pub changed: u64,
    /// Whose attributes were taken away, or would be.
    pub cleared: u64,
    /// Whose attributes say nothing since only records of others are open to them.
    pub proxy_only: u64,
    /// Whose attributes say nothing since several records are their own.
    pub several_records: u64,
    /// Users of the server that were listed; only by a preview.
    pub users: u64,
    /// Users with attributes whom Kinlink does not know and leaves alone; only by a preview.
    pub strangers: u64,
}

impl Counts {
    /// Counts an account.
    pub fn add(&mut self, verdict: &Verdict, kind: RunKind) {
        self.checked += 1;
        match verdict {
            Verdict::Compared { drift, change, basis } => {
                self.judged(*drift);
                self.reasoned(*basis);
                self.moved(*change, kind);
            }
            Verdict::Gone => self.gone += 1,
            Verdict::Busy => self.busy += 1,
            Verdict::Failed { .. } => self.failed += 1,
        }
    }

    fn judged(&mut self, drift: Drift) {
        let member = match drift {
            Drift::Right => &mut self.right,
            Drift::Waiting => &mut self.waiting,
            Drift::Missing => &mut self.missing,
            Drift::ByHand => &mut self.by_hand,
            Drift::Stale => &mut self.stale,
        };
        *member += 1;
    }

    fn reasoned(&mut self, basis: Basis) {
        match basis {
            Basis::ProxyOnly => self.proxy_only += 1,
            Basis::SeveralRecords => self.several_records += 1,
            Basis::OwnRecord | Basis::NoLink | Basis::Clearing => {}
        }
    }

    fn moved(&mut self, change: Option<Change>, kind: RunKind) {
        let Some(change) = change else { return };
        let member = match change {
            Change::Set => &mut self.set,
            Change::Changed => &mut self.changed,
            Change::Cleared => &mut self.cleared,
        };
        *member += 1;
        self.corrected += u64::from(kind == RunKind::Reconcile);
    }

    /// How many accounts had drifted.
    pub fn drifted(&self) -> u64 {
        self.missing + self.by_hand + self.stale + self.gone
    }
}

/// What a comparison does about what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// It mends it.
    Reconcile,
    /// Nothing: it says what a reconcile would do. It can be made while the target is off, and looks through
    /// the server's users for attributes that nobody keeps true.
    Preview,
}

/// Why a target is reconciled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody asked for it.
    Asked,
    /// It is night.
    Nightly,
}

/// How a reconcile ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Ended {
    /// All accounts were looked at.
    Completed,
    /// The server refused or did not answer for too long.
    GivenUp {
        /// What it said, without anything of a person.
        error: String,
    },
}

/// What a reconcile found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Why it was done.
    pub cause: Cause,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// How many accounts there were to look at.
    pub total: u64,
    /// What was counted.
    pub counts: Counts,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended,
}

/// Whether a reconcile is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// None is.
    Idle,
    /// One is, or waits for a worker.
    Running,
}

/// The comparison of a target that is under way, or the last one of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The target's organization.
    pub organization: OrganizationId,
    /// The target.
    pub target: ProvisioningTargetId,
    /// What it does about what it finds.
    pub kind: RunKind,
    /// Whether it is under way.
    pub phase: RunPhase,
    /// Why it is done.
    pub cause: Cause,
    /// When it was asked for; the target's beginning if none was yet.
    pub requested_at: DateTime<Utc>,
    /// The last account that is done with; it goes on behind it after a stop.
    pub after: Option<AccountId>,
    /// Where it goes on in the server's own list of users, once it is in it; the server's word.
    pub sweep: Option<String>,
    /// How many accounts there are to look at.
    pub total: u64,
    /// What was counted so far.
    pub counts: Counts,
    /// How often in a row the server refused or did not answer.
    pub failures: u16,
    /// What the last one found that ended.
    pub last: Option<Report>,
}

impl Run {
    /// Ends it.
    #[must_use]
    pub fn finish(self, ended: Ended, now: DateTime<Utc>) -> Self {
        let report = Report {
            cause: self.cause,
            requested_at: self.requested_at,
            finished_at: now,
            total: self.total,
            counts: self.counts,
            ended,
        };
        Self { phase: RunPhase::Idle, last: Some(report), ..self }
    }
}

/// The last two o'clock at night there: when every target is due to be reconciled.
pub fn last_night(zone: TimeZone, now: DateTime<Utc>) -> DateTime<Utc> {
    let of_today = zone.beginning(zone.day(now)) + TimeDelta::hours(2);
    if of_today <= now {
        of_today
    } else {
        zone.beginning(zone.day(now - TimeDelta::days(1))) + TimeDelta::hours(2)
    }
}
