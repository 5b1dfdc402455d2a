//! Is what a person gives enough to be found by, and nobody else?
//!
//! HL7 Interoperable Digital Identity and Patient Matching, STU 2, "Patient Weighted Input Information", with
//! invariant `idi-L1`: a consumer's match takes input of weight 10. Weighed before anything is looked up.

use crate::demographics::{Address, ContactSystem, Demographics, Identifier};

/// Identifiers that weigh most (HL7 v2-0203): passport, driving licence, other state identifier.
const STRONG: [&str; 3] = ["PPN", "DL", "STID"];
/// How HL7 names national passport numbers' systems.
const PASSPORT: &str = "http://hl7.org/fhir/sid/passport-";
/// A whole social security number weighs nothing, by design of the guide.
const SSN: [&str; 2] = ["http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"];

/// What a person gave, weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one kind of input whether it is there")]
pub struct InputWeight {
    strong_identifiers: usize,
    address: bool,
    email: bool,
    phone: bool,
    identifier: bool,
    name: bool,
    birth_date: bool,
}

/// What would help, and is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanting {
    /// A first and a last name; indispensable.
    Name,
    /// The birth date, to the day; indispensable.
    BirthDate,
    /// A street with a postal code, or with city and state.
    Address,
    /// A telephone number.
    Phone,
    /// An email address.
    Email,
    /// A number from a document or a card, with what it is.
    Identifier,
}

impl Wanting {
    /// Where it belongs in the claim, as a JSON pointer.
    pub const fn pointer(self) -> &'static str {
        match self {
            Self::Name => "/name",
            Self::BirthDate => "/birth_date",
            Self::Address => "/address",
            Self::Phone => "/phone",
            Self::Email => "/email",
            Self::Identifier => "/identifiers",
        }
    }

    /// What to say to a person.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Name => "your first and last name are needed",
            Self::BirthDate => "your date of birth is needed: year, month and day",
            Self::Address => "your street with the postal code, or with city and state, would help",
            Self::Phone => "a telephone number that the hospital may know would help",
            Self::Email => "an email address that the hospital may know would help",
            Self::Identifier => {
                "a number would help: of your passport or driving licence, your medical record number, or your \
                 insurance card"
            }
        }
    }
}

impl InputWeight {
    /// Weighs.
    pub fn of(given: &Demographics) -> Self {
        let telecom = |systems: &[ContactSystem]| {
            given.telecom.iter().any(|point| systems.contains(&point.system) && filled(Some(&point.value)))
        };
        let named =
            |identifier: &&Identifier| filled(Some(&identifier.system)) && filled(Some(&identifier.value));
        Self {
            strong_identifiers: given.identifiers.iter().filter(named).filter(|i| is_strong(i)).count(),
            address: given.addresses.iter().any(is_complete),
            email: telecom(&[ContactSystem::Email]),
            phone: telecom(&[ContactSystem::Phone, ContactSystem::Sms]),
            identifier: given.identifiers.iter().filter(named).any(|i| !is_strong(i) && !is_ssn(i)),
            name: given.names.iter().any(|name| {
                filled(name.family.as_ref()) && name.given.iter().any(|given| filled(Some(given)))
            }),
            birth_date: given.birth_date.and_then(crate::partial_date::PartialDate::day).is_some(),
        }
    }

    /// The weight: 5 for each strong identifier, 10 at most; 4 for one of address, email, phone and other
    /// identifiers, 5 for several; 3 for first and last name; 2 for the birth date.
    pub fn total(self) -> u8 {
        let strong = match self.strong_identifiers {
            0 => 0,
            1 => 5,
            _ => 10,
        };
        let contacts =
            [self.address, self.email, self.phone, self.identifier].iter().filter(|has| **has).count();
        let contact = match contacts {
            0 => 0,
            1 => 4,
            _ => 5,
        };
        strong + contact + if self.name { 3 } else { 0 } + if self.birth_date { 2 } else { 0 }
    }

    /// What is missing for a weight of `least`, or nothing if it suffices. Name and birth date are needed in any
    /// case.
    pub fn wanting(self, least: u8) -> Vec<Wanting> {
        if self.name && self.birth_date && self.total() >= least {
            return Vec::new();
        }
        let helps = self.total() < least;
        [
            (!self.name, Wanting::Name),
            (!self.birth_date, Wanting::BirthDate),
            (helps && !self.address, Wanting::Address),
            (helps && !self.phone, Wanting::Phone),
            (helps && !self.email, Wanting::Email),
            (helps && !self.identifier && self.strong_identifiers < 2, Wanting::Identifier),
        ]
        .into_iter()
        .filter_map(|(missing, wanting)| missing.then_some(wanting))
        .collect()
    }
}

fn filled(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

fn is_complete(address: &Address) -> bool {
    address.line.iter().any(|line| filled(Some(line)))
        && (filled(address.postal_code.as_ref())
            || (filled(address.city.as_ref()) && filled(address.state.as_ref())))
}

fn is_strong(identifier: &Identifier) -> bool {
    identifier.kind.as_deref().is_some_and(|kind| STRONG.contains(&kind))
        || identifier.system.starts_with(PASSPORT)
}

fn is_ssn(identifier: &Identifier) -> bool {
    identifier.kind.as_deref() == Some("SS") || SSN.contains(&identifier.system.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = r#"{"names": [{"family": "A", "given": ["B"]}]}"#;

    fn given(parts: &[serde_json::Value]) -> InputWeight {
        let mut whole = serde_json::Map::new();
        for part in parts {
            for (member, value) in part.as_object().unwrap() {
                match (whole.get_mut(member), value) {
                    (Some(serde_json::Value::Array(known)), serde_json::Value::Array(more)) => {
                        known.extend(more.iter().cloned());
                    }
                    _ => {
                        whole.insert(member.clone(), value.clone());
                    }
                }
            }
        }
        InputWeight::of(&serde_json::from_value(whole.into()).unwrap())
    }

    #[test]
    fn the_table_of_the_guide_holds() {
        let name = || serde_json::from_str::<serde_json::Value>(NAME).unwrap();
        let born = || json!({"birth_date": "1984-02-29"});
        let year = json!({"birth_date": "1984"});
        let point = |system: &str, value: &str| json!({"telecom": [{"system": system, "value": value}]});
        let id = |system: &str, kind: &str| json!({"identifiers": [{"system": system, "value": "7", "type": kind}]});
        let home = json!({"addresses": [{"line": ["1 Elm St"], "postalCode": "02139"}]});
        let town = json!({"addresses": [{"city": "Boston", "state": "MA"}]});
        let street = json!({"addresses": [{"line": ["1 Elm St"], "city": "Boston", "state": "MA"}]});
        for (parts, weight, enough) in [
            (vec![], 0, false),
            (vec![name(), born()], 5, false),
            (vec![name(), born(), point("email", "a@b.example")], 9, false),
            (vec![name(), born(), home.clone()], 9, false),
            (vec![name(), born(), home.clone(), point("email", "a@b.example")], 10, true),
            (vec![name(), born(), street, point("phone", "1")], 10, true),
            (vec![name(), born(), town.clone(), point("phone", "1")], 9, false),
            (vec![name(), born(), point("sms", "1"), point("phone", "2")], 9, false),
            (vec![name(), born(), id("urn:mrn", "MR"), point("email", "a@b.example")], 10, true),
            (vec![name(), born(), id("urn:p", "PPN")], 10, true),
            (vec![name(), born(), id("http://hl7.org/fhir/sid/passport-DEU", "")], 10, true),
            (vec![name(), born(), id("urn:d", "DL"), id("urn:p", "PPN"), id("urn:s", "STID")], 15, true),
            (
                vec![name(), born(), id("http://hl7.org/fhir/sid/us-ssn", "SS"), point("email", "a@b")],
                9,
                false,
            ),
            // Enough by weight, but not by what is indispensable.
            (vec![born(), id("urn:d", "DL"), id("urn:p", "PPN")], 12, false),
            (vec![name(), year, id("urn:d", "DL"), id("urn:p", "PPN")], 13, false),
            (vec![name(), born(), point("email", "  "), home], 9, false),
        ] {
            let input = given(&parts);
            assert_eq!(input.total(), weight, "{parts:?}");
            assert_eq!(input.wanting(10).is_empty(), enough, "{parts:?}");
        }
    }

    #[test]
    fn the_advice_names_what_is_missing_and_nothing_that_is_there() {
        let born = json!({"birth_date": "1984-02-29", "telecom": [{"system": "email", "value": "a@b"}]});
        let wanting = given(&[born]).wanting(10);
        assert_eq!(wanting, [Wanting::Name, Wanting::Address, Wanting::Phone, Wanting::Identifier]);
    }
}
