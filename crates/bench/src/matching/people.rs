//! Invented people in households: names with the frequencies of the United States and a long tail of rare ones,
//! birth dates from 1920 to 2025, addresses in 400 postal codes, telephones that families share, twins.

use std::sync::LazyLock;

use chrono::NaiveDate;
use kinlink_domain::{
    demographics::{Address, ContactPoint, ContactSystem, Demographics, Gender, HumanName, Identifier},
    partial_date::PartialDate,
    patient::{FhirId, ImportedPatient, RecordVersion},
};

use super::random::Dice;

const HOUSEHOLD: u64 = 1;
const MEMBER: u64 = 2;

/// Sizes of households, over and over.
const SIZES: [u64; 6] = [1, 2, 4, 1, 5, 3];
const CYCLE: u64 = 16;

const STREETS: [&str; 24] = [
    "Main",
    "Oak",
    "Maple",
    "Cedar",
    "Elm",
    "Washington",
    "Lake",
    "Hill",
    "Park",
    "Walnut",
    "Spring",
    "North",
    "Ridge",
    "Church",
    "Willow",
    "Mill",
    "River",
    "Sunset",
    "Railroad",
    "Jackson",
    "Cherry",
    "West",
    "Highland",
    "Jefferson",
];
const TYPES: [&str; 6] = ["St", "Ave", "Rd", "Dr", "Ln", "Ct"];
const DOMAINS: [&str; 6] =
    ["gmail.example", "yahoo.example", "outlook.example", "icloud.example", "mail.example", "aol.example"];
const STARTS: [&str; 24] = [
    "Bar", "Bel", "Cal", "Dar", "Fen", "Gar", "Hal", "Har", "Kel", "Lan", "Mar", "Mon", "Nor", "Pel", "Quin",
    "Ral", "Sel", "Stan", "Tal", "Tren", "Val", "Wes", "Win", "Zel",
];
const MIDDLES: [&str; 20] = [
    "a", "en", "er", "i", "in", "o", "ol", "on", "or", "ber", "den", "ding", "ker", "lo", "man", "mer", "ni",
    "ret", "so", "ti",
];
const ENDS: [&str; 24] = [
    "berg", "by", "cott", "dale", "den", "er", "ford", "ham", "ini", "ko", "ley", "low", "man", "mont",
    "ner", "os", "sen", "ski", "son", "stein", "ton", "vich", "well", "wood",
];

/// Names with how often each occurs among 100,000 people.
#[derive(Debug, Default)]
struct Names {
    names: Vec<&'static str>,
    /// The sum of the frequencies up to and with each.
    sums: Vec<u32>,
}

/// What is not on the list is rare.
const ALL: u32 = 100_000;

impl Names {
    fn of(kind: &str) -> Self {
        let mut found = Self::default();
        for line in include_str!("names.txt").lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first() != Some(&kind) {
                continue;
            }
            for pair in words[1..].chunks_exact(2) {
                let before = found.sums.last().copied().unwrap_or_default();
                found.names.push(pair[0]);
                found.sums.push(before + pair[1].parse().unwrap_or(1));
            }
        }
        found
    }

    /// A name of the list as often as it occurs, else none.
    fn draw(&self, dice: &mut Dice) -> Option<String> {
        let drawn = dice.number(0, ALL);
        let at = self.sums.partition_point(|sum| *sum <= drawn);
        self.names.get(at).map(|name| capital(name))
    }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

fn rare(dice: &mut Dice) -> String {
    [*dice.one_of(&STARTS), *dice.one_of(&MIDDLES), *dice.one_of(&ENDS)].concat()
}

static GIVEN: LazyLock<Names> = LazyLock::new(|| Names::of("given"));
static FAMILY: LazyLock<Names> = LazyLock::new(|| Names::of("family"));

/// What the members of a household have in common.
#[derive(Debug)]
struct Household {
    size: u64,
    family: String,
    address: Address,
    phone: String,
    /// When the parents' generation was born.
    year: i32,
    /// Month and day on which the youngest two were born.
    twins: Option<(u32, u32)>,
}

/// All people there are, in a fixed order without an end.
#[derive(Debug, Clone, Copy)]
pub(super) struct People {
    pub(super) seed: u64,
}

impl People {
    /// The household of a person, its number and the person's place in it.
    fn place(n: u64) -> (u64, u64, u64) {
        let (cycle, mut at) = (n / CYCLE, n % CYCLE);
        for (number, size) in (0..).zip(SIZES) {
            if at < size {
                return (cycle * 6 + number, at, size);
            }
            at -= size;
        }
        (cycle * 6, 0, 1)
    }

    fn household(self, number: u64, size: u64) -> Household {
        let mut dice = Dice::of(self.seed, HOUSEHOLD, number);
        let dice = &mut dice;
        let twins = (size > 3 && dice.percent(12)).then(|| (dice.number(1, 13), dice.number(1, 29)));
        let year = i32::try_from(dice.number(1920, 2000)).unwrap_or(1950);
        Household {
            size,
            family: FAMILY.draw(dice).unwrap_or_else(|| rare(dice)),
            address: address(dice),
            phone: phone(dice),
            year,
            twins,
        }
    }

    /// The `n`th person as a record.
    pub(super) fn record(self, n: u64) -> anyhow::Result<ImportedPatient> {
        Ok(ImportedPatient {
            fhir_id: FhirId::parse(format!("p{n:09}"))?,
            version: RecordVersion { version_id: Some("1".to_owned()), last_updated: None },
            active: true,
            deleted: false,
            deceased: false,
            deceased_at: None,
            contacts: Vec::new(),
            links: Vec::new(),
            demographics: self.demographics(n),
        })
    }

    pub(super) fn demographics(self, n: u64) -> Demographics {
        let (number, member, size) = Self::place(n);
        let home = self.household(number, size);
        let mut dice = Dice::of(self.seed, MEMBER, n);
        let dice = &mut dice;
        let woman = dice.percent(51);
        let given = GIVEN.draw(dice).unwrap_or_else(|| rare(dice));
        let middle = dice.percent(40).then(|| GIVEN.draw(dice).unwrap_or_else(|| rare(dice)));
        let own = HumanName {
            family: Some(home.family.clone()),
            given: std::iter::once(given.clone()).chain(middle).collect(),
            ..HumanName::default()
        };
        let mut names = vec![own];
        if woman && dice.percent(15) {
            let family = Some(FAMILY.draw(dice).unwrap_or_else(|| rare(dice)));
            names.push(HumanName { usage: Some("maiden".to_owned()), family, ..names[0].clone() });
        }
        let mut telecom = vec![contact(ContactSystem::Phone, home.phone.clone())];
        let grown = member < 2;
        if grown && dice.percent(80) {
            telecom.push(contact(ContactSystem::Phone, phone(dice)));
        }
        if grown && dice.percent(70) {
            let number = dice.number(1, 10_000);
            let email = format!("{given}.{}{number}@{}", home.family, dice.one_of(&DOMAINS));
            telecom.push(contact(ContactSystem::Email, email.to_lowercase()));
        }
        let mut addresses = vec![home.address.clone()];
        if dice.percent(15) {
            addresses.push(Address { usage: Some("old".to_owned()), ..address(dice) });
        }
        let mut identifiers = vec![identifier("https://hospital.example/mrn", format!("MRN{n:010}"), "MR")];
        if dice.percent(75) {
            let parts = (dice.number(100, 900), dice.number(10, 100), dice.number(1000, 10_000));
            let value = format!("{}-{}-{}", parts.0, parts.1, parts.2);
            identifiers.push(identifier("http://hl7.org/fhir/sid/us-ssn", value, "SS"));
        }
        Demographics {
            names,
            birth_date: Some(PartialDate::Day(birth(&home, member, dice))),
            gender: Some(if woman { Gender::Female } else { Gender::Male }),
            addresses,
            telecom,
            identifiers,
        }
    }
}

/// Parents are of an age, children a generation younger, twins of one day.
fn birth(home: &Household, member: u64, dice: &mut Dice) -> NaiveDate {
    let (month, day) = (dice.number(1, 13), dice.number(1, 29));
    let year = match member {
        0 | 1 => home.year + i32::try_from(dice.number(0, 7)).unwrap_or_default(),
        _ => (home.year + 24 + i32::try_from(dice.number(0, 14)).unwrap_or_default()).min(2025),
    };
    let twin = home.twins.filter(|_| member + 2 >= home.size);
    let (year, month, day) = match twin {
        Some((month, day)) => ((home.year + 30).min(2025), month, day),
        None => (year, month, day),
    };
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

pub(super) fn address(dice: &mut Dice) -> Address {
    // Some postal codes have many more inhabitants than others.
    let district = dice.number(0, 20).min(dice.number(0, 20));
    let code = 10_000 + district * 100 + dice.number(0, 20);
    let (number, name, kind) = (dice.number(1, 1_500), dice.one_of(&STREETS), dice.one_of(&TYPES));
    Address {
        line: vec![format!("{number} {name} {kind}")],
        city: Some(format!("Springfield {district}")),
        state: Some("MA".to_owned()),
        postal_code: Some(format!("{code:05}")),
        country: Some("US".to_owned()),
        ..Address::default()
    }
}

pub(super) fn phone(dice: &mut Dice) -> String {
    let area = dice.one_of(&[617, 508, 413, 781]);
    format!("{area}-{}-{:04}", dice.number(200, 1_000), dice.number(0, 10_000))
}

fn contact(system: ContactSystem, value: String) -> ContactPoint {
    ContactPoint { system, value, usage: None, rank: None }
}

fn identifier(system: &str, value: String, kind: &str) -> Identifier {
    Identifier { system: system.to_owned(), value, kind: Some(kind.to_owned()) }
}
