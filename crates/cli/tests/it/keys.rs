//! The vault's keys are changed with several replicas at work, and what an old key sealed is sealed anew.

use std::path::Path;

use serde_json::{Value, json};

use crate::kinlink::{Kinlink, Said, on_both, patient, run_in};

fn with_keys(it: &Kinlink, file: &str, args: &[&str]) -> Said {
    it.run(&[args, &["--keys", file]].concat())
}

fn copy_keys(it: &Kinlink, to: &str) {
    std::fs::copy(it.folder.path().join("kinlink.keys.toml"), it.folder.path().join(to)).unwrap();
}

/// Each key with its state.
fn states(folder: &Path, file: &[&str]) -> Value {
    let listed = run_in(folder, &[&["keys", "list", "--json"][..], file].concat()).expect(0).out;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    listed.as_array().unwrap().iter().map(|row| json!([row["key"], row["state"]])).collect()
}

/// Another record, whose code is asked for: sealed and hashed by whoever runs this.
fn writes(it: &Kinlink, keys: &str, name: &str) -> Said {
    std::fs::write(it.folder.path().join("new.ndjson"), patient(name, 1)).unwrap();
    with_keys(it, keys, &["import", "new.ndjson", "--organization", "northside"])
}

fn reads(it: &Kinlink, keys: &str, name: &str) -> Said {
    with_keys(it, keys, &["invite", "--organization", "northside", "--patient", name])
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_get_a_key_before_it_is_used_read_what_it_seals_and_others_do_not() {
    on_both(async |it| {
        let current = "kinlink.keys.toml";
        it.import(&patient("p1", 1)).expect(0);
        copy_keys(it, "late.toml");
        let added = it.run(&["keys", "add"]).expect(0);
        assert!(
            added.out.contains("key 2") && added.err.contains("every replica"),
            "{}{}",
            added.out,
            added.err
        );
        copy_keys(it, "ready.toml");
        writes(it, current, "p2").expect(0);
        reads(it, "late.toml", "p2").expect(0);
        it.run(&["keys", "use", "2"]).expect(0);
        writes(it, current, "p3").expect(0);
        reads(it, "ready.toml", "p3").expect(0);
        reads(it, current, "p1").expect(0);
        assert!(reads(it, "late.toml", "p3").expect(4).err.contains("key 2 is not in the key ring"));
        assert!(it.run(&["keys", "use", "9"]).expect(2).err.contains("no key 9"));
        assert_eq!(states(it.folder.path(), &[]), json!([[1, "kept"], [2, "current"]]));
        assert_eq!(states(it.folder.path(), &["ready.toml"]), json!([[1, "current"], [2, "kept"]]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_retired_when_only_the_audit_needs_it_and_the_audit_is_still_checked() {
    on_both(async |it| {
        let client = ["client", "add", "--name", "Keycloak", "--organization", "northside", "--api-key"];
        let made = it.run(&client).expect(0).out;
        let client = made.split_whitespace().find(|word| word.starts_with("cli_")).unwrap();
        it.import(&(patient("p1", 1) + &patient("p2", 1))).expect(0);
        copy_keys(it, "before.toml");
        it.run(&["keys", "add"]).expect(0);
        it.run(&["keys", "use", "2"]).expect(0);
        assert!(it.run(&["keys", "retire", "2"]).expect(2).err.contains("current"));
        let needed = it.run(&["keys", "retire", "1"]).expect(2).err;
        assert!(needed.contains("2 rows of patient sealed") && needed.contains("api_key hashed"), "{needed}");

        let resealed = it.run(&["keys", "reseal"]).expect(0).out;
        assert!(resealed.contains("2 rows were sealed anew with key 2"), "{resealed}");
        assert!(it.run(&["keys", "reseal"]).expect(0).out.contains("0 rows were sealed anew"));
        let needed = it.run(&["keys", "retire", "1"]).expect(2).err;
        assert!(!needed.contains("sealed,") && needed.contains("1 rows of api_key hashed"), "{needed}");
        it.run(&["client", "rotate", client, "--overlap-hours", "0"]).expect(0);
        it.run(&["keys", "retire", "1"]).expect(0);

        let uses = it.run(&["keys", "list", "--uses", "--json"]).expect(0).out;
        let uses: Value = serde_json::from_str(&uses).unwrap();
        assert_eq!(
            (&uses[0]["state"], &uses[0]["sealed"], &uses[0]["hashed"]),
            (&json!("retired"), &json!(0), &json!(0))
        );
        assert!(uses[0]["audit"].as_u64().unwrap() > 0 && uses[1]["sealed"] == 2, "{uses}");
        reads(it, "kinlink.keys.toml", "p1").expect(0);
        it.run(&["audit", "verify"]).expect(0);
        let audit = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        assert_eq!(audit.matches("keys.reseal").count(), 1);
        assert!(reads(it, "before.toml", "p1").expect(4).err.contains("key 2 is not in the key ring"));
    })
    .await;
}

#[cfg(unix)]
#[test]
fn the_file_stays_private_its_keys_are_not_shown_and_what_is_not_read_is_not_changed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["keys", "generate"]).expect(0);
    let mut said = vec![run_in(folder.path(), &["keys", "add"]).expect(0)];
    said.push(run_in(folder.path(), &["keys", "use", "2"]).expect(0));
    said.push(run_in(folder.path(), &["keys", "list"]).expect(0));
    let file = folder.path().join("kinlink.keys.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let secrets: Vec<&str> = text.split('"').filter(|part| part.len() == 44).collect();
    assert_eq!(secrets.len(), 3, "an index key and two others");
    for said in said {
        assert!(secrets.iter().all(|secret| !said.out.contains(secret) && !said.err.contains(secret)));
    }
    let mut in_variable = crate::kinlink::command(folder.path());
    let refused = in_variable.args(["keys", "add"]).env("KINLINK_KEYS", &text).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
