use std::time::Duration;

use chrono::TimeDelta;
use kinlink_domain::{
    outbox::MAX_ATTEMPTS,
    provisioning::{ClientSecret, ProvisioningTarget, TargetState},
};
use kinlink_testkit::{Trouble, on_both_databases};

use crate::stage::{P1, add, change, counts, end, keycloak, link, provisioner, with_keycloak};

on_both_databases! {
    async fn changes_that_were_not_sent_yet_become_one_and_the_last_is_what_counts(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let anna = it.account("anna").await;
        let first = link(it, &anna, "p2").await;
        end(it, &first).await;
        link(it, &anna, "p1").await;
        assert_eq!(counts(it, &target).await.pending, 1);
        assert_eq!(provisioner(it).send_due().await.unwrap(), 1);
        assert_eq!((double.count("PUT"), double.attribute("anna", "fhirUser")), (1, vec![P1.to_owned()]));
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_change_while_one_is_being_sent_waits_for_it_and_is_sent_after(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let anna = it.account("anna").await;
        let open = link(it, &anna, "p1").await;
        double.trouble(&[Trouble { delay: Duration::from_millis(700), ..Trouble::status(503) }]);
        let (slow, other) = (provisioner(it), provisioner(it));
        let sending = async { slow.send_due().await.unwrap() };
        let ending = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            end(it, &open).await;
            other.send_due().await.unwrap()
        };
        assert_eq!(tokio::join!(sending, ending), (1, 0), "nobody takes an account that somebody has");
        assert_eq!(counts(it, &target).await.pending, 1);
        assert_eq!(other.send_due().await.unwrap(), 1, "at once, in spite of the failure before");
        assert!(double.attribute("anna", "fhirUser").is_empty());
        assert_eq!(counts(it, &target).await.done, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn two_replicas_share_the_work_and_do_none_twice(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        for number in 0..40 {
            let name = format!("person-{number}");
            double.add_user(&name);
            link(it, &it.account(&name).await, "p1").await;
        }
        let (one, two) = (provisioner(it), provisioner(it));
        let work = async |replica: &kinlink_provisioning::Provisioner| {
            while replica.send_due().await.unwrap() > 0 {}
        };
        tokio::join!(work(&one), work(&two));
        assert_eq!((double.count("PUT"), counts(it, &target).await.done), (40, 40));
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_token_is_used_until_its_end_and_replaced_when_it_is_not_accepted(it: Fixture) {
        let (double, _) = with_keycloak(it).await;
        let (anna, provisioner) = (it.account("anna").await, provisioner(it));
        let set = async || {
            let link = link(it, &anna, "p1").await;
            provisioner.send_due().await.unwrap();
            end(it, &link).await;
            provisioner.send_due().await.unwrap();
            double.tokens()
        };
        assert_eq!(set().await, 1);
        assert_eq!(set().await, 1);
        it.clock.advance(TimeDelta::seconds(41));
        assert_eq!(set().await, 2, "it ends in 19 seconds");
        double.revoke_tokens();
        assert_eq!(set().await, 3);
        assert!(double.attribute("anna", "fhirUser").is_empty());
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_server_that_fails_is_tried_again_later_and_given_up_in_the_end(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        double.trouble(&vec![Trouble::status(503); usize::from(MAX_ATTEMPTS)]);
        assert_eq!(provisioner.send_due().await.unwrap(), 1);
        assert_eq!(provisioner.send_due().await.unwrap(), 0, "not at once");
        for _ in 1..MAX_ATTEMPTS {
            assert_eq!(counts(it, &target).await.pending, 1);
            it.clock.advance(TimeDelta::hours(1));
            assert_eq!(provisioner.send_due().await.unwrap(), 1);
        }
        assert_eq!(counts(it, &target).await.dead, 1);
        let why = "select count(*) from provisioning_account where error = 'HTTP 503'";
        assert_eq!(it.database.count(why).await, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_conflict_is_tried_again(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        double.trouble(&[Trouble::status(409)]);
        provisioner.send_due().await.unwrap();
        it.clock.advance(TimeDelta::seconds(5));
        provisioner.send_due().await.unwrap();
        assert_eq!(counts(it, &target).await.done, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_wrong_secret_pauses_the_target_and_a_right_one_goes_on_at_once(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        double.change_secret("another");
        link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        provisioner.send_due().await.unwrap();
        assert_eq!((double.taken().len(), counts(it, &target).await.pending), (0, 1));
        link(it, &it.account("ben").await, "p2").await;
        assert_eq!(provisioner.send_due().await.unwrap(), 0, "paused");
        it.clock.advance(TimeDelta::seconds(5));
        let updated_at = it.ports.clock.now();
        change(it, &ProvisioningTarget { secret: ClientSecret::new("another"), updated_at, ..target.clone() }).await;
        assert_eq!(provisioner.send_due().await.unwrap(), 2);
        assert_eq!(counts(it, &target).await.done, 2);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_target_that_is_off_misses_nothing_and_a_new_one_is_filled(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let off = ProvisioningTarget { state: TargetState::Off, ..target.clone() };
        change(it, &off).await;
        link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        assert_eq!(provisioner.send_due().await.unwrap(), 0);
        let second = keycloak(it, &double);
        add(it, &second).await;
        assert_eq!(provisioner.send_due().await.unwrap(), 1, "the new one, of a link that was there before it");
        change(it, &target).await;
        assert_eq!(provisioner.send_due().await.unwrap(), 1);
        assert_eq!(double.attribute("anna", "fhirUser"), [P1]);
        double.stop().await;
    }
}

on_both_databases! {
    async fn what_is_not_saved_makes_nobody_due(it: Fixture) {
        use kinlink_domain::event::{LinkEvent, LinkEventKind};
        let (double, target) = with_keycloak(it).await;
        let linked = link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        let mut unit = it.begin().await;
        unit.happened(LinkEvent::of(&linked, LinkEventKind::Closed, &*it.ports.random));
        drop(unit);
        assert_eq!(counts(it, &target).await.pending, 0);
        double.stop().await;
    }
}
