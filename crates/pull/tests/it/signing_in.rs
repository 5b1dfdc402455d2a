use kinlink_domain::source::{Source, SourceCredentials};
use kinlink_testkit::{Fixture, on_both_databases};
use zeroize::Zeroizing;

use crate::{
    client_key::ClientKey,
    following::{Seen, change, five, pull, source},
    server::FhirDouble,
};

fn credentials(pem: &str) -> SourceCredentials {
    SourceCredentials::BackendServices {
        client_id: "kinlink".into(),
        key: Zeroizing::new(pem.to_owned()),
        kid: Some("k1".into()),
        token_url: None,
    }
}

/// Pulls with the private half of this key, and then with another of its kind.
async fn signs_in(it: &Fixture, key: impl Fn() -> ClientKey) {
    let server = FhirDouble::start_for(key(), five());
    let source = source(it, &server).await;
    change(it, &source, |source| Source { credentials: credentials(&server.pem), ..source }).await;
    server.tell(|told| told.token_lasts = 2);
    let run = pull(it, &source, &mut Seen::default()).await.unwrap();
    assert_eq!(run.upserted.created, 5);
    assert_eq!(server.told.lock().unwrap().assertions.len(), 2, "a new assertion for the second token");
    change(it, &source, |source| Source { credentials: credentials(&key().pem), ..source }).await;
    let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the server answered a token with status 400");
    server.stop().await;
}

on_both_databases! {
    async fn a_backend_service_signs_in_with_es384_and_again_when_its_token_ends(it: Fixture) {
        signs_in(it, ClientKey::es384).await;
    }
}

on_both_databases! {
    async fn a_backend_service_signs_in_with_rs384_and_again_when_its_token_ends(it: Fixture) {
        signs_in(it, ClientKey::rs384).await;
    }
}

#[test]
fn a_key_of_neither_kind_is_refused_before_it_is_kept() {
    for key in [ClientKey::es384(), ClientKey::rs384()] {
        kinlink_pull::check_key(&key.pem).unwrap();
    }
    assert!(kinlink_pull::check_key("no key").is_err());
}
