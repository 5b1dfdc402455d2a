//! Where links go when an organization merges records (FHIR R4 `Patient.link.type` `replaced-by`), or takes a
//! merge back.
//!
//! Every link has a **home**: the record that it was made for. Where it stands follows from its home and from the
//! merges as they are now, so that a merge, another one behind it, and the end of either need no rules of their
//! own, and saying the same again changes nothing. Of several links of one account that come to one record, one
//! stands and the others are absorbed: ended by Kinlink, and opened again when their ways part, unless somebody
//! has ended the one that stood for them. A doubt about any of them is a doubt about the one that stands.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};

use chrono::{DateTime, Utc};

use crate::{
    id::{LinkId, PatientId},
    link::{Link, LinkRole, LinkState, Revocation, Suspension},
};

/// A link that is not where it was made, or does not stand as it did, because records were merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Displaced {
    /// Which link.
    pub link: LinkId,
    /// The record that it was made for.
    pub home: PatientId,
    /// If another of the account's links stands for it.
    pub absorbed: Option<Absorbed>,
}

/// A link for which another one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absorbed {
    /// The one that stands.
    pub by: LinkId,
    /// How the absorbed one stood before.
    pub before: LinkState,
}

/// Something to do with a link, in the order given: in between, too, no account has two unrevoked links to a
/// record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ends it, since `by` opens the same record.
    Absorb {
        /// The link.
        link: LinkId,
        /// The one that stands for it.
        by: LinkId,
    },
    /// Another one stands for it now; it stays ended.
    Entrust {
        /// The link.
        link: LinkId,
        /// The one that stands for it.
        by: LinkId,
    },
    /// One that it stands for from now on is in doubt, so it is too.
    Suspend {
        /// The link.
        link: LinkId,
        /// How.
        state: LinkState,
    },
    /// It opens this record from now on.
    Move {
        /// The link.
        link: LinkId,
        /// The record.
        to: PatientId,
    },
    /// It stands again as before, at this record.
    Reopen {
        /// The link.
        link: LinkId,
        /// The record.
        at: PatientId,
        /// How.
        state: LinkState,
    },
    /// The one that stood for it was ended by somebody: it stays ended, whatever becomes of the records.
    Forget {
        /// The link.
        link: LinkId,
    },
}

/// Follows merges from `home` to the record that is in use. A record that is not there yet, or merges that lead
/// in a circle, lead nowhere: links stay at home, where they open nothing, since their record is replaced.
pub fn destination(
    home: PatientId,
    replaced_by: impl Fn(PatientId) -> Option<Replacement>,
) -> Result<PatientId, Nowhere> {
    let (mut at, mut seen) = (home, vec![home]);
    while let Some(next) = replaced_by(at) {
        let Replacement::Record(next) = next else { return Err(Nowhere::Missing) };
        if seen.contains(&next) {
            return Err(Nowhere::Circle);
        }
        seen.push(next);
        at = next;
    }
    Ok(at)
}

/// What a record is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// A record that is there.
    Record(PatientId),
    /// One that was not imported yet.
    Missing,
}

/// Why merges lead to no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nowhere {
    /// The last is not there yet.
    Missing,
    /// They lead back to where they began.
    Circle,
}

/// One account's link with its home.
#[derive(Debug)]
struct Homed<'a> {
    link: &'a Link,
    home: PatientId,
    absorbed: Option<Absorbed>,
}

/// What is to be done with one account's links at an organization, all of them given, so that each stands where
/// `destination` leads from its home.
pub fn settle(
    links: &[Link],
    displaced: &[Displaced],
    now: DateTime<Utc>,
    destination: impl Fn(PatientId) -> PatientId,
) -> Vec<Step> {
    let all: Vec<Homed<'_>> = links.iter().map(|link| Homed::of(link, displaced)).collect();
    let mut steps = Vec::new();
    let mut groups: BTreeMap<PatientId, Vec<&Homed<'_>>> = BTreeMap::new();
    for one in &all {
        if one.absorbed.is_some() && stood_for_by_one_ended(one, &all) {
            steps.push(Step::Forget { link: one.link.id });
        } else if one.is_open() || one.is_absorbed() {
            groups.entry(destination(one.home)).or_default().push(one);
        }
    }
    let mut moves = Vec::new();
    let mut reopenings = Vec::new();
    for (record, mut group) in groups {
        group.sort_by(|one, other| one.before(other, record, now));
        let Some((stands, others)) = group.split_first() else { continue };
        let doubt = others.iter().filter(|other| !other.is_stood_for_by(stands));
        let doubt = doubt.filter_map(|other| inheritable(other.stood(&all))).min_by_key(rank);
        if stands.is_open() {
            if let Some(state) = doubt.filter(|doubt| rank(doubt) < rank(&stands.link.state)) {
                steps.push(Step::Suspend { link: stands.link.id, state });
            }
            if stands.link.patient != record {
                moves.push((stands.link.id, stands.link.patient, record, stands.home));
            }
        } else {
            let state = stands.stood(&all);
            let state = doubt.into_iter().chain([state]).min_by_key(rank).unwrap_or(state);
            reopenings.push(Step::Reopen { link: stands.link.id, at: record, state });
        }
        for other in others {
            let (link, by) = (other.link.id, stands.link.id);
            if other.is_open() {
                steps.push(Step::Absorb { link, by });
            } else if !other.is_stood_for_by(stands) {
                steps.push(Step::Entrust { link, by });
            }
        }
    }
    let closed: Vec<LinkId> =
        steps.iter().filter(|step| matches!(step, Step::Absorb { .. })).map(Step::link).collect();
    let occupied = all.iter().filter(|one| one.is_open() && !closed.contains(&one.link.id));
    steps.extend(in_order(moves, occupied.map(|one| (one.link.id, one.link.patient)).collect()));
    steps.extend(reopenings);
    steps
}

impl Step {
    /// The link that it is about.
    pub const fn link(&self) -> LinkId {
        match self {
            Self::Absorb { link, .. }
            | Self::Entrust { link, .. }
            | Self::Suspend { link, .. }
            | Self::Move { link, .. }
            | Self::Reopen { link, .. }
            | Self::Forget { link } => *link,
        }
    }
}

impl<'a> Homed<'a> {
    fn of(link: &'a Link, displaced: &[Displaced]) -> Self {
        let known = displaced.iter().find(|known| known.link == link.id);
        let home = known.map_or(link.patient, |known| known.home);
        Self { link, home, absorbed: known.and_then(|known| known.absorbed) }
    }

    const fn is_open(&self) -> bool {
        !matches!(self.link.state, LinkState::Revoked { .. })
    }

    const fn is_absorbed(&self) -> bool {
        self.absorbed.is_some()
            && matches!(self.link.state, LinkState::Revoked { reason: Revocation::Merged, .. })
    }

    fn is_stood_for_by(&self, other: &Self) -> bool {
        !self.is_open() && self.absorbed.is_some_and(|absorbed| absorbed.by == other.link.id)
    }

    /// How it would stand if it were not absorbed.
    fn stood(&self, all: &[Self]) -> LinkState {
        self.absorbed.filter(|_| !self.is_open()).map_or(self.link.state, |absorbed| inherited(absorbed, all))
    }

    /// Which of two stands at `record`. One that is over stands for none that is not, and a proxy's link never for
    /// the patient's own. One in doubt comes first, so that whoever looks into it decides for all. Then comes the
    /// one that lasts longest, since the others would be lost behind its end; then the one at home, one that is
    /// open, the oldest.
    fn before(&self, other: &Self, record: PatientId, now: DateTime<Utc>) -> Ordering {
        let key = |one: &Self| {
            let end = one.link.period.end.unwrap_or(DateTime::<Utc>::MAX_UTC);
            let stood =
                one.absorbed.filter(|_| !one.is_open()).map_or(one.link.state, |absorbed| absorbed.before);
            let rest = (one.home != record, !one.is_open(), one.link.id);
            (end <= now, one.link.role != LinkRole::SelfRole, rank(&stood), Reverse(end), rest)
        };
        key(self).cmp(&key(other))
    }
}

/// The graver a doubt, the lower. That whoever granted a link is in doubt says nothing of another link, which
/// stands rather.
const fn rank(state: &LinkState) -> u8 {
    match state {
        LinkState::Suspended { reason, .. } => match reason {
            Suspension::Disputed => 0,
            Suspension::Fraud => 1,
            Suspension::Safety => 2,
            Suspension::PatientRequest => 3,
            Suspension::Review => 4,
            Suspension::Grantor => 6,
        },
        LinkState::Active => 5,
        LinkState::Revoked { .. } => 7,
    }
}

/// What a doubt about one link is for another of the account.
const fn inheritable(state: LinkState) -> Option<LinkState> {
    match state {
        // Who disputes a link disputes that one: nobody could lift it here.
        LinkState::Suspended { at, by, reason: Suspension::Disputed } => {
            Some(LinkState::Suspended { at, by, reason: Suspension::Review })
        }
        // A doubt about whoever granted the one follows from that grant, and is lifted with it.
        LinkState::Suspended { reason: Suspension::Grantor, .. }
        | LinkState::Active
        | LinkState::Revoked { .. } => None,
        LinkState::Suspended { .. } => Some(state),
    }
}

/// Whether the one that stands for this, or for that, was ended by somebody.
fn stood_for_by_one_ended(one: &Homed<'_>, all: &[Homed<'_>]) -> bool {
    let mut absorbed = one.absorbed;
    for _ in 0..=all.len() {
        let Some(by) = absorbed.and_then(|absorbed| all.iter().find(|other| other.link.id == absorbed.by))
        else {
            return false;
        };
        match by.link.state {
            LinkState::Revoked { reason: Revocation::Merged, .. } => absorbed = by.absorbed,
            LinkState::Revoked { .. } => return true,
            LinkState::Active | LinkState::Suspended { .. } => return false,
        }
    }
    false
}

/// As it stood before; but a doubt about the one that stands for it is a doubt about both.
fn inherited(absorbed: Absorbed, all: &[Homed<'_>]) -> LinkState {
    let by = all.iter().find(|other| other.link.id == absorbed.by);
    let doubt = by.and_then(|by| inheritable(by.link.state));
    doubt.filter(|doubt| rank(doubt) < rank(&absorbed.before)).unwrap_or(absorbed.before)
}

/// Moves one after the other, each to where none is. Where they wait for each other in a circle, one goes home
/// first: no other is there, since its home is replaced.
fn in_order(
    mut moves: Vec<(LinkId, PatientId, PatientId, PatientId)>,
    mut occupied: Vec<(LinkId, PatientId)>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut go = |link: LinkId, to: PatientId, occupied: &mut Vec<(LinkId, PatientId)>| {
        occupied.retain(|(other, _)| *other != link);
        occupied.push((link, to));
        steps.push(Step::Move { link, to });
    };
    while !moves.is_empty() {
        let free =
            |to: PatientId, link: LinkId| !occupied.iter().any(|(other, at)| *at == to && *other != link);
        if let Some(next) = moves.iter().position(|(link, _, to, _)| free(*to, *link)) {
            let (link, _, to, _) = moves.remove(next);
            go(link, to, &mut occupied);
            continue;
        }
        let away = moves.iter_mut().find(|(_, at, _, home)| at != home);
        let Some((link, at, _, home)) = away else { break };
        *at = *home;
        go(*link, *home, &mut occupied);
    }
    steps
}

#[cfg(test)]
mod tests;
