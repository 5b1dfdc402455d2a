//! Where a letter goes: name and address on record, as lines in the window of an envelope.

use serde::{Deserialize, Serialize};

use crate::{
    demographics::{Address, Demographics, HumanName},
    policy::Paper,
};

/// Name and address of a letter's recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// The recipient's name.
    pub name: String,
    /// Street, city and so on, line by line.
    pub lines: Vec<String>,
}

/// Uses of a name or an address that no letter goes by.
const UNFIT: [&str; 5] = ["old", "maiden", "anonymous", "nickname", "billing"];

impl PostalAddress {
    /// Where a letter reaches this person, if the record has a name and an address to which post can go. An
    /// address without a country is written as the country of `paper` does.
    pub fn on_record(demographics: &Demographics, paper: Paper) -> Option<Self> {
        let fit = |usage: &Option<String>| !usage.as_deref().is_some_and(|usage| UNFIT.contains(&usage));
        let name = demographics.names.iter().filter(|name| fit(&name.usage)).find_map(full_name)?;
        let mut addresses = demographics.addresses.iter().filter(|address| fit(&address.usage));
        let lines = addresses.find_map(|address| address_lines(address, paper))?;
        Some(Self { name, lines })
    }
}

fn full_name(name: &HumanName) -> Option<String> {
    let parts = [&name.given, &name.family.clone().into_iter().collect::<Vec<_>>(), &name.suffix];
    let joined = parts.into_iter().flatten().map(|part| part.trim()).collect::<Vec<_>>().join(" ");
    let joined = if joined.trim().is_empty() { name.text.clone().unwrap_or_default() } else { joined };
    present(Some(&joined)).map(ToOwned::to_owned)
}

fn present(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The address line by line; none without a street and a city, since post cannot go there.
fn address_lines(address: &Address, paper: Paper) -> Option<Vec<String>> {
    let mut lines: Vec<String> =
        address.line.iter().filter_map(|line| present(Some(line))).map(ToOwned::to_owned).collect();
    let city = present(address.city.as_ref())?;
    if lines.is_empty() {
        return None;
    }
    let (state, code) = (present(address.state.as_ref()), present(address.postal_code.as_ref()));
    let country = present(address.country.as_ref()).map(str::to_uppercase);
    let joined = |parts: &[Option<&str>]| parts.iter().flatten().copied().collect::<Vec<_>>().join(" ");
    match country.as_deref() {
        Some("US" | "USA" | "UNITED STATES" | "CA" | "CANADA" | "AU" | "AUSTRALIA") => {
            lines.push(format!("{city}, {}", joined(&[state, code])));
        }
        None if paper == Paper::UsLetter => lines.push(format!("{city}, {}", joined(&[state, code]))),
        Some("GB" | "UK" | "UNITED KINGDOM") => {
            lines.push(city.to_owned());
            lines.extend(code.map(ToOwned::to_owned));
        }
        Some(_) | None => lines.push(joined(&[code, Some(city)])),
    }
    // The post at home wants no country, and the window has few lines.
    let at_home = paper == Paper::UsLetter && matches!(country.as_deref(), Some("US" | "USA"));
    lines.extend(country.filter(|_| !at_home));
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(city: &str, country: Option<&str>) -> Demographics {
        let name = |usage: &str, given: &str, family: &str| HumanName {
            usage: Some(usage.to_owned()),
            given: vec![given.to_owned()],
            family: Some(family.to_owned()),
            ..HumanName::default()
        };
        let address = |usage: &str, line: &str| Address {
            usage: Some(usage.to_owned()),
            line: vec![line.to_owned()],
            city: Some(city.to_owned()),
            state: Some("MA".to_owned()),
            postal_code: Some("02139".to_owned()),
            country: country.map(ToOwned::to_owned),
            ..Address::default()
        };
        Demographics {
            names: vec![name("maiden", "Ann", "Before"), name("official", "Ann", "Lee")],
            addresses: vec![address("old", "9 Gone Road"), address("home", "1 Main Street")],
            ..Demographics::default()
        }
    }

    #[test]
    fn an_address_is_written_as_its_country_does() {
        for (country, paper, last) in [
            (Some("US"), Paper::A4, vec!["Cambridge, MA 02139", "US"]),
            (Some("US"), Paper::UsLetter, vec!["Cambridge, MA 02139"]),
            (None, Paper::UsLetter, vec!["Cambridge, MA 02139"]),
            (None, Paper::A4, vec!["02139 Cambridge"]),
            (Some("de"), Paper::A4, vec!["02139 Cambridge", "DE"]),
            (Some("GB"), Paper::A4, vec!["Cambridge", "02139", "GB"]),
        ] {
            let to = PostalAddress::on_record(&person("Cambridge", country), paper).unwrap();
            assert_eq!(to.name, "Ann Lee", "a name that she gave up is not used");
            assert_eq!(to.lines, [vec!["1 Main Street"], last].concat(), "{country:?}");
        }
    }

    #[test]
    fn without_a_name_a_street_or_a_city_there_is_nowhere_to_write_to() {
        let whole = person("Cambridge", None);
        let nameless = Demographics { names: Vec::new(), ..whole.clone() };
        let moved = Demographics { addresses: whole.addresses[..1].to_vec(), ..whole.clone() };
        let mut streetless = whole.clone();
        streetless.addresses[1].line = vec![" ".to_owned()];
        assert!(PostalAddress::on_record(&whole, Paper::A4).is_some());
        for nowhere in [nameless, moved, streetless, person(" ", None)] {
            assert!(PostalAddress::on_record(&nowhere, Paper::A4).is_none());
        }
    }
}
