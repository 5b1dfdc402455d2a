//! Clients, their API keys, and the assertions that they may use once.

use chrono::TimeDelta;
use kinlink_domain::{
    client::{ApiKey, Client, ClientKeys, ClientStatus},
    id::{ApiKeyId, ClientId},
    port::Purpose,
    store::Store,
};
use kinlink_testkit::{Fixture, on_both_databases};

fn client(it: &Fixture) -> Client {
    Client {
        id: ClientId::new(it.ports.clock.now(), &*it.ports.random),
        name: "Authorization server".to_owned(),
        organizations: vec![it.here.id],
        keys: Some(ClientKeys::Jwks(serde_json::json!({"keys": []}))),
        status: ClientStatus::Active,
        created_at: it.ports.clock.now(),
    }
}

fn key(it: &Fixture, client: &Client) -> ApiKey {
    let now = it.ports.clock.now();
    ApiKey {
        id: ApiKeyId::new(now, &*it.ports.random),
        client: client.id,
        hash: it.ports.vault.keyed_hash(Purpose::ApiKey, b"secret"),
        created_at: now,
        expires_at: None,
    }
}

async fn added(it: &Fixture) -> Client {
    let client = client(it);
    let mut unit = it.begin().await;
    unit.add_client(&client).await.unwrap();
    unit.save().await.unwrap();
    client
}

on_both_databases! {
    async fn a_client_reads_back_as_it_was_written(it: Fixture) {
        let client = added(it).await;
        let mut organizations = vec![it.here.id, it.there.id];
        organizations.sort();
        let changed = Client {
            name: "Renamed".to_owned(),
            organizations,
            keys: Some(ClientKeys::JwksUri("https://as.example/jwks".parse().unwrap())),
            status: ClientStatus::Disabled { at: it.ports.clock.now() + TimeDelta::microseconds(1) },
            ..client.clone()
        };
        let mut unit = it.begin().await;
        assert_eq!(unit.client(client.id).await.unwrap(), Some(client.clone()));
        unit.update_client(&changed).await.unwrap();
        unit.save().await.unwrap();
        let mut unit = it.begin().await;
        assert_eq!(unit.client(client.id).await.unwrap(), Some(changed.clone()));
        assert_eq!(unit.clients().await.unwrap(), [changed]);
    }
}

on_both_databases! {
    async fn keys_are_the_clients_own_newest_first_and_end_when_told(it: Fixture) {
        let client = added(it).await;
        let old = key(it, &client);
        it.clock.advance(TimeDelta::seconds(1));
        let new = key(it, &client);
        let mut unit = it.begin().await;
        unit.add_api_key(&old).await.unwrap();
        unit.add_api_key(&new).await.unwrap();
        let end = it.ports.clock.now() + TimeDelta::hours(1);
        unit.expire_api_key(old.id, end).await.unwrap();
        unit.save().await.unwrap();
        let mut unit = it.begin().await;
        let ended = ApiKey { expires_at: Some(end), ..old };
        assert_eq!(unit.api_keys(client.id).await.unwrap(), [new.clone(), ended]);
        assert_eq!(unit.api_key(new.id).await.unwrap(), Some(new));
        let other = ClientId::new(it.ports.clock.now(), &*it.ports.random);
        assert!(unit.api_keys(other).await.unwrap().is_empty());
    }
}

on_both_databases! {
    async fn an_assertion_is_used_once_until_it_expires(it: Fixture) {
        let (client, other) = (added(it).await, added(it).await);
        let now = it.ports.clock.now();
        let end = now + TimeDelta::minutes(5);
        let mut uses = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (store, id) = (it.store.clone(), client.id);
            uses.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                let fresh = unit.use_jti(id, "jti", end, now).await.unwrap();
                unit.save().await.unwrap();
                fresh
            });
        }
        assert_eq!(uses.join_all().await.into_iter().filter(|fresh| *fresh).count(), 1);
        let mut unit = it.begin().await;
        assert!(unit.use_jti(other.id, "jti", end, now).await.unwrap(), "another client's is another");
        assert!(unit.use_jti(client.id, "other", end, now).await.unwrap());
        assert!(!unit.use_jti(client.id, "jti", end, end - TimeDelta::microseconds(1)).await.unwrap());
        assert!(unit.use_jti(client.id, "jti", end + TimeDelta::minutes(5), end).await.unwrap());
        unit.save().await.unwrap();
        assert_eq!(it.store.housekeeping(end + TimeDelta::seconds(1)).await.unwrap().assertions, 2);
    }
}
