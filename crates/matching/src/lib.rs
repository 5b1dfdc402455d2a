//! Finds the records that are the same person: pure, knows no database.
//!
//! [`Person`] is demographics in one way of writing, [`stored_keys`] and [`lookup_keys`] find candidates,
//! [`Model`] weighs a pair, [`train()`] fits a model to records without labels.
//!
//! # The mathematics
//! *Weights.* Each field `f` agrees at one level `l`. With `m` the probability of the level between records of one
//! person and `u` between strangers', its weight is `log2(m/u)`; fields are taken for independent given which of
//! the two it is, so weights add up, and with the prior `log2(p/(1-p))`, `p = matches/records`, they are the
//! logarithm of the odds (Fellegi and Sunter, A Theory for Record Linkage, JASA 1969). Words are compared by
//! Jaro-Winkler similarity (Winkler 1990), by one slip (Damerau 1964) and by Double Metaphone (Philips 2000).
//!
//! *Rarity.* An exact agreement on the value `v` weighs `log2(m/f(v))` with `f` the frequency of the value,
//! as in Winkler 1988 and in Splink's term-frequency adjustment; values that are only alike get
//! `r log2(f̄/f(v))` on top of their level's weight, with `r < 1` and `f̄` the chance that two records drawn
//! blindly agree.
//!
//! *Dependence.* Where a field depends on another (city on postal code, sex on given name), it has a second pair
//! of `m` and `u` for pairs that agree on the other.
//!
//! *Relatives.* Pairs of two people are a mixture of strangers and, with probability `h`, of relatives, who share
//! the true value of a field with probability `s`, and then write it down as one person would:
//! `r = s m + (1-s) u`. The weight of a pair is `log2(p/(1-p)) + Σ log2(m/u) - log2((1-h) + h Π(r/u))`. The last
//! term is what household members have in common; since `r/u` grows with `m/u` and more slowly, better agreement
//! still never weighs less.
//!
//! *Training.* Expectation and maximisation (Dempster, Laird and Rubin 1977; Winkler 1988) over the pairs that
//! share a blocking key, with `u` held at what pairs drawn blindly show. All other pairs are taken for
//! strangers', so `m` and `p` need no correction for blocking as long as keys find nearly all matches. `u` where a
//! condition holds is learnt from pairs that agree on it and have neither name nor birth date in common.
//! Dirichlet priors from the model that training starts with keep every weight finite; weights out of order are
//! pooled.

#![warn(missing_docs)]

mod blocking;
mod compare;
mod identifier;
mod level;
mod matcher;
mod model;
mod normalise;
mod person;
mod train;

pub use blocking::{BlockingKey, BlockingKind, MOST_KEYS, lookup_keys, stored_keys};
pub use identifier::identifier_key;
pub use model::{InvalidModel, Model, Prior};
pub use normalise::{
    birth::BirthDate,
    contact::{PhoneRegion, UnknownRegion},
};
pub use person::{Person, PersonBuilder, Sex};
pub use train::{Trained, TrainingOptions, TrainingSet, Warning, train};
