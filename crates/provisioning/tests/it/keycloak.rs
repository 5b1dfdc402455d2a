use chrono::TimeDelta;
use kinlink_domain::{
    fhir_user::UrlForm,
    provisioning::{AttributeName, ProvisioningTarget, Settings},
};
use kinlink_testkit::{UserProfile, on_both_databases};

use crate::stage::{
    P1, add, change, counts, end, keycloak, link, link_at, provisioner, proxy, with_keycloak,
};

on_both_databases! {
    async fn a_link_sets_the_attribute_and_its_end_takes_it_away_and_nothing_else_changes(it: Fixture) {
        let (double, _) = with_keycloak(it).await;
        let (anna, before, ben) = (it.account("anna").await, double.user("anna"), double.user("ben"));
        let link = link(it, &anna, "p1").await;
        let provisioner = provisioner(it);
        assert_eq!(provisioner.send_due().await.unwrap(), 1);
        assert_eq!(double.attribute("anna", "fhirUser"), [P1]);
        end(it, &link).await;
        assert_eq!(provisioner.send_due().await.unwrap(), 1);
        // A lock by wrong passwords, required actions, the email, attributes of others: all as it was.
        assert_eq!(double.user("anna"), before);
        assert_eq!(double.user("ben"), ben);
        assert!(double.taken().iter().all(|taken| !taken.path.contains("ben")));
        assert_eq!(provisioner.send_due().await.unwrap(), 0);
        let written = "select count(*) from audit_entry where action = 'provisioning.write'";
        assert_eq!(it.database.count(written).await, 2);
        double.stop().await;
    }
}

on_both_databases! {
    async fn the_record_is_named_as_configured_and_only_if_there_is_no_doubt_which(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let patient = Some(AttributeName::parse("patient").unwrap());
        let settings = Settings { patient, form: UrlForm::Relative, ..target.settings.clone() };
        change(it, &ProvisioningTarget { settings, ..target }).await;
        let anna = it.account("anna").await;
        link_at(it, &it.there, &anna, "p3").await;
        let provisioner = provisioner(it);
        assert_eq!(provisioner.send_due().await.unwrap(), 0, "a link at the neighbour is none of this target's");
        link(it, &anna, "p1").await;
        provisioner.send_due().await.unwrap();
        assert_eq!(double.attribute("anna", "fhirUser"), ["Patient/p1"]);
        assert_eq!(double.attribute("anna", "patient"), ["p1"]);
        let second = link(it, &anna, "p2").await;
        provisioner.send_due().await.unwrap();
        assert!(double.attribute("anna", "fhirUser").is_empty(), "of two own records neither is named");
        end(it, &second).await;
        provisioner.send_due().await.unwrap();
        assert_eq!(double.attribute("anna", "patient"), ["p1"]);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_realm_that_would_throw_the_attribute_away_is_found_out_before_anything_is_written(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        double.set_profile(UserProfile::Unmanaged);
        link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        assert_eq!(double.count("PUT"), 0);
        assert_eq!(counts(it, &target).await.dead, 1);
        let why = "select count(*) from provisioning_account where error like '%does not keep the attribute%'";
        assert_eq!(it.database.count(why).await, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn what_is_thrown_away_after_all_does_not_count_as_written(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let provisioner = provisioner(it);
        link(it, &it.account("anna").await, "p1").await;
        provisioner.send_due().await.unwrap();
        // The realm is changed once Kinlink has looked at its profile.
        double.set_profile(UserProfile::Unmanaged);
        link(it, &it.account("ben").await, "p2").await;
        provisioner.send_due().await.unwrap();
        assert!(double.attribute("ben", "fhirUser").is_empty());
        assert_eq!((counts(it, &target).await.done, counts(it, &target).await.dead), (1, 1));
        double.stop().await;
    }
}

on_both_databases! {
    async fn an_attribute_that_the_realm_declares_read_only_is_given_up_with_the_servers_code(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let provisioner = provisioner(it);
        link(it, &it.account("anna").await, "p1").await;
        provisioner.send_due().await.unwrap();
        double.set_profile(UserProfile::ReadOnly);
        link(it, &it.account("ben").await, "p2").await;
        provisioner.send_due().await.unwrap();
        assert_eq!(counts(it, &target).await.dead, 1);
        let why = "select count(*) from provisioning_account where error = 'HTTP 400 error-user-attribute-read-only'";
        assert_eq!(it.database.count(why).await, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_wrong_realm_does_not_make_everybody_look_gone(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let settings = serde_json::to_string(&target.settings).unwrap().replace("patients", "others");
        let lost = ProvisioningTarget {
            settings: serde_json::from_str(&settings).unwrap(),
            updated_at: target.updated_at + TimeDelta::seconds(1),
            ..keycloak(it, &double)
        };
        add(it, &lost).await;
        link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        assert_eq!((counts(it, &lost).await.gone, counts(it, &lost).await.done), (0, 0));
        assert_eq!(counts(it, &target).await.done, 1, "and the other target is served");
        double.stop().await;
    }
}

on_both_databases! {
    async fn what_a_realm_hides_does_not_count_as_taken_away(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let link = link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        // The administrator declares unmanaged attributes unwanted: they are hidden, and mappers still read them.
        double.set_profile(UserProfile::Unmanaged);
        end(it, &link).await;
        provisioner(it).send_due().await.unwrap();
        assert_eq!(double.attribute("anna", "fhirUser"), [P1]);
        assert_eq!((counts(it, &target).await.done, counts(it, &target).await.dead), (0, 1));
        double.stop().await;
    }
}

on_both_databases! {
    async fn an_attribute_that_users_could_set_themselves_is_taken_away_and_never_set(it: Fixture) {
        let (double, target) = with_keycloak(it).await;
        let open = link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        double.set_profile(UserProfile::Enabled);
        end(it, &open).await;
        link(it, &it.account("ben").await, "p2").await;
        provisioner(it).send_due().await.unwrap();
        assert!(double.attribute("anna", "fhirUser").is_empty() && double.attribute("ben", "fhirUser").is_empty());
        assert_eq!((counts(it, &target).await.done, counts(it, &target).await.dead), (1, 1));
        let why = "select count(*) from provisioning_account where error like 'users can set the attribute themselves%'";
        assert_eq!(it.database.count(why).await, 1);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_proxy_without_a_record_of_their_own_gets_no_attribute(it: Fixture) {
        let (double, _) = with_keycloak(it).await;
        let (anna, provisioner) = (it.account("anna").await, provisioner(it));
        proxy(it, &anna, "p1").await;
        provisioner.send_due().await.unwrap();
        assert!(double.attribute("anna", "fhirUser").is_empty());
        link(it, &anna, "p2").await;
        provisioner.send_due().await.unwrap();
        assert_eq!(double.attribute("anna", "fhirUser"), ["https://fhir.here.example/r4/Patient/p2"]);
        double.stop().await;
    }
}
