//! Papers that staff saw, as forms say them.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    age::TimeZone,
    evidence::{Fact, Paper},
};
use serde::Deserialize;

use crate::pages::{
    complaint::Complaints,
    form::{filled, last_day},
};

/// At most two papers; more are added to the link later.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Papers {
    pub(super) paper: String,
    pub(super) paper_reference: String,
    pub(super) paper_until: String,
    pub(super) paper_2: String,
    pub(super) paper_2_reference: String,
    pub(super) paper_2_until: String,
}

impl Papers {
    pub(super) fn seen(&self, zone: TimeZone, complaints: &mut Complaints) -> Vec<Fact> {
        let rows = [
            (&self.paper, &self.paper_reference, &self.paper_until, FIRST),
            (&self.paper_2, &self.paper_2_reference, &self.paper_2_until, SECOND),
        ];
        rows.into_iter().filter_map(|row| read(row, zone, complaints)).collect()
    }
}

type Fields = [&'static str; 3];
const FIRST: Fields = ["paper", "paper_reference", "paper_until"];
const SECOND: Fields = ["paper_2", "paper_2_reference", "paper_2_until"];

fn read(
    (paper, reference, until, fields): (&String, &String, &String, Fields),
    zone: TimeZone,
    complaints: &mut Complaints,
) -> Option<Fact> {
    let reference = filled(reference).map(ToOwned::to_owned);
    if reference.as_ref().is_some_and(|text| text.chars().count() > 100) {
        complaints.add(fields[1], "A reference has at most 100 characters");
    }
    let valid_until: Option<DateTime<Utc>> = last_day(until, zone, fields[2], complaints);
    let chosen = Paper::ALL.into_iter().find(|one| one.as_str() == paper);
    if chosen.is_none() && (!paper.is_empty() || reference.is_some() || valid_until.is_some()) {
        complaints.add(fields[0], "Choose the paper that this is about");
    }
    chosen.map(|paper| Fact::RelationshipSeen { paper, reference, valid_until })
}
