//! The servers' own lists of users.

use kinlink_domain::provisioning::{Ended, ProvisioningTarget, RunKind, TargetState};
use kinlink_testkit::{Fixture, GraphDouble, KeycloakDouble, on_both_databases};

use crate::stage::{P1, add, begin, finish, graph, keycloak, link, provisioner};

/// A target that is off, previewed to the end.
async fn previewed(it: &Fixture, target: ProvisioningTarget) -> kinlink_domain::provisioning::Report {
    let target = ProvisioningTarget { state: TargetState::Off, ..target };
    add(it, &target).await;
    begin(it, &target, RunKind::Preview).await;
    finish(&provisioner(it)).await.last.unwrap()
}

on_both_databases! {
    async fn attributes_that_nobody_keeps_true_are_counted_over_all_pages_of_keycloak(it: Fixture) {
        let double = KeycloakDouble::start(it.ports.clock.clone());
        for number in 0..250 {
            double.add_user(&format!("user-{number:03}"));
        }
        for user in ["user-000", "user-099", "user-100", "user-249"] {
            double.set_attribute(user, "fhirUser", &[P1]);
        }
        link(it, &it.account("user-099").await, "p1").await;
        let report = previewed(it, keycloak(it, &double)).await;
        assert_eq!((report.counts.users, report.counts.strangers), (250, 3));
        assert_eq!((report.counts.checked, report.counts.right), (1, 1));
        let pages = double.taken().into_iter().filter(|taken| taken.path.ends_with("/users")).count();
        assert_eq!(pages, 3);
        assert_eq!(double.attribute("user-000", "fhirUser"), [P1], "they are left alone");
        double.stop().await;
    }
}

on_both_databases! {
    async fn graph_is_followed_from_page_to_page(it: Fixture) {
        let double = GraphDouble::start(it.ports.clock.clone());
        double.limit_pages(2);
        for user in ["a", "b", "c", "d", "e"] {
            double.add_user(user);
        }
        for user in ["b", "e"] {
            double.set_extension(user, P1);
        }
        link(it, &it.account("b").await, "p1").await;
        let report = previewed(it, graph(it, &double)).await;
        assert_eq!((report.counts.users, report.counts.strangers, report.ended), (5, 1, Ended::Completed));
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_token_goes_nowhere_that_a_list_leads_to(it: Fixture) {
        let (double, elsewhere) =
            (GraphDouble::start(it.ports.clock.clone()), GraphDouble::start(it.ports.clock.clone()));
        double.limit_pages(1);
        double.lead_lists_to(elsewhere.url());
        double.add_user("a");
        double.add_user("b");
        let report = previewed(it, graph(it, &double)).await;
        let Ended::GivenUp { error } = report.ended else { panic!("it was followed") };
        assert!(error.contains("nextLink-leads-elsewhere"), "{error}");
        assert!(elsewhere.taken().is_empty());
        double.stop().await;
        elsewhere.stop().await;
    }
}
