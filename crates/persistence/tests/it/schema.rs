//! Migrations go forward and back, and a program does not call itself ready on a schema of another.

use kinlink_domain::{
    actor::Actor,
    link::{LinkState, Suspension},
    store::{Store, StoreError},
};
use kinlink_testkit::on_both_databases;

on_both_databases! {
    async fn migrations_go_back_and_forward_again(it: Fixture) {
        let database = it.database.database();
        let all = u32::try_from(database.migration_status().await.unwrap().len()).unwrap();
        it.store.ready().await.unwrap();
        database.migrate_down(all).await.unwrap();
        assert!(database.migration_status().await.unwrap().iter().all(|migration| !migration.applied));
        assert!(it.store.ready().await.is_err());
        assert!(it.store.begin_read().await.unwrap().organizations().await.is_err(), "its table is gone");
        database.migrate_up(None).await.unwrap();
        it.store.ready().await.unwrap();
        let mut unit = it.begin().await;
        unit.add_organization(&it.here).await.unwrap();
        unit.save().await.unwrap();
    }
}

on_both_databases! {
    async fn going_back_leaves_no_suspended_link_open(it: Fixture) {
        let anna = it.account("anna").await;
        let link = crate::links::link(it, &anna, "p1").await;
        let now = it.ports.clock.now();
        let suspended = link.clone().suspend(Actor::Operator, Suspension::Fraud, now).unwrap();
        let mut unit = it.begin().await;
        unit.add_link(&link, link.patient).await.unwrap();
        unit.update_link(&suspended).await.unwrap();
        unit.save().await.unwrap();
        let back = it.database.database().migration_status().await.unwrap();
        let after_first = u32::try_from(back.len() - 1).unwrap();
        it.database.database().migrate_down(after_first).await.unwrap();
        let ended = "select count(*) from link where status = 'revoked' and ended_reason = 'safety'";
        assert_eq!(it.database.count(ended).await, 1);
        it.database.database().migrate_up(None).await.unwrap();
        let stored = it.begin().await.link(link.id).await.unwrap().unwrap();
        assert!(matches!(stored.state, LinkState::Revoked { .. }));
    }
}

on_both_databases! {
    async fn readiness_waits_for_no_writer(it: Fixture) {
        let mut unit = it.begin().await;
        unit.update_organization(&it.here).await.unwrap();
        let patience = std::time::Duration::from_secs(5);
        tokio::time::timeout(patience, it.store.ready()).await.expect("no waiting").unwrap();
    }
}

on_both_databases! {
    async fn a_unit_for_reading_sees_one_state_and_cannot_be_saved(it: Fixture) {
        let mut reading = it.store.begin_read().await.unwrap();
        let before = reading.organizations().await.unwrap();
        let mut unit = it.begin().await;
        let renamed = kinlink_domain::organization::Organization { name: "New".to_owned(), ..it.here.clone() };
        unit.update_organization(&renamed).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(reading.organizations().await.unwrap(), before);
        assert!(matches!(reading.save().await, Err(StoreError::Corrupt { .. })));
    }
}
