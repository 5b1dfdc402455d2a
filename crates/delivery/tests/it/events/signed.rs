use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use kinlink_domain::{
    event::LinkEventKind,
    signing_key::KeyPurpose,
    stream::{EventType, Outlet},
};
use kinlink_signing::published_keys;
use kinlink_testkit::{Fixture, on_both_databases};
use serde_json::{Value, json};

use super::{ISSUER, client, happens, push, stream_of, webhook, worker};
use crate::event_receiver::{Answer, Arrived, EventReceiver};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Checks the signature against the published keys, as a receiver does.
pub(crate) async fn verified(it: &Fixture, arrived: &Arrived) -> Value {
    let keys = published_keys(&it.store, KeyPurpose::Event, it.ports.clock.now()).await.unwrap();
    let header = jsonwebtoken::decode_header(&arrived.body).unwrap();
    assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    let key = keys.iter().find(|key| Some(&key.kid) == header.kid.as_ref()).expect("its key is published");
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.public.clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(&arrived.body, &key, &validation).unwrap().claims
}

on_both_databases! {
    async fn a_lost_link_arrives_as_two_signed_sets_that_tell_neither_who_nor_why(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        let client = client(it, &[it.here.id]).await;
        let outlet = Outlet::Push {
            url: receiver.url.parse().unwrap(),
            authorization: Some("Basic c2VjcmV0".to_owned().into()),
        };
        stream_of(it, client, outlet, &EventType::SUPPORTED).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        assert_eq!(worker(it).step().await.unwrap(), 2);
        let arrived = receiver.arrived();
        assert_eq!(arrived.len(), 2);
        let subject = json!({"format": "iss_sub", "iss": Fixture::ISS, "sub": "anna"});
        let now = it.ports.clock.now().timestamp();
        let mut told = Vec::new();
        for set in &arrived {
            assert_eq!(set.header("content-type"), "application/secevent+jwt");
            assert_eq!(set.header("authorization"), "Basic c2VjcmV0");
            let claims = verified(it, set).await;
            assert_eq!(claims["iss"], ISSUER);
            assert_eq!(claims["aud"], client.to_string());
            assert_eq!(claims["sub_id"], subject);
            assert_eq!(claims["iat"], now);
            assert!(claims.get("exp").is_none() && claims.get("sub").is_none());
            told.push(claims["events"].clone());
        }
        assert_eq!(arrived[0].claims()["txn"], arrived[1].claims()["txn"], "of one cause");
        assert_ne!(arrived[0].jti(), arrived[1].jti());
        // Word for word, so that nothing that tells of the cause can slip in.
        let words = "The account's access to patient records has changed";
        let expected = [
            json!({EventType::SessionRevoked.uri(): {"event_timestamp": now, "reason_admin": {"en": words}}}),
            json!({EventType::TokenClaimsChange.uri(): {
                "event_timestamp": now, "claims": {"fhirUser": null, "patient": null}}}),
        ];
        assert_eq!(told, expected);
        assert_eq!(worker(it).step().await.unwrap(), 0, "and that was all");
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_gain_ends_no_session(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        let client = client(it, &[it.here.id]).await;
        stream_of(it, client, push(&receiver.url), &EventType::SUPPORTED).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        happens(it, "ben", LinkEventKind::Changed).await;
        worker(it).step().await.unwrap();
        let arrived = receiver.arrived();
        assert_eq!(arrived.len(), 2);
        for set in arrived {
            assert!(set.claims()["events"].get(EventType::TokenClaimsChange.uri()).is_some());
        }
        receiver.stop().await;
    }
}

/// Each signature that a request carries, checked with this secret.
fn signed_with(arrived: &Arrived, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [arrived.header("webhook-id"), arrived.header("webhook-timestamp"), &arrived.body].join(".");
    let signatures =
        arrived.header("webhook-signature").split(' ').map(|one| one.strip_prefix("v1,").unwrap());
    signatures
        .map(|one| STANDARD.decode(one).unwrap())
        .any(|one| hmac::verify(&key, signed.as_bytes(), &one).is_ok())
}

on_both_databases! {
    async fn a_webhook_is_signed_with_both_secrets_while_they_change(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(200));
        let client = client(it, &[it.here.id]).await;
        let mut made = stream_of(it, client, webhook(&receiver.url, SECRET), &EventType::SUPPORTED).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        worker(it).step().await.unwrap();
        let first = &receiver.arrived()[0];
        assert!(signed_with(first, SECRET));
        let body: Value = serde_json::from_str(&first.body).unwrap();
        assert_eq!(body["type"], "token_claims.changed");
        assert_eq!((&body["data"]["iss"], &body["data"]["sub"]), (&json!(Fixture::ISS), &json!("anna")));
        assert!(first.header("webhook-id").starts_with("dlv_"));

        let next = format!("whsec_{}", STANDARD.encode([7; 32]));
        let Outlet::Webhook { secrets, .. } = &mut made.outlet else { panic!("it is a webhook") };
        secrets[0].until = Some(it.ports.clock.now() + TimeDelta::hours(1));
        secrets.insert(0, kinlink_domain::stream::EndpointSecret { text: next.clone().into(), until: None });
        let mut unit = it.begin().await;
        unit.update_stream(&made).await.unwrap();
        unit.save().await.unwrap();
        happens(it, "anna", LinkEventKind::Opened).await;
        worker(it).step().await.unwrap();
        it.clock.advance(TimeDelta::hours(1));
        happens(it, "anna", LinkEventKind::Opened).await;
        worker(it).step().await.unwrap();
        let arrived = receiver.arrived();
        assert_eq!(arrived.len(), 3);
        assert!(signed_with(&arrived[1], SECRET) && signed_with(&arrived[1], &next));
        assert!(!signed_with(&arrived[2], SECRET) && signed_with(&arrived[2], &next));
        receiver.stop().await;
    }
}
