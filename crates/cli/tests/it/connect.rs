use serde_json::json;

use crate::{
    killed::{codes, provider, serve, stop_gracefully},
    kinlink::{Kinlink, on_both},
};

/// The id of a connection of this kind.
fn connect(it: &Kinlink, client: &str, issuer: &str, server: &str, rest: &[&str]) -> String {
    let base = ["connect", "add", "--client", client, "--organization", "northside", "--server", server];
    let added = it.run(&[&base[..], &["--issuer", issuer], rest].concat()).expect(0).out;
    added.split_whitespace().find(|word| word.starts_with("con_")).unwrap().to_owned()
}

/// A client's id and its API key, which is written to a file.
fn client(it: &Kinlink, name: &str) -> (String, String) {
    let made =
        it.run(&["client", "add", "--name", name, "--organization", "northside", "--api-key"]).expect(0).out;
    let word = |start: &str| made.split_whitespace().find(|word| word.starts_with(start)).unwrap().to_owned();
    let file = format!("{name}.key");
    std::fs::write(it.folder.path().join(&file), word("klk_")).unwrap();
    (word("cli_"), file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_tried_with_what_its_server_would_send() {
    let (idp, provider) = provider();
    on_both(async |it| {
        let issuer = idp.issuer();
        let trust =
            ["issuer", "add", "--organization", "northside", "--iss", issuer, "--audience", "kinlink"];
        it.run(&[&trust[..], &["--accounts"]].concat()).expect(0);
        let code = codes(it, 1).remove(0);
        let (id, key) = client(it, "server");
        let (_, foreign) = client(it, "other");
        let (child, url) = serve(it);
        let redeem = reqwest::Client::new().post(format!("{url}/v1/invitations/redeem"));
        let token = idp.token("anna", &json!({})).unwrap();
        let redeemed = redeem.bearer_auth(token).json(&json!({"code": code})).send().await.unwrap();
        assert_eq!(redeemed.status(), 201);

        let test = |connection: &str, rest: &[&str]| {
            it.run(&[&["connect", "test", connection, "--url", &url][..], rest].concat())
        };
        for server in ["okta", "hydra", "auth0", "cognito", "oidc-provider", "smart"] {
            let connection = connect(it, &id, issuer, server, &[]);
            let told = test(&connection, &["--sub", "anna", "--key-file", &key]).expect(0);
            assert!(
                told.err.contains("gives this login fhirUser and patient"),
                "{server}: {}{}",
                told.out,
                told.err
            );
            assert!(told.out.contains("Patient/p0"), "{server}: {}", told.out);
            let nobody = ["--sub", "nobody", "--key-file", &key];
            // Of what they granted, these two take nothing back.
            if matches!(server, "okta" | "hydra") {
                let none = test(&connection, &nobody).expect(1);
                assert!(none.err.contains("there shall be no token"), "{server}: {}", none.err);
            } else {
                let none = test(&connection, &nobody).expect(0);
                assert!(none.err.contains("gives this login no claim"), "{server}: {}", none.err);
            }
            let modest = [&nobody[..], &["--scope", "openid fhirUser launch/patient"]].concat();
            let none = test(&connection, &modest).expect(0);
            assert!(none.err.contains("gives this login no claim"), "{server}: {}", none.err);
        }
        let okta = connect(it, &id, issuer, "okta", &["--app", "app-1"]);
        test(&okta, &["--sub", "anna", "--key-file", &key]).expect(0);
        let other = test(&okta, &["--sub", "anna", "--key-file", &key, "--app", "app-2"]).expect(0);
        assert!(other.err.contains("the app is none"), "{}", other.err);
        let refused = test(&okta, &["--sub", "anna", "--key-file", &foreign]).expect(1);
        assert!(refused.err.contains("another client's"), "{}", refused.err);
        std::fs::write(it.folder.path().join("wrong.key"), "klk_wrong").unwrap();
        let wrong = test(&okta, &["--sub", "anna", "--key-file", "wrong.key"]).expect(1);
        assert!(wrong.err.contains("is not accepted"), "{}", wrong.err);
        assert!(test(&okta, &["--sub", "anna"]).expect(2).err.contains("--key-file"));
        std::fs::write(it.folder.path().join("body.json"), "{}").unwrap();
        let form = test(&okta, &["--body", "body.json", "--key-file", &key]).expect(1);
        assert!(form.err.contains("there shall be no token, and why"), "{}", form.err);
        let auth0 = connect(it, &id, issuer, "auth0", &[]);
        let form = test(&auth0, &["--body", "body.json", "--key-file", &key]).expect(1);
        assert!(form.err.contains("cannot take this request"), "{}", form.err);
        let entra = connect(it, &id, issuer, "entra", &["--audience", "app-1"]);
        assert!(test(&entra, &["--sub", "anna"]).expect(0).err.contains("refuses whoever is not Entra"));
        let refusing = connect(it, &id, issuer, "hydra", &["--without-record", "refuse"]);
        let no_token = test(&refusing, &["--sub", "nobody", "--key-file", &key]).expect(1);
        assert!(no_token.err.contains("there shall be no token"), "{}", no_token.err);
        stop_gracefully(child);
        let silent = test(&okta, &["--sub", "anna", "--key-file", &key]).expect(1);
        assert!(silent.out.contains("Nothing answers at"), "{}", silent.out);
    })
    .await;
    provider.stop(false).await;
}
