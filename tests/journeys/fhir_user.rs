//! Whoever asks, and however: the same `fhirUser`, which leads to the resource.

use kinlink_domain::connection::Server;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller},
    events::{poll, verified},
    grants,
    hooks::stage::{Connected, connect, settings},
};

/// What the client of a polled stream was told last of this person.
async fn told(app: &App, client: &Caller, stream: &str, name: &str) -> Value {
    let polled = poll(client, stream, json!({"returnImmediately": true})).await;
    for set in polled["sets"].as_object().unwrap().values() {
        let claims = verified(app, set.as_str().unwrap()).await;
        if claims["sub_id"]["sub"] == name {
            return claims["events"].as_object().unwrap().values().next().unwrap()["claims"].clone();
        }
    }
    panic!("nothing of {name}: {polled}")
}

/// A connection of this kind to the provider that the test's people log in at.
async fn connected(app: &App, server: Server) -> Connected {
    connect(app, settings(server, app.idp.issuer())).await
}

journey! {
    async fn a_lookup_a_hook_the_context_and_an_event_tell_the_same_of_a_patient_and_of_a_proxy(app: App) {
        let smart = connected(app, Server::Smart).await;
        let hook = connected(app, Server::OidcProvider).await;
        let stream = smart.client.post("/ssf/streams", json!({})).await.expect(201);
        let stream = stream.text("/stream_id");
        let (_, _, proxy) = grants::granted(app).await;
        let proxy: kinlink_domain::id::LinkId = proxy.parse().unwrap();
        let related = format!("{}/fhir/here/RelatedPerson/{}", app.url, proxy.uuid());
        for (name, expected) in [("anna", "https://fhir.here.example/r4/Patient/p1"), ("ben", related.as_str())] {
            let found = grants::found(app, &smart.client, name).await;
            assert_eq!(found[0]["fhirUser"], expected);
            let scope = "openid fhirUser launch/patient";
            let asked = json!({"sub": name, "scope": scope});
            let context = smart.client.post("/v1/smart/context", asked).await.expect(200);
            assert_eq!(context.text("/fhirUser"), expected);
            let asked = json!({"accountId": name, "clientId": "app-1", "scope": scope});
            assert_eq!(hook.asks(&asked).await.expect(200).text("/claims/fhirUser"), expected);
            let claims = told(app, &smart.client, stream, name).await;
            assert_eq!(claims, json!({"fhirUser": expected, "patient": "p1"}));
        }
        let here = related.strip_prefix(&app.url).unwrap();
        assert_eq!(smart.client.get(here).await.expect(200).text("/resourceType"), "RelatedPerson");
    }
}
