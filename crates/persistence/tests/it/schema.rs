//! Migrations go forward and back, and a program does not call itself ready on a schema of another.

use kinlink_domain::{
    actor::Actor,
    link::{LinkState, Suspension},
    store::{Schema, Store, StoreError},
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
    async fn a_program_works_on_where_a_newer_one_has_migrated_and_not_where_a_strange_one_has(it: Fixture) {
        let database = it.database.database();
        let apply = async |name: &str| {
            let sql = format!("insert into seaql_migrations (version, applied_at) values ('{name}', 1)");
            it.database.tamper(&sql).await;
        };
        assert_eq!(it.store.ready().await.unwrap(), Schema::Own);
        apply("m29991231_000001_later").await;
        assert_eq!(it.store.ready().await.unwrap(), Schema::Newer);
        let status = database.migration_status().await.unwrap();
        let last = status.last().unwrap();
        assert_eq!((last.name.as_str(), last.applied, last.known), ("m29991231_000001_later", true, false));
        database.migrate_up(None).await.unwrap();
        assert!(database.migrate_down(1).await.is_err(), "only the newer program knows how");
        it.database.tamper("delete from seaql_migrations where version like '%_claims'").await;
        assert!(it.store.ready().await.is_err(), "one that this program needs is missing");
        assert!(database.migrate_up(None).await.is_err(), "nothing is put before what a newer program did");
        apply("m20261124_000002_claims").await;
        it.store.ready().await.unwrap();
        apply("m20200101_000001_strange").await;
        assert!(it.store.ready().await.is_err());
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
