//! A comparison that changes nothing.

use chrono::TimeDelta;
use kinlink_domain::{
    account::Account,
    provisioning::{
        Basis, Cause, Change, Counts, Drift, Ended, Finding, ProvisioningTarget, RunKind, RunPhase,
        TargetState, Verdict,
    },
};
use kinlink_testkit::{Fixture, KeycloakDouble, Trouble, UserProfile, on_both_databases};

use crate::stage::{
    P1, add, begin, change, counts, end, finish, keycloak, link, linked, provisioner, proxy, reads, step,
    with_keycloak,
};

const PREVIEW: RunKind = RunKind::Preview;

async fn findings(it: &Fixture, target: &ProvisioningTarget) -> Vec<Finding> {
    let mut unit = it.begin().await;
    let run = unit.provisioning_run(target.organization, target.id, PREVIEW).await.unwrap().unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = unit.provisioning_findings(&run, after, 2).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = Some(last.account);
        all.extend(page);
    }
}

fn compared(account: &Account, drift: Drift, change: Option<Change>, basis: Basis) -> Finding {
    Finding { account: account.id, verdict: Verdict::Compared { drift, change, basis } }
}

on_both_databases! {
    async fn what_would_be_done_is_told_while_the_target_is_off_and_nothing_is_written(it: Fixture) {
        let double = KeycloakDouble::start(it.ports.clock.clone());
        for user in ["new", "script", "ended", "right", "several", "mother"] {
            double.add_user(user);
        }
        let new = it.account("new").await;
        let script = it.account("script").await;
        let ended = it.account("ended").await;
        let several = it.account("several").await;
        let lost = it.account("lost").await;
        for account in [&new, &script, &it.account("right").await, &several, &lost] {
            link(it, account, "p1").await;
        }
        link(it, &several, "p2").await;
        proxy(it, &it.account("mother").await, "p1").await;
        let open = link(it, &ended, "p2").await;
        end(it, &open).await;
        double.set_attribute("script", "fhirUser", &["https://old.example/Patient/1"]);
        double.set_attribute("ended", "fhirUser", &["https://old.example/Patient/2"]);
        double.set_attribute("right", "fhirUser", &[P1]);
        let target = ProvisioningTarget { state: TargetState::Off, ..keycloak(it, &double) };
        add(it, &target).await;

        assert!(begin(it, &target, PREVIEW).await);
        let report = finish(&provisioner(it)).await.last.unwrap();
        let expected = Counts {
            checked: 7, right: 3, waiting: 1, by_hand: 2, gone: 1, set: 1, changed: 1, cleared: 1, proxy_only: 1,
            several_records: 1, users: 6, ..Counts::default()
        };
        assert_eq!((report.counts, report.total, report.ended), (expected, 7, Ended::Completed));
        let mut named = vec![
            compared(&new, Drift::Waiting, Some(Change::Set), Basis::OwnRecord),
            compared(&script, Drift::ByHand, Some(Change::Changed), Basis::OwnRecord),
            compared(&ended, Drift::ByHand, Some(Change::Cleared), Basis::NoLink),
            compared(&several, Drift::Right, None, Basis::SeveralRecords),
            Finding { account: lost.id, verdict: Verdict::Gone },
        ];
        named.sort_by_key(|finding| finding.account);
        assert_eq!(findings(it, &target).await, named);
        assert_eq!(double.count("PUT"), 0);
        assert_eq!(counts(it, &target).await.pending, 7, "what waited waits");

        // What was foretold is what comes.
        change(it, &ProvisioningTarget { state: TargetState::On, ..target.clone() }).await;
        while provisioner(it).send_due().await.unwrap() > 0 {}
        begin(it, &target, PREVIEW).await;
        let after = finish(&provisioner(it)).await.last.unwrap().counts;
        assert_eq!((after.right, after.gone, after.set + after.changed + after.cleared), (6, 1, 0));
        assert_eq!(double.count("PUT"), 3);
        assert_eq!(findings(it, &target).await.len(), 2, "the last one's findings are forgotten");
        double.stop().await;
    }
}

on_both_databases! {
    async fn one_that_was_killed_is_gone_on_with_and_forgets_nothing(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let names: Vec<String> = (0..60).map(|number| format!("person-{number}")).collect();
        linked(it, &double, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for name in &names {
            double.set_attribute(name, "fhirUser", &[]);
        }
        begin(it, &target, PREVIEW).await;
        let before = reads(&double);
        assert_eq!(step(&provisioner(it)).await.unwrap().counts.checked, 25);
        assert_eq!(findings(it, &target).await.len(), 25);
        // Its token is over by now, and one that the server revoked is replaced.
        it.clock.advance(TimeDelta::seconds(61));
        double.revoke_tokens();
        let report = finish(&provisioner(it)).await.last.unwrap();
        assert_eq!((report.counts.checked, report.counts.missing, report.counts.set), (60, 60, 60));
        assert_eq!(findings(it, &target).await.len(), 60);
        assert_eq!(reads(&double) - before, 60, "each was read once");
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_preview_stands_in_no_reconciles_way(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna"]).await;
        double.set_attribute("anna", "fhirUser", &["by hand"]);
        // It is night, and the one of this night has not begun.
        it.clock.advance(TimeDelta::hours(14));
        begin(it, &target, PREVIEW).await;
        let provisioner = provisioner(it);
        assert_eq!(provisioner.begin_nightly().await.unwrap(), 1);
        double.trouble(&[Trouble { retry_after: Some("60"), ..Trouble::status(429) }]);
        assert_eq!(step(&provisioner).await.unwrap().counts.checked, 0);
        assert_eq!(step(&provisioner).await, None, "the pause that was asked for holds for both");
        it.clock.advance(TimeDelta::seconds(60));
        while step(&provisioner).await.is_some() {}
        let mut unit = it.begin().await;
        for (kind, cause, corrected) in [(PREVIEW, Cause::Asked, 0), (RunKind::Reconcile, Cause::Nightly, 1)] {
            let run = unit.provisioning_run(target.organization, target.id, kind).await.unwrap().unwrap();
            let report = run.last.unwrap();
            assert_eq!((run.phase, report.cause), (RunPhase::Idle, cause));
            assert_eq!(report.counts.corrected, corrected, "{kind:?}");
        }
        assert_eq!(double.attribute("anna", "fhirUser"), [P1]);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_realm_that_hides_the_attribute_ends_it_at_once_with_what_to_do(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        linked(it, &double, &["anna", "ben"]).await;
        for (profile, says) in [
            (UserProfile::Unmanaged, "does not keep the attribute, or hides it"),
            (UserProfile::Enabled, "users can set the attribute themselves"),
        ] {
            double.set_profile(profile);
            begin(it, &target, PREVIEW).await;
            let report = finish(&provisioner(it)).await.last.unwrap();
            let Ended::GivenUp { error } = report.ended else { panic!("{profile:?} was not found out") };
            assert!(error.contains(says), "{error}");
            assert_eq!((report.counts.checked, counts(it, &target).await.done), (0, 2), "nobody is given up for it");
        }
        double.stop().await;
    }
}
