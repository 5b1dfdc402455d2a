//! What should make one look twice at a trained model.

use kinlink_domain::comparison::Field;

/// A doubt about a trained model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Warning {
    /// The estimates still moved when the passes were used up.
    #[error("not converged after {passes} passes: the weights may be off")]
    NotConverged {
        /// How many.
        passes: usize,
    },
    /// A level of agreement that speaks against a match.
    #[error("{}: `{level}` is likelier between strangers than between records of one person", field.as_str())]
    Inverted {
        /// The field.
        field: Field,
        /// The level.
        level: &'static str,
    },
    /// A level that no pair of one person showed.
    #[error("{}: `{level}` was never seen between records of one person; its weight is the starting model's", field.as_str())]
    NeverSeen {
        /// The field.
        field: Field,
        /// The level.
        level: &'static str,
    },
    /// Levels whose weights were out of order and were made equal.
    #[error("{}: `{better}` came out below `{worse}`; both now weigh the same", field.as_str())]
    OutOfOrder {
        /// The field.
        field: Field,
        /// The level that should weigh more.
        better: &'static str,
        /// The level that should weigh less.
        worse: &'static str,
    },
    /// Hardly any pair is of one person, so nothing can be learnt of how such pairs agree.
    #[error("only about {0:.0} pairs are of one person: too few to learn from")]
    FewMatches(f64),
    /// Nearly all candidates, or more than there are, seem to be of one person.
    #[error("{0:.0} % of the candidates seem to be of one person: look at the highest weights before use")]
    ManyMatches(f64),
    /// A field that tells nothing apart.
    #[error("{}: nearly every pair of strangers agrees on it", .0.as_str())]
    SaysNothing(Field),
}
