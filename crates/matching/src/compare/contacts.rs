//! What any of several of each side may share: telephones, emails, identifiers. And sex, which has one value.

use super::text::{Likeness, likeness, one_slip};
use crate::{
    level::{Email, IdentifierLevel, Phone, SexLevel},
    person::{Identifier, Sex},
};

pub(crate) fn sexes(a: Option<Sex>, b: Option<Sex>) -> Option<SexLevel> {
    Some(if a? == b? { SexLevel::Exact } else { SexLevel::Different })
}

fn any<T>(a: &[T], b: &[T], mut agree: impl FnMut(&T, &T) -> bool) -> bool {
    a.iter().any(|one| b.iter().any(|other| agree(one, other)))
}

pub(crate) fn phones(a: &[String], b: &[String]) -> Option<Phone> {
    let close = |one: &String, other: &String| {
        let local =
            |number: &String| number.len().checked_sub(7).and_then(|at| number.get(at..)).map(str::to_owned);
        one_slip(one, other) || (local(one).is_some() && local(one) == local(other))
    };
    if a.is_empty() || b.is_empty() {
        None
    } else if any(a, b, |one, other| one == other) {
        Some(Phone::Exact)
    } else if any(a, b, close) {
        Some(Phone::Close)
    } else {
        Some(Phone::Different)
    }
}

pub(crate) fn emails(a: &[String], b: &[String]) -> Option<Email> {
    let close = |one: &String, other: &String| {
        let local = |email: &'_ String| email.split('@').next().unwrap_or_default().to_owned();
        let same_name = local(one).len() > 4 && local(one) == local(other);
        same_name || likeness(one, other, || false) >= Likeness::Close && one_slip_or_two(one, other)
    };
    if a.is_empty() || b.is_empty() {
        None
    } else if any(a, b, |one, other| one == other) {
        Some(Email::Exact)
    } else if any(a, b, close) {
        Some(Email::Close)
    } else {
        Some(Email::Different)
    }
}

fn one_slip_or_two(a: &str, b: &str) -> bool {
    a.len().abs_diff(b.len()) <= 2 && strsim::osa_distance(a, b) <= 2
}

/// Identifiers are compared within a naming system; without one in common nothing is known.
pub(crate) fn identifiers(a: &[Identifier], b: &[Identifier]) -> Option<IdentifierLevel> {
    let mut best = None;
    for one in a {
        for other in b.iter().filter(|other| other.system() == one.system()) {
            let level = if one.key == other.key {
                return Some(IdentifierLevel::Exact);
            } else if is_slip(one.value(), other.value()) {
                IdentifierLevel::Close
            } else {
                IdentifierLevel::Different
            };
            if best != Some(IdentifierLevel::Close) {
                best = Some(level);
            }
        }
    }
    best
}

fn is_slip(a: &[u8], b: &[u8]) -> bool {
    let (Ok(a), Ok(b)) = (std::str::from_utf8(a), std::str::from_utf8(b)) else { return false };
    a.len() >= 6 && one_slip(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::PersonBuilder;

    #[test]
    fn identifiers_of_other_systems_say_nothing() {
        let of = |system, value| PersonBuilder::default().identifier(system, value).build().identifiers;
        for (a, b, level) in [
            (("ssn", "219-09-9999"), ("ssn", "219099999"), Some(IdentifierLevel::Exact)),
            (("ssn", "219-09-9999"), ("ssn", "219-09-9989"), Some(IdentifierLevel::Close)),
            (("ssn", "219-09-9999"), ("ssn", "457-55-5462"), Some(IdentifierLevel::Different)),
            (("ssn", "219-09-9999"), ("mrn", "219-09-9999"), None),
            (("ssn", "219-09-9999"), ("ssn", "999-99-9999"), None),
        ] {
            assert_eq!(identifiers(&of(a.0, a.1), &of(b.0, b.1)), level, "{a:?} {b:?}");
        }
    }
}
