//! What a proxy is to the patient, and on what ground they may act.

use std::fmt;

use serde::{Deserialize, Serialize};

/// HL7 v3-RoleCode, as FHIR R4 `RelatedPerson.relationship` carries it: the personal relationships and the
/// responsible parties of that code system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Relationship(usize);

/// The code system of [`Relationship`].
pub const ROLE_CODE_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// Code and display, by code.
const CODES: &[(&str, &str)] = &[
    ("ADOPTF", "adoptive father"),
    ("ADOPTM", "adoptive mother"),
    ("ADOPTP", "adoptive parent"),
    ("AUNT", "aunt"),
    ("BRO", "brother"),
    ("CHILD", "child"),
    ("CHLDADOPT", "adopted child"),
    ("CHLDFOST", "foster child"),
    ("CHLDINLAW", "child-in-law"),
    ("COUSN", "cousin"),
    ("DAU", "daughter"),
    ("DAUINLAW", "daughter-in-law"),
    ("DOMPART", "domestic partner"),
    ("DPOWATT", "durable power of attorney"),
    ("EXCEST", "executor of estate"),
    ("EXT", "extended family member"),
    ("FAMMEMB", "family member"),
    ("FMRSPS", "former spouse"),
    ("FRND", "unrelated friend"),
    ("FTH", "father"),
    ("FTHFOST", "foster father"),
    ("FTHINLAW", "father-in-law"),
    ("GRFTH", "grandfather"),
    ("GRMTH", "grandmother"),
    ("GRNDCHILD", "grandchild"),
    ("GRNDDAU", "granddaughter"),
    ("GRNDSON", "grandson"),
    ("GRPRN", "grandparent"),
    ("GUADLTM", "guardian ad litem"),
    ("GUARD", "guardian"),
    ("HPOWATT", "healthcare power of attorney"),
    ("HUSB", "husband"),
    ("INLAW", "in-law"),
    ("MTH", "mother"),
    ("MTHFOST", "foster mother"),
    ("MTHINLAW", "mother-in-law"),
    ("NBOR", "neighbor"),
    ("NCHILD", "natural child"),
    ("NEPHEW", "nephew"),
    ("NFTH", "natural father"),
    ("NIECE", "niece"),
    ("NIENEPH", "niece or nephew"),
    ("NMTH", "natural mother"),
    ("POWATT", "power of attorney"),
    ("PRN", "parent"),
    ("PRNFOST", "foster parent"),
    ("PRNINLAW", "parent-in-law"),
    ("RESPRSN", "responsible party"),
    ("ROOM", "roommate"),
    ("SIB", "sibling"),
    ("SIBINLAW", "sibling-in-law"),
    ("SIGOTHR", "significant other"),
    ("SIS", "sister"),
    ("SON", "son"),
    ("SONINLAW", "son-in-law"),
    ("SPOWATT", "special power of attorney"),
    ("SPS", "spouse"),
    ("STPCHLD", "step child"),
    ("STPDAU", "stepdaughter"),
    ("STPFTH", "stepfather"),
    ("STPMTH", "stepmother"),
    ("STPPRN", "step parent"),
    ("STPSON", "stepson"),
    ("UNCLE", "uncle"),
    ("WIFE", "wife"),
];

/// A text that is no relationship that Kinlink knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a relationship is a code of HL7 v3-RoleCode such as MTH, FTH, PRN, CHILD, SPS, GUARD or HPOWATT")]
pub struct UnknownRelationship;

impl Relationship {
    /// Parses a code, exactly as HL7 writes it.
    pub fn parse(code: &str) -> Result<Self, UnknownRelationship> {
        CODES.binary_search_by_key(&code, |(code, _)| code).map(Self).map_err(|_| UnknownRelationship)
    }

    /// Every relationship, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CODES.len()).map(Self)
    }

    /// The code.
    pub fn code(self) -> &'static str {
        CODES[self.0].0
    }

    /// The code system's word for it.
    pub fn display(self) -> &'static str {
        CODES[self.0].1
    }
}

impl TryFrom<String> for Relationship {
    type Error = UnknownRelationship;
    fn try_from(code: String) -> Result<Self, UnknownRelationship> {
        Self::parse(&code)
    }
}

impl From<Relationship> for &'static str {
    fn from(relationship: Relationship) -> Self {
        relationship.code()
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// On what ground a proxy may act; it decides which rules of the organization end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyBasis {
    /// The patient decided it.
    PatientGrant,
    /// A parent, or whoever else is responsible for a minor. Narrows and ends by the age rules.
    ParentalResponsibility,
    /// A court made them guardian. Ends with its papers; of a minor, by the age rules too.
    Guardianship,
    /// The patient gave a power of attorney. Ends with its papers.
    PowerOfAttorney,
    /// They settle the estate of a patient who died.
    Executor,
}

impl ProxyBasis {
    /// Every ground.
    pub const ALL: [Self; 5] = [
        Self::PatientGrant,
        Self::ParentalResponsibility,
        Self::Guardianship,
        Self::PowerOfAttorney,
        Self::Executor,
    ];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PatientGrant => "patient_grant",
            Self::ParentalResponsibility => "parental_responsibility",
            Self::Guardianship => "guardianship",
            Self::PowerOfAttorney => "power_of_attorney",
            Self::Executor => "executor",
        }
    }

    /// Whether it narrows and ends as the patient grows up.
    pub const fn follows_age(self) -> bool {
        matches!(self, Self::ParentalResponsibility | Self::Guardianship)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_reads_back() {
        assert!(CODES.is_sorted_by_key(|(code, _)| code));
        for relationship in Relationship::all() {
            assert_eq!(Relationship::parse(relationship.code()), Ok(relationship));
        }
        for text in ["", "mth", "MTH ", "ONESELF"] {
            assert_eq!(Relationship::parse(text), Err(UnknownRelationship), "{text}");
        }
    }
}
