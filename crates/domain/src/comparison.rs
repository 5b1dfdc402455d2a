//! What comparing a person with records yields, and what is to be done about it.
//!
//! A comparison is a sum of weights in bits, one for each field (Fellegi and Sunter 1969): the logarithm of
//! how much likelier such an agreement is between records of one person than between those of two. With the
//! prior it becomes a probability, and the probability is held against what a false link, a review and a
//! missed link cost ([`MatchCosts`]). How weights are found is the `matching` crate's matter; what follows from
//! them is decided here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{demographics::Demographics, id::PatientId};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Given names, middle names and nicknames.
    Given,
    /// Family name.
    Family,
    /// Birth date.
    BirthDate,
    /// Administrative sex (FHIR `gender`).
    Sex,
    /// Street and house number.
    Street,
    /// City.
    City,
    /// Postal code.
    PostalCode,
    /// State or region.
    Region,
    /// Telephone.
    Phone,
    /// Email.
    Email,
    /// Identifiers, by their naming system.
    Identifier,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Given,
        Self::Family,
        Self::BirthDate,
        Self::Sex,
        Self::Street,
        Self::City,
        Self::PostalCode,
        Self::Region,
        Self::Phone,
        Self::Email,
        Self::Identifier,
    ];

    /// The word used in model files and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Family => "family",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Street => "street",
            Self::City => "city",
            Self::PostalCode => "postal_code",
            Self::Region => "region",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Identifier => "identifier",
        }
    }
}

/// How one field agrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The field.
    pub field: Field,
    /// The comparison level, for example `exact`, `nickname`, `transposed`, `different` or `missing`.
    pub level: String,
    /// What it adds, in bits; 0 where the field is missing on either side. Rare values add more: the part that
    /// term frequency gives is contained.
    pub weight: f64,
}

/// A person compared with one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The prior and the weights together, in bits: the logarithm of the odds that both are one person.
    pub weight: f64,
    /// Field by field, in the order of [`Field::ALL`], fields that neither side has left out.
    pub agreements: Vec<Agreement>,
}

impl Comparison {
    /// The probability that both are one person, if this were the only candidate.
    pub fn probability(&self) -> f64 {
        1.0 / (1.0 + (-self.weight).exp2())
    }
}

/// Compares demographics.
pub trait Matcher: Send + Sync + fmt::Debug {
    /// Compares a person as claimed with one record.
    fn compare(&self, claimed: &Demographics, recorded: &Demographics) -> Comparison;
}

/// What mistakes cost, in any unit; only their ratios count.
///
/// Thresholds follow from them (Duda, Hart and Stork, Pattern Classification, 2.2): link if the expected cost of
/// a false link is below that of a review, decline if the expected cost of a miss is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchCosts {
    /// A stranger opens somebody's record.
    pub false_link: f64,
    /// A reviewer looks at it.
    pub review: f64,
    /// A patient is not found and has to come by.
    pub miss: f64,
}

/// A false link is the breach of a record, a review some minutes of work, a miss a walk to the desk. The ratios
/// put the upper threshold at 0.9998, above the precision of 0.999 that is the design point, and the lower at
/// 0.2.
impl Default for MatchCosts {
    fn default() -> Self {
        Self { false_link: 5_000.0, review: 1.0, miss: 5.0 }
    }
}

/// Costs from which no thresholds follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("costs are positive, and a review costs less than a miss, which costs less than a false link")]
pub struct InvalidCosts;

/// From which probability on something is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Certain from here on.
    pub upper: f64,
    /// To be reviewed from here on.
    pub lower: f64,
}

impl MatchCosts {
    /// The thresholds that follow.
    pub fn thresholds(&self) -> Result<Thresholds, InvalidCosts> {
        let Self { false_link, review, miss } = *self;
        if !(review > 0.0 && review < miss && miss < false_link && false_link.is_finite()) {
            return Err(InvalidCosts);
        }
        Ok(Thresholds { upper: 1.0 - review / false_link, lower: review / miss })
    }
}

/// A record that may be the person's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The record.
    pub patient: PatientId,
    /// How it compares.
    pub comparison: Comparison,
}

/// What is to be done about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// One record, beyond doubt: confirm out of band.
    Certain,
    /// Somebody has to look.
    Review,
    /// Nobody on record is this person.
    None,
}

/// Candidates held against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Those worth a look, best first.
    pub candidates: Vec<Candidate>,
    /// What is to be done.
    pub band: Band,
}

/// The most candidates that a reviewer is shown.
pub const SHOWN: usize = 10;

/// Holds candidates against each other and against the thresholds.
///
/// At most one of the records is taken to be the person's, so the odds of all candidates share one
/// probability: a runner-up that is nearly as good takes it from the best, and it falls below the upper
/// threshold. A runner-up that would be reviewed if it stood alone means review too, however good the best is:
/// it may be a duplicate of the record, or a twin.
pub fn rank(mut candidates: Vec<Candidate>, thresholds: Thresholds) -> Ranking {
    candidates.sort_by(|a, b| b.comparison.weight.total_cmp(&a.comparison.weight));
    let odds: f64 = candidates.iter().map(|candidate| candidate.comparison.weight.exp2()).sum();
    candidates.retain(|candidate| candidate.comparison.probability() >= thresholds.lower);
    let shared = |candidate: &Candidate| {
        let own = candidate.comparison.weight.exp2();
        if own.is_finite() && odds.is_finite() { own / (1.0 + odds) } else { 1.0 }
    };
    let band = match candidates.as_slice() {
        [] => Band::None,
        [only] if shared(only) >= thresholds.upper => Band::Certain,
        _ => Band::Review,
    };
    candidates.truncate(SHOWN);
    Ranking { candidates, band }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn candidate(weight: f64) -> Candidate {
        let patient = PatientId::from_uuid(Uuid::from_u128(weight.to_bits().into()));
        Candidate { patient, comparison: Comparison { weight, agreements: Vec::new() } }
    }

    #[test]
    fn thresholds_follow_from_the_costs() {
        let thresholds = MatchCosts::default().thresholds().unwrap();
        assert_eq!(thresholds, Thresholds { upper: 0.9998, lower: 0.2 });
        for (false_link, review, miss) in [
            (1.0, 2.0, 3.0),
            (10.0, 0.0, 1.0),
            (10.0, 5.0, 4.0),
            (f64::INFINITY, 1.0, 2.0),
            (f64::NAN, 1.0, 2.0),
        ] {
            assert_eq!(MatchCosts { false_link, review, miss }.thresholds(), Err(InvalidCosts));
        }
    }

    #[test]
    fn the_band_follows_from_the_best_and_the_runner_up() {
        let thresholds = MatchCosts::default().thresholds().unwrap();
        for (weights, band) in [
            (vec![], Band::None),
            (vec![-5.0], Band::None),
            (vec![-2.1], Band::None),
            (vec![-1.9], Band::Review),
            (vec![12.0], Band::Review),
            (vec![12.4], Band::Certain),
            (vec![40.0], Band::Certain),
            (vec![40.0, -3.0], Band::Certain),
            // A twin: far behind, and yet somebody who has to be looked at.
            (vec![40.0, 1.0], Band::Review),
            (vec![40.0, 40.0], Band::Review),
            (vec![2000.0], Band::Certain),
            (vec![2000.0, 2000.0], Band::Review),
            // Many weak ones together take what the best needs.
            (std::iter::once(12.4).chain(std::iter::repeat_n(-2.5, 40)).collect(), Band::Review),
        ] {
            let ranking = rank(weights.iter().copied().map(candidate).collect(), thresholds);
            assert_eq!(ranking.band, band, "{weights:?}");
        }
    }

    #[test]
    fn candidates_come_best_first_and_hopeless_ones_not_at_all() {
        let thresholds = MatchCosts::default().thresholds().unwrap();
        let ranking = rank([1.0, 30.0, -9.0].map(candidate).to_vec(), thresholds);
        let weights: Vec<_> = ranking.candidates.iter().map(|c| c.comparison.weight).collect();
        assert_eq!(weights, [30.0, 1.0]);
    }
}
