//! Given and family names together, since they change places.

use super::text::{Likeness, likeness};
use crate::{
    level::{Family, Given},
    normalise::name::{Name, Word},
};

/// How the best pair of names agrees.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Names<'a> {
    pub(crate) given: Option<Given>,
    pub(crate) given_values: Option<(&'a str, &'a str)>,
    pub(crate) family: Option<Family>,
    pub(crate) family_values: Option<(&'a str, &'a str)>,
}

/// Compares every name of one with every name of the other and takes the best pair.
pub(crate) fn compare<'a>(a: &'a [Name], b: &'a [Name]) -> Option<Names<'a>> {
    let pairs = a.iter().flat_map(|one| b.iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| pair(one, other)).max_by_key(merit)
}

/// Which of several pairs agrees best: roughly the bits of either level.
fn merit(names: &Names<'_>) -> u8 {
    let given = match names.given {
        Some(Given::Exact) => 8,
        Some(Given::First | Given::Swapped) => 7,
        Some(Given::Nickname | Given::Close | Given::Part) => 5,
        Some(Given::Similar | Given::Initial) => 4,
        None => 3,
        Some(Given::Loose) => 2,
        Some(Given::Different) => 0,
    };
    let family = match names.family {
        Some(Family::Exact) => 10,
        Some(Family::Part | Family::Swapped) => 8,
        Some(Family::Close) => 7,
        Some(Family::Similar) => 5,
        None => 4,
        Some(Family::Loose) => 2,
        Some(Family::Different) => 0,
    };
    given + family
}

fn pair<'a>(a: &'a Name, b: &'a Name) -> Names<'a> {
    let mut found = Names::default();
    if !a.given.is_empty() && !b.given.is_empty() {
        let (level, values) = given(a, b);
        found.given = Some(level);
        found.given_values = Some(values);
    }
    if !a.family.is_empty() && !b.family.is_empty() {
        let (level, values) = family(a, b);
        found.family = Some(level);
        found.family_values = Some(values);
    }
    let doubtful = !matches!(found.given, Some(Given::Exact | Given::First))
        && !matches!(found.family, Some(Family::Exact | Family::Close));
    if doubtful && are_swapped(a, b) {
        if found.given.is_some() {
            found.given = Some(Given::Swapped);
            found.given_values = Some((&a.given[0].text, &b.given[0].text));
        }
        if found.family.is_some() {
            found.family = Some(Family::Swapped);
            found.family_values = Some((&a.family_joined, &b.family_joined));
        }
    }
    found
}

fn given<'a>(a: &'a Name, b: &'a Name) -> (Given, (&'a str, &'a str)) {
    let (first, other) = (&a.given[0], &b.given[0]);
    let values = (first.text.as_str(), other.text.as_str());
    // Father and son: everything else may agree.
    if matches!((a.generation, b.generation), (Some(one), Some(two)) if one != two) {
        return (Given::Different, values);
    }
    if a.given_joined == b.given_joined {
        return (Given::Exact, values);
    }
    if first.text == other.text && first.text.len() > 1 {
        let level = if middles_agree(&a.given[1..], &b.given[1..]) { Given::Exact } else { Given::First };
        return (level, values);
    }
    if first.text.len() == 1 || other.text.len() == 1 {
        let fits = first.text.as_bytes().first() == other.text.as_bytes().first();
        let level = match shared(&a.given, &b.given) {
            Some(word) => return (Given::Part, (word, word)),
            None if fits => Given::Initial,
            None => Given::Different,
        };
        return (level, values);
    }
    let like = likeness(&first.text, &other.text, || first.sound == other.sound);
    let alone = a.given.len() == 1 && b.given.len() == 1;
    let like = if alone { like } else { like.max(likeness(&a.given_joined, &b.given_joined, || false)) };
    if like < Likeness::Close {
        if have_a_family_in_common(first, other) {
            return (Given::Nickname, values);
        }
        if let Some(word) = shared(&a.given, &b.given) {
            return (Given::Part, (word, word));
        }
    }
    let level = match like {
        Likeness::Same => Given::Exact,
        Likeness::Close => Given::Close,
        Likeness::Similar => Given::Similar,
        Likeness::Loose => Given::Loose,
        Likeness::Different => Given::Different,
    };
    (level, values)
}

/// Middle names agree if one side has none, or if the first ones are the same, alike or an initial that fits.
fn middles_agree(a: &[Word], b: &[Word]) -> bool {
    let (Some(one), Some(other)) = (a.first(), b.first()) else { return true };
    let initial = one.text.len() == 1 || other.text.len() == 1;
    if initial {
        return one.text.as_bytes().first() == other.text.as_bytes().first();
    }
    likeness(&one.text, &other.text, || one.sound == other.sound) >= Likeness::Similar
        || have_a_family_in_common(one, other)
}

fn have_a_family_in_common(a: &Word, b: &Word) -> bool {
    !b.nicknames.is_empty() && a.nicknames.iter().any(|family| b.nicknames.contains(family))
}

/// A word of two letters or more that both have.
fn shared<'a>(a: &'a [Word], b: &[Word]) -> Option<&'a str> {
    let both = a.iter().filter(|one| one.text.len() > 1 && b.iter().any(|other| other.text == one.text));
    both.max_by_key(|word| word.text.len()).map(|word| word.text.as_str())
}

fn family<'a>(a: &'a Name, b: &'a Name) -> (Family, (&'a str, &'a str)) {
    let values = (a.family_joined.as_str(), b.family_joined.as_str());
    let sound = || {
        a.family.len() == b.family.len() && a.family.iter().zip(&b.family).all(|(a, b)| a.sound == b.sound)
    };
    let like = likeness(values.0, values.1, sound);
    if like == Likeness::Same {
        return (Family::Exact, values);
    }
    if a.family.len() > 1 || b.family.len() > 1 {
        if let Some(word) = shared(&a.family, &b.family) {
            return (Family::Part, (word, word));
        }
        let close = |one: &Word| {
            b.family.iter().any(|two| likeness(&one.text, &two.text, || false) >= Likeness::Close)
        };
        if like < Likeness::Similar && a.family.iter().any(close) {
            return (Family::Similar, values);
        }
    }
    let level = match like {
        Likeness::Same => Family::Exact,
        Likeness::Close => Family::Close,
        Likeness::Similar => Family::Similar,
        Likeness::Loose => Family::Loose,
        Likeness::Different => Family::Different,
    };
    (level, values)
}

/// Whether the words are the same and only their places differ: given for family, or parts of the name counted
/// to the given names by one and to the family name by the other (Vietnamese, Arabic and Spanish names).
fn are_swapped(a: &Name, b: &Name) -> bool {
    let alike = |one: &str, other: &str| {
        !one.is_empty() && !other.is_empty() && likeness(one, other, || false) >= Likeness::Close
    };
    let crosswise = alike(&a.given_joined, &b.family_joined) && alike(&a.family_joined, &b.given_joined);
    // Where one side has only one name, it may stand in the wrong column.
    let alone = (a.family.is_empty() || b.family.is_empty() || a.given.is_empty() || b.given.is_empty())
        && [(&a.given_joined, &b.family_joined), (&a.family_joined, &b.given_joined)]
            .iter()
            .any(|(one, other)| !one.is_empty() && one == other);
    crosswise || alone || is_rearranged(a, b)
}

/// Every word of the shorter name, of two at least, is in the longer one.
fn is_rearranged(a: &Name, b: &Name) -> bool {
    fn all(name: &Name) -> impl Iterator<Item = &Word> + Clone {
        name.given.iter().chain(&name.family)
    }
    let (a, b) = (all(a), all(b));
    let (shorter, longer) = if a.clone().count() <= b.clone().count() { (a, b) } else { (b, a) };
    shorter.clone().filter(|word| word.text.len() > 1).count() >= 2
        && shorter.clone().all(|word| longer.clone().any(|other| other.text == word.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(a: (&str, &str), b: (&str, &str)) -> (Option<Given>, Option<Family>) {
        let (a, b) = ([Name::new(a.0, a.1).unwrap()], [Name::new(b.0, b.1).unwrap()]);
        let found = compare(&a, &b).unwrap();
        (found.given, found.family)
    }

    #[test]
    fn names_agree_as_people_would_say() {
        use Family as F;
        use Given as G;
        for (a, b, given, family) in [
            (("John", "Smith"), ("john", "SMITH"), G::Exact, F::Exact),
            (("John Paul", "Smith"), ("John P", "Smith"), G::Exact, F::Exact),
            (("John Paul", "Smith"), ("John Peter", "Smith"), G::First, F::Exact),
            (("Bill", "Smith"), ("William", "Smyth"), G::Nickname, F::Close),
            (("J", "Smith"), ("John", "Smith"), G::Initial, F::Exact),
            (("Mary Jane", "Roe"), ("Jane", "Roe"), G::Part, F::Exact),
            (("Maryann", "Roe"), ("Mary Ann", "Roe"), G::Exact, F::Exact),
            (("Smith", "John"), ("John", "Smith"), G::Swapped, F::Swapped),
            (("Xiaoming", "Wang"), ("Wang", "Xiao Ming"), G::Swapped, F::Swapped),
            (("Thi Lan", "Nguyen"), ("Lan", "Nguyen Thi"), G::Swapped, F::Swapped),
            (("Ana", "García López"), ("Ana", "Garcia"), G::Exact, F::Part),
            (("Ana", "Garcia-Lopez"), ("Ana", "García López"), G::Exact, F::Exact),
            (("John", "Smith Jr"), ("John", "Smith Sr"), G::Different, F::Exact),
            (("Anna", "Roe"), ("Peter", "Miller"), G::Different, F::Different),
        ] {
            assert_eq!(levels(a, b), (Some(given), Some(family)), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_missing() {
        assert_eq!(levels(("", "Smith"), ("John", "Smith")), (None, Some(Family::Exact)));
        assert_eq!(levels(("Smith", ""), ("John", "Smith")), (Some(Given::Swapped), None));
    }
}
