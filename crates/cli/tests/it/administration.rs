use crate::{
    killed::{serve, stop_gracefully},
    kinlink::{Kinlink, on_both, run_in},
};
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
        "connect",
        "import",
        "pull",
        "provision",
        "invite",
        "audit",
        "events",
        "keys",
        "signing-keys",
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
async fn an_older_program_works_on_a_newer_schema_and_says_so() {
    on_both(async |it| {
        let later = "insert into seaql_migrations (version, applied_at) values ('m29991231_000001_later', 1)";
        it.database.tamper(later).await;
        let listed = it.run(&["organization", "list"]).expect(0);
        assert!(listed.out.contains("northside") && listed.err.contains("newer than this program"));
        assert!(it.run(&["migrate", "up"]).expect(0).out.contains("nothing was done"));
        assert!(it.run(&["migrate", "status"]).expect(0).out.contains("by a newer program"));
        assert!(it.run(&["config", "check"]).out.contains("newer than this program"));
        it.run(&["migrate", "down", "--yes-delete-everything-in-them"]).expect(4);
        let (child, url) = serve(it);
        let health = reqwest::get(format!("{url}/health/ready")).await.unwrap();
        assert_eq!(health.status(), 200);
        assert!(health.text().await.unwrap().contains("newer"));
        stop_gracefully(child);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_shown_and_changed_and_its_audit_tells_of_it() {
    on_both(async |it| {
        let update = |rest: &[&str]| it.run(&[&["organization", "update", "northside"][..], rest].concat());
        let show = || it.run(&["organization", "show", "northside", "--json"]).expect(0).out;
        update(&[]).expect(2);
        update(&["--fhir-base", "ftp://fhir.example"]).expect(2);
        update(&["--name", " "]).expect(2);
        let unknown = ["organization", "update", "southside", "--name", "S"];
        assert!(it.run(&unknown).expect(2).err.contains("no organization `southside`"));
        it.run(&["organization", "show", "southside"]).expect(2);
        assert!(update(&["--name", "Northside"]).expect(0).out.contains("as before"));

        let said = update(&["--name", "Northside Hospital", "--fhir-base", "https://new.example/fhir/"])
            .expect(0)
            .out;
        assert!(said.contains("Northside → Northside Hospital"), "{said}");
        let retell = |slug: &str| it.run(&["events", "retell", "--organization", slug]);
        assert!(retell("northside").expect(0).out.contains("0 links are told of"));
        assert!(retell("southside").expect(2).err.contains("no organization `southside`"));
        let shown: serde_json::Value = serde_json::from_str(&show()).unwrap();
        assert_eq!(
            (&shown["name"], &shown["fhir_base"]),
            (&"Northside Hospital".into(), &"https://new.example/fhir".into())
        );
        assert!(
            it.run(&["organization", "show", "northside"]).expect(0).out.contains("https://new.example/fhir")
        );
        let audit = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        let told = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["detail"].clone();
        let changes: Vec<_> =
            audit.lines().filter(|line| line.contains("organization.configure")).map(told).collect();
        assert_eq!(changes.len(), 2, "added, and changed once");
        assert_eq!(
            changes[1],
            serde_json::json!({
                "name": {"from": "Northside", "to": "Northside Hospital"},
                "fhir_base": {"from": "https://fhir.example/r4", "to": "https://new.example/fhir"},
            })
        );
    })
    .await;
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

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_made_shown_changed_and_removed() {
    on_both(async |it| {
        let add = ["client", "add", "--name", "Entra", "--organization", "northside", "--api-key"];
        let made = it.run(&add).expect(0).out;
        let client = made.split_whitespace().find(|word| word.starts_with("cli_")).unwrap();
        let issuer = "https://login.microsoftonline.com/t1/v2.0";
        let add = |server: &str, rest: &[&str]| {
            let base =
                ["connect", "add", "--client", client, "--organization", "northside", "--server", server];
            it.run(&[&base[..], &["--issuer", issuer], rest].concat())
        };
        assert!(add("entra", &[]).expect(2).err.contains("needs --audience"));
        assert!(add("okta", &["--audience", "x"]).expect(2).err.contains("are for --server entra"));
        assert!(add("okta", &["--several", "picker"]).expect(2).err.contains("cannot send the browser"));
        for server in ["smart", "auth0", "oidc-provider"] {
            assert!(add(server, &["--several", "picker"]).expect(2).err.contains("--return-url"), "{server}");
        }
        assert!(
            add("okta", &["--claim", "patient=sub"]).expect(2).err.contains("authorization server's own")
        );
        assert!(add("okta", &["--return-url", "http://far.example/"]).expect(2).err.contains("https"));
        let added = add("entra", &["--audience", "app-1", "--app", "app-2"]).expect(0);
        assert!(added.err.contains("does not trust") && added.err.contains("docs/connect/entra.md"));
        let id = added.out.split_whitespace().find(|word| word.starts_with("con_")).unwrap().to_owned();
        assert!(added.out.contains(&format!("/hooks/entra/{id}")));
        let update = |rest: &[&str]| it.run(&[&["connect", "update", &id][..], rest].concat());
        assert!(update(&[]).expect(2).err.contains("nothing would change"));
        let changes =
            ["--claim", "patient=p", "--several", "self", "--clear", "apps", "--minimum-assurance", "IAL2"];
        update(&[&changes[..], &["--unasked", "give"]].concat()).expect(0);
        let shown: serde_json::Value =
            serde_json::from_str(&it.run(&["connect", "show", &id]).expect(0).out).unwrap();
        let settings = &shown["settings"];
        assert_eq!(settings["claims"], serde_json::json!([{"member": "patient", "name": "p"}]));
        assert_eq!((&settings["several"], &settings["minimum_assurance"]), (&"self".into(), &"IAL2".into()));
        assert_eq!(settings["server"], serde_json::json!({"kind": "entra", "audience": "app-1"}));
        assert!(settings["apps"].is_null());
        assert_eq!(settings["unasked"], "give");
        let former =
            serde_json::json!({"claims": ["fhirUser", "patient"], "apps": ["app-2"], "every_app": false});
        assert_eq!(settings["former"], former);
        assert!(it.run(&["connect", "list"]).expect(0).out.contains("Entra"));
        it.run(&["connect", "remove", &id]).expect(0);
        it.run(&["connect", "show", &id]).expect(2);
        let audit = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        assert_eq!(audit.matches(&id).count(), 3, "added, changed, removed");
    })
    .await;
}
