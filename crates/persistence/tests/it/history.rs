//! Every version of a link is kept, and every policy.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    link::{Link, LinkState, Revocation, Suspension},
    proofing::Ial,
    store::Store,
};
use kinlink_testkit::on_both_databases;

use crate::links::{add, link};

on_both_databases! {
    async fn a_link_is_told_as_it_stood_at_any_time(it: Fixture) {
        let first = link(it, &it.account("anna").await, "p1").await;
        add(it, &first).await;
        let hour = TimeDelta::hours(1);
        let made = it.ports.clock.now();
        let mut versions = vec![first.clone()];
        let by = Actor::Operator;
        let suspend = |link: Link, at| link.suspend(by, Suspension::Review, at).unwrap();
        let reinstate = |link: Link, at| link.reinstate(at).unwrap();
        let revoke = |link: Link, at| link.revoke(by, Revocation::Fraud, at).unwrap();
        let changes: [&dyn Fn(Link, _) -> Link; 3] = [&suspend, &reinstate, &revoke];
        for change in changes {
            it.clock.advance(hour);
            let next = change(versions.last().unwrap().clone(), it.ports.clock.now());
            let mut unit = it.begin().await;
            unit.update_link(&next).await.unwrap();
            unit.save().await.unwrap();
            versions.push(next);
        }
        let now = versions.last().unwrap().clone();
        let mut unit = it.store.begin_read().await.unwrap();
        assert_eq!(unit.link_at(&now, made - TimeDelta::microseconds(1)).await.unwrap(), None);
        for (n, version) in (0..).zip(&versions) {
            let at = made + hour * n;
            assert_eq!(unit.link_at(&now, at).await.unwrap().as_ref(), Some(version), "{at}");
            assert_eq!(unit.link_at(&now, at + hour / 2).await.unwrap().as_ref(), Some(version), "{at}");
        }
        assert!(first.facts.birth_date.is_some(), "what is encrypted is kept too");
        assert!(matches!(now.state, LinkState::Revoked { .. }));
        let plain = "select count(*) from link_history where contents like '%1984%'";
        assert_eq!(it.database.count(plain).await, 0);
        assert_eq!(it.database.count("select count(*) from link_history where facts_sealed is not null").await, 4);
    }
}

on_both_databases! {
    async fn a_policy_is_told_as_it_was_at_any_time(it: Fixture) {
        let start = it.ports.clock.now();
        let mut here = it.here.clone();
        for minimum in [Ial::Ial2, Ial::Ial1] {
            it.clock.advance(TimeDelta::hours(1));
            here.policy.minimum_assurance = minimum;
            let mut unit = it.begin().await;
            unit.update_organization(&here).await.unwrap();
            unit.save().await.unwrap();
        }
        let mut unit = it.store.begin_read().await.unwrap();
        for (minutes, minimum) in [(-60, Ial::Ial1), (0, Ial::Ial1), (59, Ial::Ial1), (60, Ial::Ial2), (119, Ial::Ial2), (120, Ial::Ial1)] {
            let then = unit.policy_at(it.here.id, start + TimeDelta::minutes(minutes)).await.unwrap().unwrap();
            assert_eq!(then.minimum_assurance, minimum, "{minutes}");
        }
    }
}
