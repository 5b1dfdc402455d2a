//! A model as a TOML file.

use std::collections::{BTreeMap, HashMap};

use kinlink_domain::comparison::Field;
use serde::{Deserialize, Serialize};

use super::{FieldModel, Frequencies, Likelihood, Model, Prior, frequency::MOST_VALUES};
use crate::level::levels_of;

/// The version of the format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// A file that is no model.
#[derive(Debug, thiserror::Error)]
pub enum InvalidModel {
    /// It is not TOML, or of another shape.
    #[error("not a model file: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It is of another version.
    #[error("a model file of format {0}; this version reads format {FORMAT}. Train the model again")]
    Format(u32),
    /// A field's levels are not those that are compared.
    #[error("field {field}: level `{level}` is missing, or is none of {expected}")]
    Level {
        /// The field.
        field: &'static str,
        /// The level.
        level: String,
        /// The levels that there are.
        expected: String,
    },
    /// A probability is not between 0 and 1.
    #[error("{0}: a probability lies between 0 and 1, and none of a level is 0")]
    Probability(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    format: u32,
    records: f64,
    matches: f64,
    relatives: f64,
    fields: BTreeMap<String, FieldFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    shared: f64,
    levels: BTreeMap<String, LevelFile>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    within: BTreeMap<String, LevelFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frequencies: Option<FrequenciesFile>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelFile {
    m: f64,
    u: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrequenciesFile {
    other: f64,
    reference: f64,
    values: BTreeMap<String, f64>,
}

impl Model {
    /// Reads a model file.
    pub fn from_toml(text: &str) -> Result<Self, InvalidModel> {
        let mut file: ModelFile = toml::from_str(text)?;
        if file.format != FORMAT {
            return Err(InvalidModel::Format(file.format));
        }
        for (number, name) in
            [(file.records, "records"), (file.matches, "matches"), (file.relatives, "relatives")]
        {
            if !(number.is_finite() && number >= 0.0) {
                return Err(InvalidModel::Probability(name.into()));
            }
        }
        let mut fields = Vec::with_capacity(Field::ALL.len());
        for field in Field::ALL {
            let missing = || InvalidModel::Level {
                field: field.as_str(),
                level: "*".into(),
                expected: "those of a trained model".into(),
            };
            fields.push(read_field(field, file.fields.remove(field.as_str()).ok_or_else(missing)?)?);
        }
        if let Some((name, _)) = file.fields.into_iter().next() {
            return Err(InvalidModel::Probability(format!("field {name} is not known")));
        }
        let prior = Prior { records: file.records, matches: file.matches, relatives: file.relatives };
        let Ok(fields) = fields.try_into() else { return Err(InvalidModel::Probability("fields".into())) };
        Ok(Self { prior, fields })
    }

    /// The model as a file. Frequent values of names and places are in it: it is personal data if the file it
    /// was trained on was small.
    pub fn to_toml(&self) -> String {
        let fields = Field::ALL.into_iter().zip(&self.fields);
        let file = ModelFile {
            format: FORMAT,
            records: self.prior.records,
            matches: self.prior.matches,
            relatives: self.prior.relatives,
            fields: fields.map(|(field, model)| (field.as_str().into(), write_field(field, model))).collect(),
        };
        toml::to_string(&file).unwrap_or_default()
    }
}

fn read_field(field: Field, file: FieldFile) -> Result<FieldModel, InvalidModel> {
    if !(0.0..1.0).contains(&file.shared) {
        return Err(InvalidModel::Probability(format!("{}.shared", field.as_str())));
    }
    let frequencies = file.frequencies.map(|file| Frequencies {
        other: file.other,
        reference: file.reference,
        values: file.values.into_iter().take(MOST_VALUES).collect::<HashMap<_, _>>(),
    });
    let frequencies = frequencies.unwrap_or_default();
    let is_probability = |f: &f64| *f > 0.0 && *f <= 1.0;
    let sound = is_probability(&frequencies.other) && frequencies.values.values().all(is_probability);
    if frequencies.counts() && !sound {
        return Err(InvalidModel::Probability(format!("{}.frequencies", field.as_str())));
    }
    let within = if file.within.is_empty() { Vec::new() } else { read_levels(field, &file.within)? };
    Ok(FieldModel::new(file.shared, read_levels(field, &file.levels)?, within, frequencies))
}

fn read_levels(field: Field, file: &BTreeMap<String, LevelFile>) -> Result<Vec<Likelihood>, InvalidModel> {
    let specs = levels_of(field);
    let wrong = |level: &str| InvalidModel::Level {
        field: field.as_str(),
        level: level.to_owned(),
        expected: specs.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", "),
    };
    if let Some(name) = file.keys().find(|name| !specs.iter().any(|spec| spec.name == name.as_str())) {
        return Err(wrong(name));
    }
    let mut levels = Vec::with_capacity(specs.len());
    for spec in specs {
        let LevelFile { m, u } = *file.get(spec.name).ok_or_else(|| wrong(spec.name))?;
        if ![m, u].iter().all(|p| *p > 0.0 && *p <= 1.0) {
            return Err(InvalidModel::Probability(format!("{}.{}", field.as_str(), spec.name)));
        }
        levels.push(Likelihood { m, u });
    }
    Ok(levels)
}

fn write_field(field: Field, model: &FieldModel) -> FieldFile {
    let write = |levels: &[Likelihood]| {
        let specs = levels_of(field).iter().zip(levels);
        specs.map(|(spec, l)| (spec.name.to_owned(), LevelFile { m: l.m, u: l.u })).collect()
    };
    let frequencies = &model.frequencies;
    FieldFile {
        shared: model.shared,
        levels: write(&model.levels),
        within: write(&model.within),
        frequencies: frequencies.counts().then(|| FrequenciesFile {
            other: frequencies.other,
            reference: frequencies.reference,
            values: frequencies.values.clone().into_iter().collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_reads_back_what_it_writes() {
        let text = Model::shipped().to_toml();
        assert_eq!(Model::from_toml(&text).unwrap().to_toml(), text);
    }

    #[test]
    fn what_is_no_model_is_refused_with_a_reason() {
        let text = Model::shipped().to_toml();
        for (from, to, reason) in [
            ("format = 1", "format = 7", "format 7"),
            ("[fields.sex.levels.exact]", "[fields.sex.levels.exakt]", "exakt"),
            ("[fields.sex]\nshared", "[fields.sex]\nshare", "share"),
            ("records = 1000000.0", "records = -1.0", "records"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let error = Model::from_toml(&changed).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert!(Model::from_toml("nonsense").is_err());
    }
}
