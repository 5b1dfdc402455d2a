//! What people say of themselves when they look for their record.

use kinlink_domain::{
    demographics::{Address, ContactSystem, Demographics},
    partial_date::PartialDate,
};
use serde::Serialize;

use super::{
    people::{self, People},
    random::Dice,
};

const CLAIM: u64 = 3;

/// How a claim differs from the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// As it is on record.
    Exact,
    /// A letter wrong in a name, and every other time day and month or a digit of the birth date.
    Typos,
    /// Another address and telephone.
    Moved,
    /// Nobody on record.
    Absent,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Exact, Self::Typos, Self::Moved, Self::Absent];
}

/// A claim and the place of its record.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) kind: Kind,
    pub(super) demographics: Demographics,
    /// The number of the record; none if there is no such record.
    pub(super) record: Option<u64>,
}

impl People {
    /// The `n`th claim on `records` records.
    pub(super) fn claim(self, n: u64, records: u64) -> Claim {
        let mut dice = Dice::of(self.seed, CLAIM, n);
        let dice = &mut dice;
        let kind = *dice.one_of(&Kind::ALL);
        let drawn = u64::from(dice.number(0, u32::MAX)) % records.max(1);
        let person = if kind == Kind::Absent { records + drawn } else { drawn };
        let mut claimed = self.demographics(person);
        // A claimant knows no record number, and gives one name, one address and one telephone.
        claimed.identifiers.clear();
        claimed.names.truncate(1);
        claimed.addresses.truncate(1);
        let mut phones = 0;
        claimed.telecom.retain(|point| {
            phones += usize::from(point.system == ContactSystem::Phone);
            point.system != ContactSystem::Phone || phones == 1
        });
        match kind {
            Kind::Exact | Kind::Absent => {}
            Kind::Typos => slip(&mut claimed, dice),
            Kind::Moved => {
                claimed.addresses = vec![Address { ..people::address(dice) }];
                for point in claimed.telecom.iter_mut().filter(|p| p.system == ContactSystem::Phone) {
                    point.value = people::phone(dice);
                }
            }
        }
        Claim { kind, demographics: claimed, record: (kind != Kind::Absent).then_some(person) }
    }
}

fn slip(claimed: &mut Demographics, dice: &mut Dice) {
    if let Some(name) = claimed.names.first_mut() {
        let family = dice.percent(50);
        let part = if family { name.family.as_mut() } else { name.given.first_mut() };
        if let Some(part) = part {
            *part = misspelt(part, dice);
        }
    }
    if dice.percent(50) {
        claimed.birth_date = claimed.birth_date.map(|date| misread(date, dice));
    }
}

/// A letter left out, doubled, or changed places with the next.
fn misspelt(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let Ok(length) = u32::try_from(letters.len()) else { return word.to_owned() };
    if length < 3 {
        return word.to_owned();
    }
    let at = dice.number(1, length - 1) as usize;
    match dice.number(0, 3) {
        0 => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters[at]),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

fn misread(date: PartialDate, dice: &mut Dice) -> PartialDate {
    use chrono::Datelike;
    let PartialDate::Day(day) = date else { return date };
    let swapped = day.with_day(day.month()).and_then(|other| other.with_month(day.day()));
    let changed = if dice.percent(50) { swapped } else { day.with_day(day.day() % 28 + 1) };
    PartialDate::Day(changed.unwrap_or(day))
}
