use std::str::FromStr;

use kinlink_domain::{
    account::Iss,
    comparison::Band,
    evidence::{AddressValidation, Document, Fact},
    id::{ClaimId, InvitationId},
    invitation::Channel,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A fact as it is typed: `document_seen:passport`, `code:post:on_record`, …
#[derive(Debug, Clone)]
pub(super) struct EvidenceArgument(pub(super) Fact);

/// A text that names no evidence.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidEvidence(String);

fn word<T: DeserializeOwned>(text: &str) -> Result<T, InvalidEvidence> {
    // The parser's message names the words that there are.
    serde_json::from_value(text.into()).map_err(|error| InvalidEvidence(error.to_string()))
}

impl FromStr for EvidenceArgument {
    type Err = InvalidEvidence;

    fn from_str(text: &str) -> Result<Self, InvalidEvidence> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let nobody = Uuid::nil();
        let fact = match kind {
            "code" => {
                let (channel, address) = rest.split_once(':').unwrap_or((rest, "none"));
                let address: AddressValidation = word(address)?;
                let channel: Channel = word(channel)?;
                Fact::CodeRedeemed { invitation: InvitationId::from_uuid(nobody), channel, address }
            }
            "birth_date" => Fact::BirthDateConfirmed,
            "document_seen" => Fact::DocumentSeen { document: word::<Document>(rest)?, reference: None },
            "match" => {
                let band: Band = word(if rest.is_empty() { "certain" } else { rest })?;
                Fact::DemographicMatch { claim: ClaimId::from_uuid(nobody), weight: 0.0, band }
            }
            "contact" => Fact::ContactConfirmed { claim: ClaimId::from_uuid(nobody), channel: word(rest)? },
            "federated" => federated(rest)?,
            _ => {
                let kinds = "code, birth_date, document_seen, match, contact and federated";
                return Err(InvalidEvidence(format!("`{kind}` is no evidence; there are {kinds}")));
            }
        };
        Ok(Self(fact))
    }
}

/// `iss=https://…,acr=…,trust_framework=…,assurance_level=…`
fn federated(text: &str) -> Result<Fact, InvalidEvidence> {
    let (mut iss, mut acr, mut trust_framework, mut assurance_level) = (None, None, None, None);
    for member in text.split(',') {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let place = match name {
            "iss" => &mut iss,
            "acr" => &mut acr,
            "trust_framework" => &mut trust_framework,
            "assurance_level" => &mut assurance_level,
            _ => {
                let members = "iss, acr, trust_framework and assurance_level";
                return Err(InvalidEvidence(format!("`{name}`: a provider's word has {members}")));
            }
        };
        *place = Some(value.to_owned());
    }
    let iss =
        Iss::parse(iss.unwrap_or_default()).map_err(|error| InvalidEvidence(format!("iss: {error}")))?;
    Ok(Fact::FederatedAssurance { iss, acr, amr: Vec::new(), trust_framework, assurance_level })
}
