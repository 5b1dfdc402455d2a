//! Addresses: the four parts of the pair of addresses that agrees best.

use super::text::{Likeness, likeness, one_slip};
use crate::{
    level::{City, PostalCode, Region, Street},
    normalise::address::Place,
};

/// How the best pair of addresses agrees.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) street: Option<Street>,
    pub(crate) city: Option<City>,
    pub(crate) postal_code: Option<PostalCode>,
    pub(crate) region: Option<Region>,
    pub(crate) pair: (&'a Place, &'a Place),
}

/// Compares every address of one with every address of the other and takes the best pair.
pub(crate) fn compare<'a>(a: &'a [Place], b: &'a [Place]) -> Option<Places<'a>> {
    let pairs = a.iter().flat_map(|one| b.iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| pair(one, other)).max_by_key(merit)
}

fn merit(places: &Places<'_>) -> u8 {
    let street = match places.street {
        Some(Street::Exact) => 12,
        Some(Street::Close) => 10,
        Some(Street::Name) => 6,
        None => 3,
        Some(Street::Number) => 2,
        Some(Street::Different) => 0,
    };
    let postal_code = match places.postal_code {
        Some(PostalCode::Exact) => 8,
        Some(PostalCode::Close) => 5,
        Some(PostalCode::District) => 3,
        None => 2,
        Some(PostalCode::Different) => 0,
    };
    let city = match places.city {
        Some(City::Exact) => 5,
        Some(City::Close) => 4,
        Some(City::Similar) => 3,
        None => 2,
        Some(City::Different) => 0,
    };
    let region = u8::from(places.region == Some(Region::Exact));
    street + postal_code + city + region
}

fn pair<'a>(a: &'a Place, b: &'a Place) -> Places<'a> {
    let both = |one: &str, other: &str| !one.is_empty() && !other.is_empty();
    Places {
        street: (a.has_street() && b.has_street()).then(|| street(a, b)).flatten(),
        city: both(&a.city, &b.city).then(|| city(&a.city, &b.city)),
        postal_code: both(&a.postal_code, &b.postal_code)
            .then(|| postal_code(&a.postal_code, &b.postal_code)),
        region: both(&a.region, &b.region)
            .then(|| if a.region == b.region { Region::Exact } else { Region::Different }),
        pair: (a, b),
    }
}

fn street(a: &Place, b: &Place) -> Option<Street> {
    let number_known = !a.number.is_empty() && !b.number.is_empty();
    let same_number = number_known && a.number == b.number;
    if a.street.is_empty() || b.street.is_empty() {
        // Only the number is known of one side: too little to differ by.
        return same_number.then_some(Street::Number);
    }
    let name = likeness(&a.street, &b.street, || false);
    let near = |level| number_known && (same_number || one_slip(&a.number, &b.number)) && name >= level;
    Some(match name {
        Likeness::Same if a.number == b.number => Street::Exact,
        Likeness::Same if !number_known => Street::Close,
        _ if near(Likeness::Similar) || (same_number && contains(&a.street, &b.street)) => Street::Close,
        Likeness::Same | Likeness::Close => Street::Name,
        _ if same_number => Street::Number,
        _ => Street::Different,
    })
}

/// Whether every word of one is a word of the other: `main` and `north main`.
fn contains(a: &str, b: &str) -> bool {
    let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
    shorter.split(' ').all(|word| longer.split(' ').any(|other| other == word))
}

fn city(a: &str, b: &str) -> City {
    match likeness(a, b, || false) {
        Likeness::Same => City::Exact,
        Likeness::Close => City::Close,
        Likeness::Similar => City::Similar,
        _ if contains(a, b) => City::Similar,
        Likeness::Loose | Likeness::Different => City::Different,
    }
}

fn postal_code(a: &str, b: &str) -> PostalCode {
    if a == b {
        PostalCode::Exact
    } else if one_slip(a, b) {
        PostalCode::Close
    } else if a.len() > 4 && district(a) == district(b) {
        PostalCode::District
    } else {
        PostalCode::Different
    }
}

/// The part of a code that names a district: what comes before the last three characters of a code with
/// letters (the outward code of the United Kingdom, the forward sortation area of Canada), or three digits.
pub(crate) fn district(code: &str) -> &str {
    let letters = code.bytes().any(|b| b.is_ascii_alphabetic());
    let length = if letters { code.len().saturating_sub(3) } else { code.len().min(3) };
    code.get(..length).unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streets_agree_as_a_postman_would_say() {
        for (a, b, level) in [
            ("12 Main Street", "12 Main St", Some(Street::Exact)),
            ("12 Main Street", "Main Street", Some(Street::Close)),
            ("12 Main Street", "12 North Main St", Some(Street::Close)),
            ("8 light street", "8 light setreet", Some(Street::Close)),
            ("12 Main Street", "480 Main Street", Some(Street::Name)),
            ("12 Main Street", "12 Oak Avenue", Some(Street::Number)),
            ("12 Main Street", "99 Oak Avenue", Some(Street::Different)),
            ("12", "99 Oak Avenue", None),
        ] {
            let (one, other) = (Place::new(a, "", "", "").unwrap(), Place::new(b, "", "", "").unwrap());
            assert_eq!(street(&one, &other), level, "{a} / {b}");
            assert_eq!(street(&other, &one), level, "{b} / {a}");
        }
    }

    #[test]
    fn postal_codes_agree_by_slip_and_by_district() {
        for (a, b, level) in [
            ("02139", "02139", PostalCode::Exact),
            ("02139", "02193", PostalCode::Close),
            ("02139", "02171", PostalCode::District),
            ("02139", "94110", PostalCode::Different),
            ("tq138df", "tq138hu", PostalCode::District),
            ("tq138df", "ex11aa", PostalCode::Different),
        ] {
            assert_eq!(postal_code(a, b), level, "{a} {b}");
        }
    }
}
