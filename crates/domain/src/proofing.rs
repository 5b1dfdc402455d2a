//! What evidence is worth: a pure function of the facts and the organization's policy.
//!
//! Assurance is never entered. The identity assurance levels are those of NIST SP 800-63A; the four levels
//! of FHIR `Person.link.assurance` are what is shown beside them.

use serde::{Deserialize, Serialize};

use crate::{
    evidence::{AddressValidation, Fact},
    invitation::Channel,
};

/// NIST SP 800-63A identity assurance level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Ial {
    /// Little confidence in the claimed identity.
    Ial1,
    /// High confidence: the person was compared with validated evidence.
    Ial2,
}

/// FHIR R4 `identity-assuranceLevel` (`Person.link.assurance`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssuranceLevel {
    /// Little or no confidence.
    Level1,
    /// Some confidence.
    Level2,
    /// High confidence.
    Level3,
    /// Very high confidence.
    Level4,
}

/// What the evidence for a link is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assurance {
    /// NIST SP 800-63A.
    pub ial: Ial,
    /// FHIR.
    pub level: AssuranceLevel,
}

/// What an organization accepts as proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofingPolicy {
    /// A document seen by staff counts as IAL2 only together with a redeemed code.
    pub document_and_code_is_ial2: bool,
    /// A code that reached a postal or email contact on record counts as IAL2 if the birth date was
    /// confirmed too. Off by default: neither compares the person with anything.
    pub code_to_record_and_birth_date_is_ial2: bool,
}

impl Default for ProofingPolicy {
    fn default() -> Self {
        Self { document_and_code_is_ial2: true, code_to_record_and_birth_date_is_ial2: false }
    }
}

/// What `facts` are worth under `policy`.
///
/// | facts | IAL | FHIR level |
/// | --- | --- | --- |
/// | nothing, or a code to nowhere known | IAL1 | level1 |
/// | code, and it went to a validated address or the birth date was confirmed | IAL1 | level2 |
/// | code to a contact on record, and birth date | IAL1 (IAL2 if policy says so) | level3 |
/// | code, and a document seen by staff | IAL2 (if policy says so) | level3 |
/// | code, document, and a contact on record | IAL2 (if policy says so) | level4 |
///
/// A claim's code that reached a contact on record counts like an invitation's; that demographics agree counts
/// for nothing by itself. A code handed over in person proves no address, so it stands on the document or the birth date.
pub fn assess<'a>(facts: impl IntoIterator<Item = &'a Fact>, policy: &ProofingPolicy) -> Assurance {
    let mut code = false;
    let mut on_record = false;
    let mut validated = false;
    let mut document = false;
    let mut birth_date = false;
    for fact in facts {
        match fact {
            Fact::CodeRedeemed { channel, address, .. } => {
                code = true;
                let addressed = *channel != Channel::InPerson;
                on_record |= addressed && *address == AddressValidation::OnRecord;
                validated |= addressed && *address != AddressValidation::None;
            }
            Fact::ContactConfirmed { channel, .. } => {
                code = true;
                on_record |= *channel != Channel::InPerson;
                validated |= *channel != Channel::InPerson;
            }
            // However well demographics agree, anybody may know them.
            Fact::DemographicMatch { .. } => {}
            Fact::BirthDateConfirmed => birth_date = true,
            Fact::DocumentSeen { .. } => document = true,
        }
    }
    let ial2 = code
        && ((document && policy.document_and_code_is_ial2)
            || (on_record && birth_date && policy.code_to_record_and_birth_date_is_ial2));
    let level = match (code, document, on_record, validated || birth_date) {
        (true, true, true, _) => AssuranceLevel::Level4,
        (true, true, false, _) => AssuranceLevel::Level3,
        (true, false, true, _) if birth_date => AssuranceLevel::Level3,
        (true, false, _, true) => AssuranceLevel::Level2,
        _ => AssuranceLevel::Level1,
    };
    Assurance { ial: if ial2 { Ial::Ial2 } else { Ial::Ial1 }, level }
}

#[cfg(test)]
mod tests {
    use AddressValidation::{ByStaff, None as Nowhere, OnRecord};
    use AssuranceLevel::{Level1, Level2, Level3, Level4};
    use Ial::{Ial1, Ial2};

    use super::*;
    use crate::{evidence::Document, id::InvitationId};

    fn code(channel: Channel, address: AddressValidation) -> Fact {
        Fact::CodeRedeemed { invitation: InvitationId::from_uuid(uuid::Uuid::nil()), channel, address }
    }
    const DOCUMENT: Fact = Fact::DocumentSeen { document: Document::Passport, reference: None };
    const BIRTH_DATE: Fact = Fact::BirthDateConfirmed;

    #[test]
    fn the_table_holds() {
        let strict = ProofingPolicy::default();
        let lenient = ProofingPolicy { code_to_record_and_birth_date_is_ial2: true, ..strict };
        let distrustful = ProofingPolicy { document_and_code_is_ial2: false, ..strict };
        let post = || code(Channel::Post, OnRecord);
        let desk = || code(Channel::InPerson, Nowhere);
        for (facts, policy, ial, level) in [
            (vec![], strict, Ial1, Level1),
            (vec![DOCUMENT], strict, Ial1, Level1),
            (vec![BIRTH_DATE], lenient, Ial1, Level1),
            (vec![desk()], strict, Ial1, Level1),
            (vec![desk(), BIRTH_DATE], strict, Ial1, Level2),
            (vec![code(Channel::InPerson, OnRecord)], strict, Ial1, Level1),
            (vec![code(Channel::Email, ByStaff)], strict, Ial1, Level2),
            (vec![code(Channel::Email, ByStaff), BIRTH_DATE], lenient, Ial1, Level2),
            (vec![post()], strict, Ial1, Level2),
            (vec![post(), BIRTH_DATE], strict, Ial1, Level3),
            (vec![post(), BIRTH_DATE], lenient, Ial2, Level3),
            (vec![desk(), DOCUMENT], strict, Ial2, Level3),
            (vec![desk(), DOCUMENT], distrustful, Ial1, Level3),
            (vec![post(), DOCUMENT], strict, Ial2, Level4),
            (vec![post(), DOCUMENT, BIRTH_DATE], strict, Ial2, Level4),
        ] {
            assert_eq!(assess(&facts, &policy), Assurance { ial, level }, "{facts:?} under {policy:?}");
        }
    }

    #[test]
    fn more_evidence_never_lowers_assurance() {
        let all = [code(Channel::Post, OnRecord), code(Channel::InPerson, Nowhere), DOCUMENT, BIRTH_DATE];
        for subset in 0..16_usize {
            let chosen =
                |set: usize| all.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1).map(|(_, f)| f);
            for one_more in 0..4 {
                let policy = ProofingPolicy::default();
                assert!(assess(chosen(subset | 1 << one_more), &policy) >= assess(chosen(subset), &policy));
            }
        }
    }
}
