//! Whatever stands in the fields of a record, it is normalised, keyed and weighed, and weighs the same either way.

#![no_main]

use kinlink_domain::demographics::{
    Address, ContactPoint, ContactSystem, Demographics, HumanName, Identifier,
};
use kinlink_matching::{MOST_KEYS, Model, Person, lookup_keys, stored_keys};
use libfuzzer_sys::{arbitrary, arbitrary::Arbitrary, fuzz_target};

#[derive(Arbitrary, Debug)]
struct Fields {
    given: Vec<String>,
    family: Option<String>,
    text: Option<String>,
    suffix: Vec<String>,
    line: Vec<String>,
    city: Option<String>,
    postal_code: Option<String>,
    phone: String,
    email: String,
    identifier: (String, String),
}

fn demographics(fields: Fields) -> Demographics {
    let contact = |system, value| ContactPoint { system, value, usage: None, rank: None };
    Demographics {
        names: vec![HumanName {
            given: fields.given,
            family: fields.family,
            text: fields.text,
            suffix: fields.suffix,
            ..HumanName::default()
        }],
        addresses: vec![Address {
            line: fields.line,
            city: fields.city,
            postal_code: fields.postal_code,
            ..Address::default()
        }],
        telecom: vec![
            contact(ContactSystem::Phone, fields.phone),
            contact(ContactSystem::Email, fields.email),
        ],
        identifiers: vec![Identifier { system: fields.identifier.0, value: fields.identifier.1, kind: None }],
        ..Demographics::default()
    }
}

fuzz_target!(|fields: (Fields, Fields)| {
    let one = Person::of(&demographics(fields.0));
    let other = Person::of(&demographics(fields.1));
    assert!(stored_keys(&one).len() <= MOST_KEYS);
    assert!(lookup_keys(&one).len() <= MOST_KEYS + 1);
    let model = Model::shipped();
    let (there, back) = (model.weight(&one, &other), model.weight(&other, &one));
    assert!(there.is_finite());
    assert!((there - back).abs() < 1e-6, "{there} one way, {back} the other");
});
