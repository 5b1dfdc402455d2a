use std::time::Duration;

use chrono::TimeDelta;
use kinlink_domain::{
    access::Access,
    link::{Link, Period},
    provisioning::{Cause, Counts, Ended, ProvisioningTarget, RunKind, RunPhase, TargetState},
};
use kinlink_testkit::{Trouble, on_both_databases};

use crate::stage::{
    P1, begin, change, counts, finish, link, linked, provisioner, reads, step, with_keycloak,
};

on_both_databases! {
    async fn every_kind_of_drift_is_found_counted_and_mended(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["right", "emptied", "by-hand", "gone"]).await;
        double.add_user("ending");
        let ending = link(it, &it.account("ending").await, "p2").await;
        // Closed by the clock alone, and nobody looks at what is due.
        let end = Some(it.ports.clock.now() + TimeDelta::days(1));
        let ends = Link { version: 2, period: Period { end, ..ending.period }, ..ending };
        let mut unit = it.begin().await;
        unit.update_link(&ends).await.unwrap();
        unit.save().await.unwrap();
        provisioner(it).send_due().await.unwrap();
        it.clock.advance(TimeDelta::days(2));
        double.set_attribute("emptied", "fhirUser", &[]);
        double.set_attribute("by-hand", "fhirUser", &["https://fhir.here.example/r4/Patient/p3"]);
        double.remove_user("gone");
        link(it, &it.account("anna").await, "p3").await;

        assert!(begin(it, &target, RunKind::Reconcile).await);
        let run = finish(&provisioner(it)).await;
        let report = run.last.unwrap();
        let expected = Counts {
            checked: 6, right: 1, waiting: 1, missing: 1, by_hand: 1, stale: 1, gone: 1, corrected: 4, set: 2, changed: 1,
            cleared: 1,
            ..Counts::default()
        };
        assert_eq!((report.counts, report.total, report.ended), (expected, 6, Ended::Completed));
        for name in ["right", "emptied", "by-hand"] {
            assert_eq!(double.attribute(name, "fhirUser"), [P1], "{name}");
        }
        assert!(double.attribute("ending", "fhirUser").is_empty());
        assert_eq!(counts(it, &target).await.pending, 0, "what waited was sent");

        begin(it, &target, RunKind::Reconcile).await;
        let again = finish(&provisioner(it)).await.last.unwrap().counts;
        assert_eq!((again.right, again.drifted(), again.corrected), (5, 1, 0), "the gone stay gone");
        double.stop().await;
    }
}

on_both_databases! {
    async fn what_was_interrupted_is_gone_on_with_by_another_replica(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let names: Vec<String> = (0..60).map(|number| format!("person-{number}")).collect();
        linked(it, &double, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        begin(it, &target, RunKind::Reconcile).await;
        let before = reads(&double);
        let run = step(&provisioner(it)).await.unwrap();
        assert_eq!((run.phase, run.counts.checked), (RunPhase::Running, 25));
        let report = finish(&provisioner(it)).await.last.unwrap();
        assert_eq!((report.counts.checked, report.counts.right), (60, 60));
        assert_eq!(reads(&double) - before, 60, "each was read once");
        double.stop().await;
    }
}

on_both_databases! {
    async fn one_replica_at_a_time_goes_on_with_it(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna"]).await;
        begin(it, &target, RunKind::Reconcile).await;
        assert!(!begin(it, &target, RunKind::Reconcile).await, "it is under way");
        double.trouble(&[Trouble { delay: Duration::from_millis(600), ..Trouble::status(503) }]);
        let (one, two) = (provisioner(it), provisioner(it));
        let late = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            step(&two).await.is_some()
        };
        let (first, second) = tokio::join!(step(&one), late);
        assert_eq!((first.unwrap().failures, second), (1, false));
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_server_that_asks_for_a_pause_gets_it_and_the_reconcile_ends_after_all(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna", "ben"]).await;
        for name in ["anna", "ben"] {
            let held = if name == "anna" { P1 } else { "by hand" };
            double.set_attribute(name, "fhirUser", &[held]);
        }
        begin(it, &target, RunKind::Reconcile).await;
        double.trouble(&[Trouble { retry_after: Some("300"), ..Trouble::status(429) }]);
        let provisioner = provisioner(it);
        assert_eq!(step(&provisioner).await.unwrap().counts.checked, 0);
        it.clock.advance(TimeDelta::seconds(299));
        assert_eq!(step(&provisioner).await, None);
        it.clock.advance(TimeDelta::seconds(1));
        let found = finish(&provisioner).await.last.unwrap().counts;
        assert_eq!((found.checked, found.right, found.by_hand), (2, 1, 1), "who was interrupted is still told apart");
        double.stop().await;
    }
}

on_both_databases! {
    async fn one_that_never_answers_is_given_up_and_says_why(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna"]).await;
        double.change_secret("another");
        double.revoke_tokens();
        begin(it, &target, RunKind::Reconcile).await;
        let provisioner = provisioner(it);
        let mut report = None;
        while report.is_none() {
            report = step(&provisioner).await.unwrap().last;
            it.clock.advance(TimeDelta::hours(1));
        }
        let Ended::GivenUp { error } = report.unwrap().ended else { panic!("it ended well") };
        assert_eq!(error, "HTTP 401 invalid_client: the client or its secret is not accepted");
        double.stop().await;
    }
}

on_both_databases! {
    async fn every_night_brings_one_whichever_replica_begins_it(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna"]).await;
        let (one, two) = (provisioner(it), provisioner(it));
        assert_eq!(one.begin_nightly().await.unwrap(), 0, "it is noon");
        it.clock.advance(TimeDelta::hours(14) - TimeDelta::seconds(1));
        assert_eq!(one.begin_nightly().await.unwrap(), 0);
        it.clock.advance(TimeDelta::seconds(1));
        let begun = tokio::join!(one.begin_nightly(), two.begin_nightly());
        assert_eq!(begun.0.unwrap() + begun.1.unwrap(), 1, "at two o'clock");
        let report = finish(&one).await.last.unwrap();
        assert_eq!((report.cause, report.counts.checked), (Cause::Nightly, 1));
        assert_eq!(two.begin_nightly().await.unwrap(), 0);
        it.clock.advance(TimeDelta::days(1));
        assert_eq!(two.begin_nightly().await.unwrap(), 1);
        let told = it.database.count("select count(*) from audit_entry where action = 'provisioning.reconcile'");
        assert_eq!(told.await, 1);
        let _ = target;
        double.stop().await;
    }
}

on_both_databases! {
    async fn clearing_takes_every_attribute_away_whoever_set_it(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna", "ben"]).await;
        double.set_attribute("ben", "fhirUser", &["by", "hand"]);
        change(it, &ProvisioningTarget { state: TargetState::Clearing, ..target.clone() }).await;
        begin(it, &target, RunKind::Reconcile).await;
        assert_eq!(finish(&provisioner(it)).await.last.unwrap().counts.corrected, 2);
        for name in ["anna", "ben"] {
            assert!(double.attribute(name, "fhirUser").is_empty());
            assert_eq!(double.attribute(name, "department"), ["a", "b"]);
        }
        let mut unit = it.begin().await;
        unit.remove_provisioning_target(target.organization, target.id).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(it.database.count("select count(*) from provisioning_account").await, 0);
        double.stop().await;
    }
}

on_both_databases! {
    async fn an_organization_that_asks_for_more_proof_closes_links_and_the_attribute_follows(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna"]).await;
        it.database.tamper("update link set ial = 'IAL1'").await;
        it.database.tamper("update organization set minimum_assurance = 'IAL2'").await;
        let links = kinlink_domain::store::LinkReader::answerable_links(&it.store, it.account("anna").await.id);
        let now = it.ports.clock.now();
        assert!(matches!(links.await.unwrap()[0].access(None, now), Access::Closed(_)));
        begin(it, &target, RunKind::Reconcile).await;
        assert_eq!(finish(&provisioner(it)).await.last.unwrap().counts.stale, 1);
        assert!(double.attribute("anna", "fhirUser").is_empty());
        double.stop().await;
    }
}
