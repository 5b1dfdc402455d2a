//! An operator has a login, and asks what it opens.

use std::sync::Arc;

use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    service::{
        Outlets, Ports,
        redeem::{Redeem, Redeemed, redeem},
    },
    store::Store,
};
use kinlink_persistence::SeaStore;
use kinlink_vault::{KeyRing, OsRandom, SystemClock};
use serde_json::Value;

use crate::kinlink::{Kinlink, on_both, patient};

const ISS: &str = "https://login.example";
const ASK: [&str; 7] = ["explain", "--organization", "northside", "--iss", ISS, "--sub", "anna"];

/// Redeems a code as `anna`: the command has no way to.
async fn redeems(it: &Kinlink, code: &str) {
    let vault = Arc::new(KeyRing::load(&it.folder.path().join("kinlink.keys.toml")).unwrap());
    let (clock, random) = (Arc::new(SystemClock), Arc::new(OsRandom));
    let ports = Ports { clock, random, vault, outlets: Outlets::default() };
    let store = SeaStore::new(it.database.database().clone(), ports.clone());
    let key = AccountKey { iss: Iss::parse(ISS).unwrap(), sub: Sub::parse("anna").unwrap() };
    let mut unit = store.begin().await.unwrap();
    let account = unit.ensure_account(&key, ports.clock.now()).await.unwrap();
    let request = Redeem { account: &account, code, birth_date: None, asserted: None, address: "test" };
    let redeemed = redeem(&mut *unit, &ports, &request).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Created(_)), "{redeemed:?}");
    unit.save().await.unwrap();
}

fn word(text: &str, prefix: &str) -> String {
    text.split_whitespace().find(|word| word.starts_with(prefix)).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_told_with_its_account_its_links_their_proofs_and_what_is_answered() {
    on_both(async |it| {
        it.import(&format!("{}{}", patient("p1", 1), patient("p2", 1))).expect(0);
        let before = it.run(&ASK).expect(0);
        assert!(
            before.out.contains("never seen this login") && before.out.contains("no record"),
            "{}",
            before.out
        );
        assert!(before.err.contains("does not trust https://login.example"), "{}", before.err);
        let trust =
            ["issuer", "add", "--organization", "northside", "--audience", "k", "--accounts", "--iss", ISS];
        it.run(&trust).expect(0);
        let invited = it.run(&["invite", "--organization", "northside", "--patient", "p1"]).expect(0).out;
        let code = invited.lines().find_map(|line| line.strip_prefix("code ")).unwrap().trim().to_owned();
        redeems(it, &code).await;

        let told = it.run(&ASK).expect(0);
        let account = word(&told.out, "acc_");
        for expected in [
            "https://fhir.example/r4/Patient/p1, as the patient",
            "record p1, the patient; now active",
            "this link opens the record",
            "+ Nobody has ended or suspended it.",
            &format!("by the account {account}."),
            &word(&invited, "inv_"),
            "(in_person), issued on",
            "by an operator.",
            "Evidence: code_redeemed, ",
            "channel in_person",
            "; valid; by itself IAL1, level1",
        ] {
            assert!(told.out.contains(expected), "{expected} is missing in {}", told.out);
        }
        assert_eq!(told.err, "");
        let as_json = |more: &[&str]| -> Value {
            serde_json::from_str(&it.run(&[&ASK[..], more, &["--json"]].concat()).expect(0).out).unwrap()
        };
        let now = as_json(&[]);
        assert_eq!(
            (&now["account"], &now["answer"][0]["fhirUser"]),
            (&account.as_str().into(), &"https://fhir.example/r4/Patient/p1".into())
        );
        assert_eq!((&now["links"][0]["live"], &now["links"][0]["recorded"]), (&true.into(), &"known".into()));
        assert_eq!(now["links"][0]["evidence"][0]["fact"]["type"], "code_redeemed");
        let past = as_json(&["--at", "2020-01-01T00:00:00Z"]);
        assert_eq!(
            (&past["answer"], &past["links"][0]["recorded"]),
            (&Value::Array(Vec::new()), &"not_yet_made".into())
        );
        assert_eq!(as_json(&["--record", "p2"])["links"], Value::Array(Vec::new()));
        assert_eq!(as_json(&["--record", "p1"])["links"][0]["record"], "p1");
        let stranger = ["explain", "--organization", "northside", "--iss", ISS, "--sub", "Anna"];
        assert!(it.run(&stranger).expect(0).out.contains("It has no such link there, and never had."));
        let audit = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        assert_eq!(audit.matches("\"account.read\"").count(), 7, "{audit}");
        assert!(!audit.contains("\"anna\""), "no sub in the audit");

        let end = [
            "end",
            "--organization",
            "northside",
            "--iss",
            ISS,
            "--sub",
            "anna",
            "--reason",
            "fraud",
            "--yes",
        ];
        it.run(&end).expect(0);
        let ended = it.run(&ASK).expect(0).out;
        for expected in ["no record", "now revoked", "by an operator: fraud, or the suspicion of it."] {
            assert!(ended.contains(expected), "{expected} is missing in {ended}");
        }
        it.run(&["audit", "verify"]).expect(0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_login_and_no_moment_is_refused() {
    on_both(async |it| {
        let refused = |args: &[&str]| {
            it.run(&[&["explain", "--organization", "northside"][..], args].concat()).expect(2).err
        };
        assert!(refused(&["--iss", "login.example", "--sub", "anna"]).contains("--iss"));
        assert!(refused(&["--iss", ISS, "--sub", ""]).contains("--sub"));
        assert!(refused(&["--iss", ISS, "--sub", "anna", "--at", "yesterday"]).contains("--at"));
        assert!(refused(&["--iss", ISS]).contains("--sub"));
        let end = ["end", "--organization", "northside", "--reason", "fraud"];
        for wrong in
            [&["--iss", ISS][..], &["--sub", "anna"], &["--iss", ISS, "--sub", "a", "--record", "p1"], &[]]
        {
            it.run(&[&end[..], wrong].concat()).expect(2);
        }
    })
    .await;
}
