//! What a FHIR server shows when it tells of a change: `kls_<id>_<secret>`, the secret of 256 bits and kept only as
//! a keyed hash. It stands in `Subscription.channel.header` (FHIR R4) as `Authorization: Bearer …`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_domain::{
    id::{Id, SourceId},
    port::{KeyedHash, Purpose},
    service::Ports,
    source::Source,
};

const PREFIX: &str = "kls_";

/// Draws a token for a source: what it sends, and the hash to keep.
pub fn issue_source_token(ports: &Ports, source: SourceId) -> (String, KeyedHash) {
    let mut secret = [0; 32];
    ports.random.fill(&mut secret);
    let text = format!("{PREFIX}{}_{}", source.uuid().simple(), URL_SAFE_NO_PAD.encode(secret));
    let hash = ports.vault.keyed_hash(Purpose::SourceToken, text.as_bytes());
    (text, hash)
}

/// The source within a token's text.
pub fn source_of_token(text: &str) -> Option<SourceId> {
    let (id, _) = text.strip_prefix(PREFIX)?.split_once('_')?;
    uuid::Uuid::try_parse(id).ok().map(Id::from_uuid)
}

/// Whether this text is this source's token.
pub fn accepts_source_token(source: &Source, text: &str, ports: &Ports) -> bool {
    ports.vault.verify(Purpose::SourceToken, text.as_bytes(), &source.token)
}
