//! Training finds the parameters by which records were made.

use kinlink_evaluate::candidates;
use kinlink_matching::{BirthDate, Model, Person, PersonBuilder, Sex, TrainingOptions, TrainingSet, train};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const PEOPLE: usize = 4_000;
/// The shares of fields that are someone else's in the second file.
const WRONG_FAMILY: f64 = 0.15;
const WRONG_BIRTH: f64 = 0.10;
const WRONG_SEX: f64 = 0.05;
/// Of those in the first file, how many are in the second.
const IN_BOTH: f64 = 0.6;

#[derive(Clone, Copy)]
struct Traits {
    given: usize,
    family: usize,
    birth: (u16, u8, u8),
    female: bool,
    city: usize,
}

fn anybody(draw: &mut StdRng) -> Traits {
    Traits {
        given: draw.random_range(0..90),
        family: draw.random_range(0..800),
        birth: (draw.random_range(1930..2010), draw.random_range(1..=12), draw.random_range(2..=28)),
        female: draw.random_bool(0.5),
        city: draw.random_range(0..50),
    }
}

/// Words that neither look nor sound alike.
fn word(number: usize) -> String {
    const ONSETS: [&str; 10] = ["b", "d", "f", "k", "l", "m", "n", "r", "t", "v"];
    let part = |n: usize| format!("{}{}", ONSETS[n % 10], ["a", "o"][n / 10 % 2]);
    format!("{}{}{}", part(number), part(number / 10 + 3), part(number * 7 % 100 + 5))
}

fn person(of: Traits) -> Person {
    PersonBuilder::default()
        .name(&word(of.given + 1_000), &word(of.family))
        .birth_date(BirthDate::of_digits(of.birth.0, of.birth.1, of.birth.2))
        .sex(Some(if of.female { Sex::Female } else { Sex::Male }))
        .address("", &word(of.city + 2_000), "", "")
        .build()
}

fn corrupted(of: Traits, draw: &mut StdRng) -> Traits {
    let other = anybody(draw);
    let mut copy = of;
    if draw.random_bool(WRONG_FAMILY) {
        copy.family = other.family;
    }
    if draw.random_bool(WRONG_BIRTH) {
        copy.birth = other.birth;
    }
    copy.female ^= draw.random_bool(WRONG_SEX);
    copy
}

/// A share of 2,400 pairs is off by chance by 0.007 (one standard error of 0.15), four of which are 0.03; the
/// starting model, worth 20 pairs, adds less than 0.005.
const TOLERANCE: f64 = 0.035;

#[test]
fn training_recovers_the_parameters_of_simulated_records() {
    let mut draw = StdRng::seed_from_u64(11);
    let first: Vec<Traits> = (0..PEOPLE).map(|_| anybody(&mut draw)).collect();
    let second: Vec<Traits> = first
        .iter()
        .map(|of| if draw.random_bool(IN_BOTH) { corrupted(*of, &mut draw) } else { anybody(&mut draw) })
        .collect();
    let records: Vec<Person> = first.into_iter().chain(second).map(person).collect();
    let pairs = candidates(&records, Some(PEOPLE), 1_000).pairs;
    let set = TrainingSet { records: &records, first: Some(PEOPLE), candidates: &pairs };
    let trained = train(set, &Model::shipped(), &TrainingOptions::default(), |_| ());

    let share = trained.model.prior().matches;
    assert!((share - IN_BOTH).abs() < TOLERANCE, "{share} of {IN_BOTH} are in both");
    let table: toml::Table = trained.model.to_toml().parse().unwrap();
    // Given names always agree here, and sex has parameters of its own where they do.
    let number = |field: &str, level: &str, which: &str| {
        let part = if (field, which) == ("sex", "m") { "within" } else { "levels" };
        table["fields"][field][part][level][which].as_float().unwrap()
    };
    for (field, expected) in [
        ("family", 1.0 - WRONG_FAMILY),
        ("birth_date", 1.0 - WRONG_BIRTH),
        ("sex", 1.0 - WRONG_SEX),
        ("city", 1.0),
    ] {
        let m = number(field, "exact", "m");
        assert!((m - expected).abs() < TOLERANCE, "{field}: m of exact is {m}, not {expected}");
    }
    // 200,000 pairs drawn blindly: 1 in 50 is off by less than a twentieth of itself, 1 in 2 by less still.
    for (field, expected) in [("city", 1.0 / 50.0), ("sex", 0.5)] {
        let u = number(field, "exact", "u");
        assert!((u / expected - 1.0).abs() < 0.1, "{field}: u of exact is {u}, not {expected}");
    }
}
