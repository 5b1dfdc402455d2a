/// What an identifier is compared by: its naming system as it is, and its value without the ways of writing
/// it, so that `999-94-5397`, `999945397` and ` 999 94 5397` are one. The length before the system keeps a
/// part of it from being taken for a part of the value.
pub fn identifier_key(system: &str, value: &str) -> Vec<u8> {
    let system = system.trim();
    let value = value.chars().filter(|c| !is_separator(*c)).flat_map(char::to_uppercase);
    let length = u32::try_from(system.len()).unwrap_or(u32::MAX);
    let mut key = length.to_be_bytes().to_vec();
    key.extend_from_slice(system.as_bytes());
    key.extend(value.collect::<String>().into_bytes());
    key
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | '/' | '_' | '\u{2010}'..='\u{2015}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_identifier_written_in_several_ways_has_one_key() {
        let key = identifier_key("http://hl7.org/fhir/sid/us-ssn", "999-94-5397");
        for value in ["999945397", " 999 94 5397", "999.94.5397", "999\u{2013}94\u{2013}5397"] {
            assert_eq!(identifier_key("http://hl7.org/fhir/sid/us-ssn", value), key, "{value}");
        }
        assert_eq!(identifier_key("s", "ab1"), identifier_key("s", "AB1"));
    }

    proptest! {
        #[test]
        fn system_and_value_are_never_confused(a in "[a-z]{0,5}", b in "[A-Z0-9]{0,5}", c in "[a-z]{0,5}", d in "[A-Z0-9]{0,5}") {
            prop_assume!((&a, &b) != (&c, &d));
            prop_assert_ne!(identifier_key(&a, &b), identifier_key(&c, &d));
        }
    }
}
