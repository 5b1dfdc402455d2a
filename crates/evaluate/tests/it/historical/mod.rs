//! A made-up file of people of the past, drawn from a seed: several records a person, few fields, and what is
//! known of each field bad in the ways that genealogies and registers are bad.
//!
//! Where a record took the first and the last word of a title for a name, `given` is "sir" and `family`
//! "baronet" or the seat of an earldom. Families share surname, place and postal code, and sons their father's
//! name. None of it is tuned to anything: the shares of slips are round numbers.

use std::fmt::Write;

mod words;

use words::{FEMALE, MALE, OCCUPATIONS, SPELLINGS, STEMS, TAILS};

/// The columns of [`csv`].
pub(crate) const MAP: &str = "id = 'id'\ncluster = 'person'\ngiven = 'given'\nfamily = 'family'\nbirth_date = 'born'\n\
                       sex = 'sex'\ncity = 'birth_place'\npostal_code = 'postcode'\n";

/// About so many records as CSV; six pairs a record are of one person.
pub(crate) fn csv(records: usize, seed: u64) -> String {
    let mut draw = Draw(seed);
    let mut text =
        String::from("id,person,full_name,given,family,born,birth_place,postcode,sex,occupation\n");
    let (mut written, mut person) = (0, 0);
    while written < records {
        for member in family(&mut draw) {
            person += 1;
            for copy in 0..=draw.below(20) {
                let row = member.record(&mut draw);
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{person}-{copy},{person},{row}");
                written += 1;
            }
        }
    }
    text
}

struct Member {
    female: bool,
    given: String,
    middle: Option<String>,
    family: String,
    title: Title,
    seat: String,
    born: [u32; 3],
    place: String,
    district: String,
    inward: u32,
    occupation: &'static str,
}

#[derive(Clone, Copy)]
enum Title {
    None,
    Knight,
    Baronet(u32),
    Peer(u32, &'static str),
}

/// One to six people of one surname and place, generations 28 years apart.
fn family(draw: &mut Draw) -> Vec<Member> {
    let surname = format!("{}{}", draw.common(&STEMS), draw.common(&TAILS));
    let place = format!("{}{}", draw.common(&STEMS), ["ton", "ham", "bury", "ford"][draw.below(4)]);
    let seat = format!("{}{}", draw.any(&STEMS), draw.any(&TAILS));
    let letters = ["ab", "bs", "ct", "dn", "ex", "gl", "hr", "le", "ng", "ox", "sw", "yo"];
    let district = format!("{}{}", draw.any(&letters), 1 + draw.below(30));
    let first = 1600 + number(draw.below(280));
    let noble = draw.chance(0.4);
    let mut father: Option<String> = None;
    (0..=number(draw.below(6)))
        .map(|generation| {
            let female = draw.chance(0.25);
            let given = match &father {
                Some(name) if !female && draw.chance(0.3) => name.clone(),
                _ => (*draw.common(if female { &FEMALE } else { &MALE })).to_owned(),
            };
            if !female {
                father = Some(given.clone());
            }
            let title = match draw.below(3) {
                _ if !noble || female => Title::None,
                0 => Title::Knight,
                1 => Title::Baronet(generation + 1),
                _ => Title::Peer(generation + 1, ["earl", "baron", "viscount"][draw.below(3)]),
            };
            Member {
                female,
                given,
                middle: draw
                    .chance(0.3)
                    .then(|| (*draw.common(if female { &FEMALE } else { &MALE })).to_owned()),
                family: surname.clone(),
                title,
                seat: seat.clone(),
                born: [
                    first + generation * 28 + number(draw.below(9)),
                    1 + number(draw.below(12)),
                    1 + number(draw.below(28)),
                ],
                place: place.clone(),
                district: district.clone(),
                inward: number(draw.below(200)),
                occupation: draw.common::<&str>(&OCCUPATIONS),
            }
        })
        .collect()
}

impl Member {
    fn record(&self, draw: &mut Draw) -> String {
        let full = self.full_name(draw);
        let mut words = full.split([' ', ',']).filter(|word| !word.is_empty());
        let given = words.next().unwrap_or_default();
        let family = words.next_back().unwrap_or_default();
        let (born, place, code) = (self.born(draw), self.place(draw), self.code(draw));
        let sex = match (draw.chance(0.12), draw.chance(0.01) != self.female) {
            (true, _) => "",
            (_, true) => "female",
            _ => "male",
        };
        let occupation = if draw.chance(0.3) { "" } else { self.occupation };
        format!("\"{full}\",{given},{family},{born},{place},{code},{sex},{occupation}")
    }

    fn full_name(&self, draw: &mut Draw) -> String {
        let families = SPELLINGS.iter().find(|names| names.contains(&self.given.as_str()));
        let mut given = match families {
            Some(names) if draw.chance(0.12) => (*draw.any::<&str>(names)).to_owned(),
            _ => self.given.clone(),
        };
        if draw.chance(0.08) {
            given = draw.slip(&given);
        }
        if let Some(middle) = self.middle.as_ref().filter(|_| draw.chance(0.4)) {
            given = if draw.chance(0.2) { middle.clone() } else { format!("{given} {middle}") };
        }
        let family = if draw.chance(0.15) { draw.slip(&self.family) } else { self.family.clone() };
        if draw.chance(0.03) {
            return given;
        }
        let ordinal = |n: u32| format!("{n}{}", ["th", "st", "nd", "rd"].get(n as usize).unwrap_or(&"th"));
        let seat = &self.seat;
        match (self.title, draw.below(4)) {
            (Title::None, _) | (_, 0) => format!("{given} {family}"),
            (Title::Knight, _) => format!("sir {given} {family}"),
            (Title::Baronet(n), 1) => format!("{given} {family}, {} baronet", ordinal(n)),
            (Title::Baronet(n), _) => format!("sir {given} {family}, {} baronet", ordinal(n)),
            (Title::Peer(n, rank), 1) => format!("{given}, {} {rank} of {seat}", ordinal(n)),
            (Title::Peer(_, _), 2) => format!("lord {given} {family}"),
            (Title::Peer(n, rank), _) => format!("{given} {family}, {} {rank} of {seat}", ordinal(n)),
        }
    }

    fn born(&self, draw: &mut Draw) -> String {
        let [mut year, mut month, mut day] = self.born;
        match draw.below(100) {
            0..12 => return String::new(),
            12..36 => (month, day) = (1, 1),
            36..42 => day = 1 + number(draw.below(28)),
            42..48 => year = year - 2 + number(draw.below(5)),
            48..51 => (month, day) = (day.min(12), month),
            51..54 => year = year / 100 * 100 + number(draw.below(100)),
            _ => {}
        }
        format!("{year}-{month:02}-{day:02}")
    }

    fn place(&self, draw: &mut Draw) -> String {
        match draw.below(100) {
            0..20 => String::new(),
            20..28 => draw.slip(&self.place),
            28..36 => format!("{}ton", draw.common(&STEMS)),
            _ => self.place.clone(),
        }
    }

    fn code(&self, draw: &mut Draw) -> String {
        let inward = |n: u32| format!("{}{}{}", n % 9 + 1, letter(n * 7), letter(n * 3));
        match draw.below(100) {
            0..18 => String::new(),
            18..40 => format!("{} {}", self.district, inward(number(draw.below(200)))),
            40..46 => format!("zz{} {}", 1 + draw.below(30), inward(number(draw.below(200)))),
            _ => format!("{} {}", self.district, inward(self.inward)),
        }
    }
}

fn letter(n: u32) -> char {
    char::from(b'a' + u8::try_from(n % 26).unwrap_or(0))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Steele, Lea and Flood 2014: the same file everywhere and for ever.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from((u128::from(self.next()) * (bound as u128)) >> 64).unwrap_or(0)
    }

    fn chance(&mut self, share: f64) -> bool {
        f64::from(number(self.below(1_000_000))) < share * 1e6
    }

    fn any<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// The first ones far more often than the last.
    fn common<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let bound = 1 + self.below(of.len());
        &of[self.below(bound)]
    }

    /// Another letter, one too many, one too few, or two that have changed places.
    fn slip(&mut self, word: &str) -> String {
        let mut letters: Vec<char> = word.chars().collect();
        let at = self.below(letters.len().max(2) - 1);
        match self.below(4) {
            0 => letters[at] = letter(number(self.below(26))),
            1 => letters.insert(at, letter(number(self.below(26)))),
            2 if letters.len() > 3 => _ = letters.remove(at),
            _ => letters.swap(at, (at + 1).min(word.len() - 1)),
        }
        letters.into_iter().collect()
    }
}
