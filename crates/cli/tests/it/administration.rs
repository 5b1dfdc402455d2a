use crate::kinlink::{Kinlink, on_both, run_in};
use kinlink_testkit::Kind;

#[test]
fn help_teaches_the_first_steps_and_every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let help = run_in(folder.path(), &["--help"]).expect(0).out;
    assert!(help.contains("kinlink demo --walkthrough") && help.contains("Exit codes"));
    for command in [
        "serve",
        "demo",
        "migrate",
        "config",
        "organization",
        "policy",
        "issuer",
        "client",
        "import",
        "provision",
        "invite",
        "audit",
        "keys",
    ] {
        assert!(help.contains(command), "{command}");
        run_in(folder.path(), &[command, "--help"]).expect(0);
    }
    run_in(folder.path(), &["nonsense"]).expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_down_and_up_again() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let it = Kinlink::new(kind).await;
        let pending = |it: &Kinlink| it.run(&["migrate", "status"]).expect(0).out.contains("pending");
        assert!(!pending(&it));
        it.run(&["migrate", "down"]).expect(2);
        it.run(&["migrate", "down", "--yes-delete-everything-in-them"]).expect(0);
        assert!(pending(&it));
        assert!(it.run(&["organization", "list"]).expect(3).err.contains("kinlink migrate up"));
        it.run(&["migrate", "up"]).expect(0);
        it.run(&["migrate", "up"]).expect(0);
        assert!(!pending(&it));
        it.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_issuers_and_clients_are_kept() {
    on_both(async |it| {
        let again = ["organization", "add", "northside", "--name", "N", "--fhir-base", "https://f.example"];
        assert!(it.run(&again).expect(2).err.contains("already"));
        let issuer = [
            "issuer",
            "add",
            "--organization",
            "northside",
            "--iss",
            "https://login.example",
            "--audience",
            "k",
        ];
        assert!(it.run(&issuer).expect(2).err.contains("trusted for nothing"));
        it.run(&[&issuer[..], &["--accounts"]].concat()).expect(0);
        let other_subject = [&issuer[..], &["--accounts", "--subject-claim", "oid"]].concat();
        assert!(it.run(&other_subject).expect(2).err.contains("`sub` already"));
        let listed = it.run(&["issuer", "list", "--organization", "northside", "--json"]).expect(0).out;
        assert!(listed.contains("\"https://login.example\""));

        let add = ["client", "add", "--name", "Keycloak", "--organization", "northside"];
        it.run(&add).expect(2);
        let made = it.run(&[&add[..], &["--api-key"]].concat()).expect(0).out;
        let id = made.split_whitespace().find(|word| word.starts_with("cli_")).unwrap();
        assert!(made.contains("klk_"));
        it.run(&["client", "rotate", id]).expect(0);
        it.run(&["client", "disable", id]).expect(0);
        let listed = it.run(&["client", "list", "--json"]).expect(0).out;
        assert!(listed.contains("\"enabled\": false") && listed.contains("\"live_api_keys\": 2"));
        assert!(!listed.contains("klk_"), "a key is shown once");
        it.run(&["client", "enable", id]).expect(0);
    })
    .await;
}
