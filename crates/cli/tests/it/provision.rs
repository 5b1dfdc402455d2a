use std::sync::Arc;

use kinlink_testkit::{KeycloakDouble, UserProfile};
use kinlink_vault::SystemClock;

use crate::kinlink::{Kinlink, on_both, patient, run_in};

/// Trusts the double's realm.
fn trust(it: &Kinlink, issuer: &str) {
    let args = ["issuer", "add", "--organization", "northside", "--audience", "k", "--accounts", "--iss"];
    it.run(&[&args[..], &[issuer]].concat()).expect(0);
}

/// An account with a link, made behind everybody's back: the command has no way to redeem.
async fn link(it: &Kinlink, issuer: &str) {
    it.import(&patient("p1", 1)).expect(0);
    let hex = |byte: &str| {
        if it.database.url().starts_with("sqlite") {
            format!("x'{}'", byte.repeat(16))
        } else {
            format!("'{}'", byte.repeat(16))
        }
    };
    let (account, link) = (hex("aa"), hex("bb"));
    it.database.tamper(&format!("insert into account (id, iss, sub, created_at) values ({account}, '{issuer}', 'anna', '2026-01-01T00:00:00+00:00')")).await;
    it.database
        .tamper(&format!(
            "insert into link (account_id, id, version, organization_id, patient_id, fhir_id, role, permissions, period_start, \
               ial, assurance_level, record_usable, created_at, updated_at, status) \
             select {account}, {link}, 1, organization_id, id, fhir_id, 'self', 'patient/*.cruds', '2026-01-01T00:00:00+00:00', \
               'IAL2', 'level3', true, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', 'revoked' from patient"
        ))
        .await;
}

#[test]
fn each_step_teaches_how_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    for step in ["add", "list", "show", "update", "remove", "check", "reconcile", "status"] {
        run_in(folder.path(), &["provision", step, "--help"]).expect(0);
    }
    let help = run_in(folder.path(), &["provision", "--help"]).expect(0).out;
    assert!(help.contains("docs/connect/keycloak.md") && help.contains("two o'clock"), "{help}");
}

/// Shows what a reconcile would do with an attribute that somebody set by hand, and does not do it.
fn dry_run(it: &Kinlink, double: &KeycloakDouble, id: &str) {
    assert!(
        it.run(&["provision", "reconcile", id, "--dry-run", "--last"])
            .expect(2)
            .err
            .contains("none has ended")
    );
    let told = it.run(&["provision", "reconcile", id, "--dry-run", "--list"]).expect(1).out;
    for line in [
        "1 of 1 accounts looked at, nothing written",
        "would be cleared  1",
        "acc_aaaa",
        "by hand; nothing is open",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let again = it.run(&["provision", "reconcile", id, "--dry-run", "--last", "--json"]).expect(1).out;
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    let account = &again["accounts"][0];
    assert_eq!((&again["dry_run"], &again["report"]["counts"]["cleared"]), (&true.into(), &1.into()));
    assert_eq!((&account["change"], &account["drift"]), (&"cleared".into(), &"by_hand".into()));
    assert!(!again.to_string().contains("anna") && !told.contains("anna"));
    assert_eq!(double.count("PUT"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_added_checked_reconciled_and_removed_and_its_secret_is_never_shown() {
    on_both(async |it| {
        let double = KeycloakDouble::start(Arc::new(SystemClock));
        double.change_secret("very-s3cret");
        double.add_user("anna");
        let issuer = format!("{}/realms/patients", double.url());
        std::fs::write(it.folder.path().join("secret.txt"), "very-s3cret\n").unwrap();
        let add = [
            "provision",
            "add",
            "--organization",
            "northside",
            "--kind",
            "keycloak",
            "--client-id",
            "kinlink",
            "--secret-file",
            "secret.txt",
            "--issuer",
            &issuer,
        ];
        assert!(it.run(&add).expect(2).err.contains("kinlink issuer add"));
        trust(it, &issuer);
        link(it, &issuer).await;
        let added = it.run(&add).expect(0);
        let id = added.out.trim().to_owned();
        assert!(id.starts_with("prv_") && added.err.contains("1 accounts are due"), "{}", added.err);

        let wrong_kind = it.run(&add.map(|word| if word == "keycloak" { "graph" } else { word })).expect(2);
        assert!(wrong_kind.err.contains("login.microsoftonline.com"), "{}", wrong_kind.err);
        let mut said = vec![added];
        said.push(it.run(&["provision", "check", &id]).expect(0));
        double.set_profile(UserProfile::Unmanaged);
        let checked = it.run(&["provision", "check", &id]).expect(1);
        assert!(checked.out.contains("does not keep fhirUser"), "{}", checked.out);
        double.set_profile(UserProfile::Declared);

        double.set_attribute("anna", "fhirUser", &["https://fhir.example/r4/Patient/p9"]);
        dry_run(it, &double, &id);
        let reconciled = it.run(&["provision", "reconcile", &id]).expect(0);
        assert!(
            reconciled.out.contains("1 looked at") && reconciled.out.contains("1 written"),
            "{}",
            reconciled.out
        );
        assert!(double.attribute("anna", "fhirUser").is_empty(), "its link is revoked");

        said.push(it.run(&["provision", "show", &id]).expect(0));
        said.push(it.run(&["provision", "list"]).expect(0));
        said.push(it.run(&["provision", "status", "--json"]).expect(0));
        assert!(said[4].out.contains("\"outcome\": \"completed\""), "{}", said[4].out);
        let in_order = it.run(&["provision", "reconcile", &id, "--dry-run"]).expect(0);
        assert!(in_order.out.contains("right already     1"), "{}", in_order.out);
        said.push(it.run(&["provision", "update", &id, "--off"]).expect(0));
        said.push(it.run(&["provision", "reconcile", &id, "--dry-run"]).expect(0));
        assert!(it.run(&["provision", "reconcile", &id]).expect(2).err.contains("--on"));
        said.push(it.run(&["provision", "update", &id, "--on"]).expect(0));
        assert!(it.run(&["provision", "update", &id]).expect(2).err.contains("nothing to change"));

        double.set_attribute("anna", "fhirUser", &["left over"]);
        assert!(it.run(&["provision", "remove", &id]).expect(2).err.contains("--clear"));
        said.push(it.run(&["provision", "remove", &id, "--clear"]).expect(0));
        assert!(double.attribute("anna", "fhirUser").is_empty());
        assert!(it.run(&["provision", "show", &id]).expect(2).err.contains("there is no server"));
        for said in said {
            assert!(!said.out.contains("s3cret") && !said.err.contains("s3cret"), "{}{}", said.out, said.err);
        }
        double.stop().await;
    })
    .await;
}
