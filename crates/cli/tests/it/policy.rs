use kinlink_testkit::Kind;

use crate::kinlink::{Kinlink, on_both, run_in};

const EXAMPLE: &str = include_str!("../../../../policy.example.toml");

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.toml"), text).unwrap();
    folder
}

fn uncommented() -> String {
    let set = |line: &'static str| line.strip_prefix("#: ").or_else(|| line.starts_with('[').then_some(line));
    EXAMPLE.lines().filter_map(set).collect::<Vec<_>>().join("\n")
}

/// Every member that is not itself a table, by its path.
fn members(path: &str, table: &toml::Table) -> Vec<(String, toml::Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            toml::Value::Table(table) => found.extend(members(&path, table)),
            other => found.push((path, other.clone())),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_file_and_the_page_list_every_member_with_its_default() {
    let it = Kinlink::new(Kind::Sqlite).await.with_organization();
    let shown = it.run(&["policy", "show", "--organization", "northside"]).expect(0).out;
    let page = include_str!("../../../../docs/policy.md");
    let example = toml::Value::Table(uncommented().parse().unwrap());
    for (member, value) in members("", &shown.parse().unwrap()) {
        assert!(page.contains(&format!("| `{member}` |")), "docs/policy.md lacks {member}");
        let given = member.split('.').try_fold(&example, |at, name| at.get(name));
        assert_eq!(given, Some(&value), "policy.example.toml has something else for {member}");
    }
    std::fs::write(it.folder.path().join("example.toml"), uncommented()).unwrap();
    let said = it.run(&["policy", "check", "example.toml", "--organization", "northside"]).expect(0).out;
    assert!(said.contains("0 errors, 0 warnings") && said.contains("it would change 0 members"), "{said}");
    let federated: Vec<&str> = EXAMPLE
        .lines()
        .skip_while(|line| !line.starts_with("# [[proofing.federated]]"))
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim_start_matches("# "))
        .collect();
    std::fs::write(it.folder.path().join("federated.toml"), federated.join("\n")).unwrap();
    let said = it.run(&["policy", "check", "federated.toml", "--organization", "northside"]).expect(0).out;
    assert!(said.contains("0 errors, 0 warnings") && said.contains("does not accept accounts of"), "{said}");
    it.close().await;
}

#[test]
fn a_wrong_file_is_explained_with_line_and_column() {
    let text = "[code_validity]\nphone_minutes = 30\nemail_hour = 12\n[proofing]\ndocuments = \"any\"\n";
    let said = run_in(folder_with(text).path(), &["policy", "check", "policy.toml"]).expect(1).out;
    assert!(said.contains("policy.toml:2:1: error") && said.contains("NIST SP 800-63A"), "{said}");
    assert!(said.contains("policy.toml:3:1: error: unknown member `email_hour`"), "{said}");
    assert!(said.contains("did you mean `email_hours`?"), "{said}");
    assert!(said.contains("policy.toml:5:1: warning"), "{said}");
    assert!(said.contains("2 errors, 1 warnings"), "{said}");
}

#[test]
fn explain_says_what_evidence_is_worth_why_and_what_would_raise_it() {
    let folder = folder_with("[proofing]\ndocument_and_code_is_ial2 = false\n");
    let explain = |args: &[&str]| run_in(folder.path(), &[&["policy", "explain"], args].concat());
    let both = ["--evidence", "document_seen:passport", "--evidence", "code:post:on_record"];
    let said = explain(&both).expect(0).out;
    assert!(said.contains("IAL2, level4") && said.contains("It can carry a link"), "{said}");
    let said = explain(&[&both[..], &["policy.toml"]].concat()).expect(0).out;
    assert!(said.contains("worth IAL1, level4"), "{said}");
    assert!(said.contains("to IAL2, level4, if `proofing.document_and_code_is_ial2` is true"), "{said}");
    let said = explain(&["--evidence", "match"]).expect(0).out;
    assert!(said.contains("worth IAL1, level1") && said.contains("makes no link"), "{said}");
    let said = explain(&["--evidence", "document_seen:library_card"]).expect(2).err;
    assert!(said.contains("driving_licence"), "{said}");
    assert!(explain(&["--evidence", "charm"]).expect(2).err.contains("birth_date"));
    let federated = "federated:iss=https://eid.example,acr=high";
    explain(&["--evidence", federated, "--evidence", "birth_date", "--evidence", "contact:email"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_put_in_force_audited_and_shown_again() {
    on_both(async |it| {
        let file = it.folder.path().join("policy.toml");
        std::fs::write(&file, "minimum_assurance = \"IAL2\"\n[proofing]\ndocuments = \"nist\"\n").unwrap();
        let set = ["policy", "set", "policy.toml", "--organization", "northside"];
        let said = it.run(&set).expect(0).out;
        assert!(said.contains("2 members changed") && said.contains("\"IAL1\" → \"IAL2\""), "{said}");
        assert!(said.contains("0 links looked at again"), "{said}");
        assert!(it.run(&set).expect(0).out.contains("0 members changed"));
        let json = it.run(&["policy", "show", "--organization", "northside", "--json"]).expect(0).out;
        let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&shown["minimum_assurance"], &shown["proofing"]["documents"]),
            (&"IAL2".into(), &"nist".into())
        );
        let audit = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        assert_eq!(audit.matches("proofing.documents").count(), 1, "{audit}");
        it.run(&["audit", "verify"]).expect(0);

        std::fs::write(&file, "invitation_attempts = 0\n").unwrap();
        let said = it.run(&set).expect(3).err;
        assert!(said.contains("policy.toml:1:1: error: invitation_attempts"), "{said}");
        let add =
            ["organization", "add", "second", "--name", "S", "--fhir-base", "https://f.example", "--policy"];
        it.run(&[&add[..], &["policy.toml"]].concat()).expect(3);
        std::fs::write(&file, "invitation_attempts = 7\n").unwrap();
        it.run(&[&add[..], &["policy.toml"]].concat()).expect(0);
        let shown = it.run(&["policy", "show", "--organization", "second"]).expect(0).out;
        assert!(shown.contains("invitation_attempts = 7"), "{shown}");
        it.run(&["policy", "reassess", "--organization", "second"]).expect(0);
    })
    .await;
}
