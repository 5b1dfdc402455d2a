use chrono::TimeDelta;
use kinlink_testkit::{GraphDouble, Trouble, on_both_databases};
use serde_json::{Value, json};

use crate::stage::{P1, add, counts, end, graph, link, provisioner};

on_both_databases! {
    async fn a_link_sets_the_extension_and_its_end_sets_it_to_null(it: Fixture) {
        let double = GraphDouble::start(it.ports.clock.clone());
        double.add_user("anna");
        double.add_user("ben");
        add(it, &graph(it, &double)).await;
        let link = link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        provisioner.send_due().await.unwrap();
        assert_eq!(double.property("anna", GraphDouble::EXTENSION), json!(P1));
        assert_eq!(double.property("anna", "displayName"), "Ann Lee");
        end(it, &link).await;
        provisioner.send_due().await.unwrap();
        assert_eq!(double.property("anna", GraphDouble::EXTENSION), Value::Null);
        assert_eq!(double.property("anna", "displayName"), "Ann Lee");
        assert!(double.taken().iter().all(|taken| !taken.path.contains("ben")));
        assert_eq!((double.count("PATCH"), double.tokens()), (2, 1), "one token for all");
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_guest_who_is_gone_is_noted_and_not_tried_again(it: Fixture) {
        let double = GraphDouble::start(it.ports.clock.clone());
        let target = graph(it, &double);
        add(it, &target).await;
        link(it, &it.account("guest").await, "p1").await;
        let provisioner = provisioner(it);
        provisioner.send_due().await.unwrap();
        assert_eq!(counts(it, &target).await.gone, 1);
        it.clock.advance(TimeDelta::days(1));
        assert_eq!(provisioner.send_due().await.unwrap(), 0);
        double.stop().await;
    }
}

on_both_databases! {
    async fn a_pause_that_graph_asks_for_holds_for_everybody_at_this_target(it: Fixture) {
        let double = GraphDouble::start(it.ports.clock.clone());
        double.add_user("anna");
        double.add_user("ben");
        let target = graph(it, &double);
        add(it, &target).await;
        double.trouble(&[Trouble { retry_after: Some("120"), ..Trouble::status(429) }]);
        link(it, &it.account("anna").await, "p1").await;
        let provisioner = provisioner(it);
        assert_eq!(provisioner.send_due().await.unwrap(), 1);
        link(it, &it.account("ben").await, "p2").await;
        it.clock.advance(TimeDelta::seconds(119));
        assert_eq!(provisioner.send_due().await.unwrap(), 0);
        assert_eq!(double.taken().len(), 1);
        it.clock.advance(TimeDelta::seconds(1));
        assert_eq!(provisioner.send_due().await.unwrap(), 2);
        assert_eq!(counts(it, &target).await.done, 2);
        double.stop().await;
    }
}

on_both_databases! {
    async fn an_extension_that_graph_does_not_know_is_given_up(it: Fixture) {
        let double = GraphDouble::start(it.ports.clock.clone());
        double.add_user("anna");
        let mut target = graph(it, &double);
        let name = kinlink_domain::provisioning::AttributeName::directory_extension("0-0", "fhirUser").unwrap();
        target.settings.fhir_user = name;
        add(it, &target).await;
        link(it, &it.account("anna").await, "p1").await;
        provisioner(it).send_due().await.unwrap();
        assert_eq!(counts(it, &target).await.dead, 1);
        double.stop().await;
    }
}
