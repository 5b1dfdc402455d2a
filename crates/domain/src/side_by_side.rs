//! A person as claimed and a record, side by side: what a reviewer looks at.

use crate::{
    comparison::{Comparison, Field},
    demographics::{Address, ContactSystem, Demographics, Gender, HumanName},
};

/// One field, with the waterfall up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The field.
    pub field: Field,
    /// What the claim says.
    pub claimed: Vec<String>,
    /// What the record says.
    pub recorded: Vec<String>,
    /// How they agree; absent where the comparison left the field out.
    pub level: Option<String>,
    /// What the field adds, in bits.
    pub weight: f64,
    /// The prior and all weights up to and with this one.
    pub sum: f64,
}

/// The prior of a comparison: what its weight holds beside those of the fields.
pub fn prior(comparison: &Comparison) -> f64 {
    comparison.weight - comparison.agreements.iter().map(|agreement| agreement.weight).sum::<f64>()
}

/// All fields that either side has, in the order of [`Field::ALL`].
pub fn rows(claimed: &Demographics, recorded: &Demographics, comparison: &Comparison) -> Vec<Row> {
    let mut sum = prior(comparison);
    let mut rows = Vec::new();
    for field in Field::ALL {
        let (claimed, recorded) = (values(claimed, field), values(recorded, field));
        let agreement = comparison.agreements.iter().find(|agreement| agreement.field == field);
        if claimed.is_empty() && recorded.is_empty() && agreement.is_none() {
            continue;
        }
        let weight = agreement.map_or(0.0, |agreement| agreement.weight);
        sum += weight;
        rows.push(Row { field, claimed, recorded, level: agreement.map(|a| a.level.clone()), weight, sum });
    }
    rows
}

/// What demographics say in one field, each value once.
pub fn values(demographics: &Demographics, field: Field) -> Vec<String> {
    let names = |part: fn(&HumanName) -> Option<String>| demographics.names.iter().filter_map(part).collect();
    let addresses =
        |part: fn(&Address) -> Option<String>| demographics.addresses.iter().filter_map(part).collect();
    let telecom = |wanted: &[ContactSystem]| {
        let points = demographics.telecom.iter().filter(|point| wanted.contains(&point.system));
        points.map(|point| point.value.clone()).collect()
    };
    let mut values: Vec<String> = match field {
        Field::Given => names(|name| joined(&name.given)),
        // A name that is not taken apart is better shown in one place than in none.
        Field::Family => names(|name| name.family.clone().or_else(|| name.text.clone())),
        Field::BirthDate => demographics.birth_date.iter().map(ToString::to_string).collect(),
        Field::Sex => demographics.gender.iter().map(|gender| sex(*gender).to_owned()).collect(),
        Field::Street => addresses(|address| joined(&address.line)),
        Field::City => addresses(|address| address.city.clone()),
        Field::PostalCode => addresses(|address| address.postal_code.clone()),
        Field::Region => addresses(|address| address.state.clone()),
        Field::Phone => telecom(&[ContactSystem::Phone, ContactSystem::Sms]),
        Field::Email => telecom(&[ContactSystem::Email]),
        Field::Identifier => {
            let known = demographics.identifiers.iter();
            known.map(|identifier| format!("{}|{}", identifier.system, identifier.value)).collect()
        }
    };
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| !value.is_empty() && seen.insert(value.clone()));
    values
}

fn joined(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(" "))
}

const fn sex(gender: Gender) -> &'static str {
    match gender {
        Gender::Male => "male",
        Gender::Female => "female",
        Gender::Other => "other",
        Gender::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Agreement;

    #[test]
    fn the_waterfall_begins_at_the_prior_and_ends_at_the_whole_weight() {
        let person = |text: &str| serde_json::from_str::<Demographics>(text).unwrap();
        let claimed = person(
            r#"{"names": [{"family": "Doe", "given": ["Jane", "Q"]}, {"family": "Doe"}], "birth_date": "1984"}"#,
        );
        let recorded =
            person(r#"{"names": [{"family": "Roe"}], "telecom": [{"system": "email", "value": "a@b"}]}"#);
        let agreement = |field, weight| Agreement { field, level: "x".to_owned(), weight };
        let comparison = Comparison {
            weight: -12.0,
            agreements: vec![agreement(Field::Given, 0.0), agreement(Field::Family, 6.0)],
        };
        let rows = rows(&claimed, &recorded, &comparison);
        let fields: Vec<_> = rows.iter().map(|row| row.field).collect();
        assert_eq!(fields, [Field::Given, Field::Family, Field::BirthDate, Field::Email]);
        assert!((prior(&comparison) - -18.0).abs() < 1e-9);
        assert_eq!((rows[0].claimed.as_slice(), rows[0].sum), (["Jane Q".to_owned()].as_slice(), -18.0));
        assert_eq!((rows[1].claimed.len(), rows[1].sum), (1, -12.0), "one value said twice is one");
        assert_eq!((rows[3].level.as_deref(), rows[3].weight), (None, 0.0));
        assert!((rows.last().unwrap().sum - comparison.weight).abs() < 1e-9);
    }
}
