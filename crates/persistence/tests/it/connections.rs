//! Connections and pickers read back as written; what is secret of them is sealed.

use chrono::TimeDelta;
use kinlink_domain::{
    account::Iss,
    client::{Client, ClientStatus},
    connection::{Connection, ConnectionSettings, ReturnUrl, Server},
    id::{AccountId, ClientId, ConnectionId, PickerId},
    picker::{Picker, PickerSession, PickerState},
};
use kinlink_testkit::{Fixture, on_both_databases};

async fn client(it: &Fixture) -> ClientId {
    let now = it.ports.clock.now();
    let client = Client {
        id: ClientId::new(now, &*it.ports.random),
        name: "Entra".into(),
        organizations: vec![it.here.id],
        keys: None,
        status: ClientStatus::Active,
        created_at: now,
    };
    let mut unit = it.begin().await;
    unit.add_client(&client).await.unwrap();
    unit.save().await.unwrap();
    client.id
}

async fn connection(it: &Fixture, client: ClientId) -> Connection {
    let now = it.ports.clock.now();
    let server = Server::Entra { audience: "app-1".into(), token_issuer: None };
    let connection = Connection {
        id: ConnectionId::new(now, &*it.ports.random),
        client,
        organization: it.here.id,
        settings: ConnectionSettings::new(server, Iss::parse(Fixture::ISS).unwrap()),
        created_at: now,
    };
    let mut unit = it.begin().await;
    unit.add_connection(&connection).await.unwrap();
    unit.save().await.unwrap();
    connection
}

fn picker(it: &Fixture, connection: &Connection, account: AccountId) -> Picker {
    let now = it.ports.clock.now();
    Picker {
        id: PickerId::new(now, &*it.ports.random),
        account,
        client: connection.client,
        connection: connection.id,
        organization: connection.organization,
        session: PickerSession {
            id: "SESSION-SECRET".into(),
            state: Some("STATE-SECRET".into()),
            return_url: ReturnUrl::parse("https://login.example/picked").unwrap(),
        },
        expires_at: now + TimeDelta::minutes(5),
        state: PickerState::Waiting,
    }
}

on_both_databases! {
    async fn a_connection_is_found_by_its_id_and_its_client_and_can_be_changed(it: Fixture) {
        let (one, two) = (client(it).await, client(it).await);
        let first = connection(it, one).await;
        it.clock.advance(TimeDelta::seconds(1));
        let second = connection(it, one).await;
        let mut unit = it.begin().await;
        assert_eq!(unit.connection(first.id).await.unwrap(), Some(first.clone()));
        assert_eq!(unit.connections_of(one).await.unwrap(), [first.clone(), second.clone()]);
        assert_eq!(unit.connections_of(two).await.unwrap(), []);
        let mut changed = first.clone();
        changed.settings.apps = vec!["app-2".into()];
        unit.update_connection(&changed).await.unwrap();
        unit.save().await.unwrap();
        let mut unit = it.begin().await;
        assert_eq!(unit.connections().await.unwrap(), [changed, second]);
        unit.remove_connection(first.id).await.unwrap();
        assert_eq!(unit.connection(first.id).await.unwrap(), None);
    }
}

on_both_databases! {
    async fn a_picker_reads_back_in_every_state_and_goes_with_its_connection(it: Fixture) {
        let connection = connection(it, client(it).await).await;
        let account = it.account("anna").await.id;
        let (vault, now) = (&*it.ports.vault, it.ports.clock.now());
        let waiting = picker(it, &connection, account);
        let mut unit = it.begin().await;
        unit.add_picker(&waiting).await.unwrap();
        assert_eq!(unit.picker_for_update(waiting.token()).await.unwrap(), Some(waiting.clone()));
        let opened = waiting.open(b"browser", vault, now).unwrap();
        unit.update_picker(&opened).await.unwrap();
        assert_eq!(unit.picker_for_update(opened.token()).await.unwrap(), Some(opened.clone()));
        let answered = opened.answer(b"browser", vault, now).unwrap();
        unit.update_picker(&answered).await.unwrap();
        assert_eq!(unit.picker_for_update(answered.token()).await.unwrap(), Some(answered.clone()));
        unit.remove_connection(connection.id).await.unwrap();
        assert_eq!(unit.picker_for_update(answered.token()).await.unwrap(), None);
    }
}

on_both_databases! {
    async fn housekeeping_removes_pickers_a_day_after_their_end(it: Fixture) {
        let connection = connection(it, client(it).await).await;
        let account = it.account("anna").await.id;
        let old = picker(it, &connection, account);
        let mut unit = it.begin().await;
        unit.add_picker(&old).await.unwrap();
        unit.save().await.unwrap();
        let end = old.expires_at + TimeDelta::days(1);
        assert_eq!(it.store.housekeeping(end).await.unwrap().pickers, 0);
        assert_eq!(it.store.housekeeping(end + TimeDelta::seconds(1)).await.unwrap().pickers, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_is_not_on_the_disk() {
    let it = Fixture::new(kinlink_testkit::Kind::Sqlite).await;
    let connection = connection(&it, client(&it).await).await;
    let account = it.account("anna").await.id;
    let mut unit = it.begin().await;
    unit.add_picker(&picker(&it, &connection, account)).await.unwrap();
    unit.save().await.unwrap();
    let bytes = crate::at_rest::bytes_on_disk(&it);
    assert!(crate::at_rest::holds(&bytes, "app-1"), "what is no secret is found by this test");
    for secret in ["SESSION-SECRET", "STATE-SECRET"] {
        assert!(!crate::at_rest::holds(&bytes, secret), "{secret}");
    }
    it.close().await;
}
