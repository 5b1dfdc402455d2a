use std::collections::HashSet;

use futures_util::future::join_all;
use kinlink_domain::signing_key::{KeyPurpose, SIGNS_FOR};
use kinlink_testkit::on_both_databases;

use crate::verifier::{believed, published, signed, signer};

on_both_databases! {
    async fn replicas_that_start_at_once_sign_with_one_key_and_with_one_follower(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            let replicas: Vec<_> = (0..4).map(|_| signer(it, purpose)).collect();
            let tokens = join_all(replicas.iter().map(signed)).await;
            let kids: HashSet<_> = tokens.iter().map(|(_, kid)| kid).collect();
            assert_eq!(kids.len(), 1, "{purpose}");
            for (token, _) in &tokens {
                assert!(believed(it, purpose, token).await);
            }
            it.clock.advance(SIGNS_FOR);
            join_all(replicas.iter().map(signed)).await;
            assert_eq!(published(it, purpose).await.len(), 2, "{purpose}");
        }
    }
}

on_both_databases! {
    async fn the_purposes_share_no_key(it: Fixture) {
        let (answer, _) = signed(&signer(it, KeyPurpose::Answer)).await;
        let answers = published(it, KeyPurpose::Answer).await;
        let events = published(it, KeyPurpose::Event).await;
        assert_ne!(answers, events);
        assert!(believed(it, KeyPurpose::Answer, &answer).await);
    }
}

on_both_databases! {
    async fn a_forged_claim_is_not_believed(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            let (token, _) = signed(&signer(it, purpose)).await;
            let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
            // {"iss":"https://other.example"}
            let forged = format!("{header}.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ.{signature}");
            assert!(believed(it, purpose, &token).await);
            assert!(!believed(it, purpose, &forged).await);
        }
    }
}
