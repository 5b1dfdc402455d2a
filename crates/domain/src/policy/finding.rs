use super::CodeValidity;

/// What is wrong, or doubtful, with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The member, as a path: `proofing.federated[0].acr`.
    pub at: String,
    /// What is wrong with it.
    pub violation: Violation,
}

/// What may be wrong with a member of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A number that makes no sense here.
    #[error("{value} is out of range: it may be {least} to {most}")]
    OutOfRange {
        /// The number.
        value: i64,
        /// The least that makes sense.
        least: i64,
        /// The most that makes sense.
        most: i64,
    },
    /// A code that lives longer than revision 4 of the standard allows.
    #[error("{value} is longer than the {most} that NIST allows for this channel")]
    CodeBeyondNist {
        /// The number.
        value: i64,
        /// The most.
        most: i64,
    },
    /// A code that lives longer than revision 3 of the standard allows, but not longer than revision 4.
    #[error(
        "{value} is longer than {most}, which both revisions of the standard allow; the newer allows {newer}"
    )]
    CodeBeyondOlderRevision {
        /// The number.
        value: i64,
        /// What both allow.
        most: i64,
        /// What the newer allows.
        newer: i64,
    },
    /// A text that says nothing.
    #[error("it is empty; leave the member out instead")]
    Empty,
    /// Links that give nothing.
    #[error("it is empty, so that no link would give anything")]
    NothingPermitted,
    /// IAL2 without anybody having compared the person with anything.
    #[error("it counts as IAL2 although nobody compared the person with evidence")]
    Ial2WithoutComparison,
    /// IAL2 without anything having gone to the record's owner.
    #[error(
        "it counts as IAL2 although nothing was given to the record's owner: right only where claims carry \
         attributes that the provider verified, never what the patient typed"
    )]
    Ial2WithoutCode,
    /// IAL2 by any document with a photograph.
    #[error("a FAIR document, such as an insurance card, would be enough for IAL2")]
    WeakDocuments,
    /// A document taken to be stronger than as a rule.
    #[error("this kind of document is taken to be stronger than it is as a rule")]
    StrengthAboveUsual,
    /// Two rules about the same thing.
    #[error("an earlier rule is about exactly the same; which of them counts would be a guess")]
    SameRuleTwice,
    /// A level whose meaning depends on a framework that is not named.
    #[error("a level means something only within a `trust_framework`; name that too")]
    LevelWithoutFramework,
    /// Costs from which no thresholds follow.
    #[error("costs must be positive, a review cheaper than a miss, and a miss cheaper than a false link")]
    CostsOutOfOrder,
    /// Claims that say less than the standard asks for.
    #[error("claims with less than the {least} that a patient's own match takes would be looked up")]
    ThinClaims {
        /// The least weight.
        least: i64,
    },
    /// Ages that are not in order.
    #[error("ages must rise from one step to the next")]
    AgesOutOfOrder,
    /// A name that no profile has.
    #[error("no profile has this name")]
    UnknownProfile,
    /// Age rules that never end.
    #[error("no age ends what parents may do; give the last step no profile")]
    ParentsForever,
    /// A rule that takes every login of a provider.
    #[error(
        "every login of this issuer would count, however it was identified; ask for an `acr` or a `trust_framework`"
    )]
    EveryLoginOfIssuer,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may be meant: look at it.
    Warning,
    /// The policy cannot be used.
    Error,
}

impl Violation {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::OutOfRange { .. }
            | Self::CodeBeyondNist { .. }
            | Self::Empty
            | Self::NothingPermitted
            | Self::CostsOutOfOrder
            | Self::SameRuleTwice
            | Self::LevelWithoutFramework
            | Self::AgesOutOfOrder
            | Self::UnknownProfile => Severity::Error,
            Self::CodeBeyondOlderRevision { .. }
            | Self::Ial2WithoutComparison
            | Self::Ial2WithoutCode
            | Self::WeakDocuments
            | Self::StrengthAboveUsual
            | Self::ThinClaims { .. }
            | Self::ParentsForever
            | Self::EveryLoginOfIssuer => Severity::Warning,
        }
    }

    /// Where the rule comes from.
    pub const fn source(&self) -> Option<&'static str> {
        match self {
            Self::CodeBeyondNist { .. } => Some("NIST SP 800-63A-4 (draft), 5.1.6"),
            Self::CodeBeyondOlderRevision { .. } => {
                Some("NIST SP 800-63A revision 3, 4.4.1.6, and revision 4 (draft), 5.1.6")
            }
            Self::Ial2WithoutComparison => Some("NIST SP 800-63A-4 (draft), 5.4.4"),
            Self::WeakDocuments => Some("NIST SP 800-63A-4 (draft), 5.4.2.1 and 5.4.4.2"),
            Self::StrengthAboveUsual => Some("NIST SP 800-63A-4 (draft), 4.3.3"),
            Self::LevelWithoutFramework => {
                Some("OpenID Identity Assurance Schema Definition 1.0, `assurance_level`")
            }
            Self::CostsOutOfOrder => Some("Duda, Hart and Stork, Pattern Classification, 2.2"),
            Self::ThinClaims { .. } => Some("HL7 Identity Matching (FAST), consumer match, invariant idi-L1"),
            Self::OutOfRange { .. }
            | Self::Empty
            | Self::NothingPermitted
            | Self::Ial2WithoutCode
            | Self::SameRuleTwice
            | Self::AgesOutOfOrder
            | Self::UnknownProfile
            | Self::ParentsForever
            | Self::EveryLoginOfIssuer => None,
        }
    }
}

/// Findings, gathered member by member.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    prefix: &'static str,
}

impl Findings {
    /// What `check` finds, each with `member` before its path. One line in [`super::Policy::validate`] for
    /// each part of a policy.
    pub(super) fn part(&mut self, member: &'static str, check: impl FnOnce(&mut Self)) {
        self.prefix = member;
        check(self);
        self.prefix = "";
    }

    /// Notes a violation at a member of the part that is being checked.
    pub fn add(&mut self, member: &str, violation: Violation) {
        let at = match self.prefix {
            "" => member.to_owned(),
            prefix => format!("{prefix}.{member}"),
        };
        self.found.push(Finding { at, violation });
    }

    /// Notes a number that is out of range.
    pub fn range(&mut self, member: &str, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.add(member, Violation::OutOfRange { value, least, most });
        }
    }

    /// What was found.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

impl CodeValidity {
    /// Revision 4 (draft) has 21 days for post (30 from or to outside the contiguous United States), 10 minutes
    /// for the telephone and 24 hours for email; revision 3 has 10 days (30) for post, and 7 days for a code
    /// handed over, of which revision 4 does not speak.
    pub(super) fn check(self, findings: &mut Findings) {
        for (member, value, both, newer) in [
            ("in_person_hours", self.in_person_hours, 7 * 24, 30 * 24),
            ("post_days", self.post_days, 10, 30),
            ("phone_minutes", self.phone_minutes, 10, 10),
            ("email_hours", self.email_hours, 24, 24),
        ] {
            let (value, both, newer) = (i64::from(value), i64::from(both), i64::from(newer));
            if value == 0 {
                findings.range(member, value, 1, newer);
            } else if value > newer {
                findings.add(member, Violation::CodeBeyondNist { value, most: newer });
            } else if value > both {
                findings.add(member, Violation::CodeBeyondOlderRevision { value, most: both, newer });
            }
        }
    }
}
