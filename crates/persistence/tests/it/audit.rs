//! The audit chain is whole whoever writes at once, and every edit behind its back is found where it is.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, AuditEntry, ChainFault, ChainVerifier, Subject},
    id::{AccountId, ClientId, OrganizationId},
    page::Page,
    store::{AuditFilter, LookupAudit, LookupCount, Store, UnitOfWork},
};
use kinlink_testkit::{Fixture, on_both_databases};
use serde_json::json;

fn entry(it: &Fixture, organization: OrganizationId, n: usize) -> AuditEntry {
    it.ports.audit(organization, Actor::Operator, Action::AuditExport, Subject::default(), json!({"n": n}))
}

async fn write(it: &Fixture, count: usize) {
    let mut unit = it.begin().await;
    for n in 0..count {
        unit.record(entry(it, it.here.id, n));
    }
    unit.save().await.unwrap();
}

async fn verify(it: &Fixture, organization: OrganizationId) -> (i64, Vec<ChainFault>) {
    let mut unit = it.store.begin_read().await.unwrap();
    let mut verifier = ChainVerifier::new(&*it.ports.vault);
    let mut after = 0;
    loop {
        let part = unit.audit_chain(organization, after, 7).await.unwrap();
        let Some(last) = part.last() else { break };
        after = last.seq;
        for entry in &part {
            verifier.check(entry);
        }
    }
    verifier.finish(unit.audit_end(organization).await.unwrap().as_ref())
}

/// What is found in a chain of ten entries after these statements.
async fn faults_after(it: &Fixture, statements: &[&str]) -> Vec<ChainFault> {
    write(it, 10).await;
    assert_eq!(verify(it, it.here.id).await, (10, Vec::new()));
    for sql in statements {
        it.database.tamper(sql).await;
    }
    verify(it, it.here.id).await.1
}

async fn listed(unit: &mut dyn UnitOfWork, it: &Fixture, filter: &AuditFilter) -> usize {
    let page = Page { after: None, limit: 100 };
    unit.audit_entries(it.here.id, filter, page).await.unwrap().items.len()
}

on_both_databases! {
    async fn writers_at_once_make_one_whole_chain_for_each_organization(it: Fixture) {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..24 {
            let mut organizations = [it.here.id, it.there.id];
            organizations.rotate_left(writer % 2);
            let entries: Vec<_> = (0..6).map(|n| entry(it, organizations[n % 2], n)).collect();
            let store = it.store.clone();
            writers.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                for entry in entries {
                    unit.record(entry);
                }
                unit.save().await.unwrap();
            });
        }
        writers.join_all().await;
        assert_eq!(verify(it, it.here.id).await, (72, Vec::new()));
        assert_eq!(verify(it, it.there.id).await, (72, Vec::new()));
    }
}

on_both_databases! {
    async fn a_changed_particular_is_found(it: Fixture) {
        let faults = faults_after(it, &["update audit_entry set detail = '{\"n\":99}' where seq = 4"]).await;
        assert_eq!(faults, [ChainFault::Changed(4)]);
    }
}

on_both_databases! {
    async fn a_changed_actor_is_found(it: Fixture) {
        let faults = faults_after(it, &["update audit_entry set actor_type = 'system' where seq = 1"]).await;
        assert_eq!(faults, [ChainFault::Changed(1)]);
    }
}

on_both_databases! {
    async fn a_changed_time_is_found(it: Fixture) {
        let sql = "update audit_entry set at = '2020-01-01T00:00:00+00:00' where seq = 10";
        assert_eq!(faults_after(it, &[sql]).await, [ChainFault::Changed(10)]);
    }
}

on_both_databases! {
    async fn removed_entries_are_found(it: Fixture) {
        let faults = faults_after(it, &["delete from audit_entry where seq in (4, 5)"]).await;
        assert_eq!(faults, [ChainFault::Removed { first: 4, last: 5 }]);
    }
}

on_both_databases! {
    async fn a_cut_off_end_is_found(it: Fixture) {
        let faults = faults_after(it, &["delete from audit_entry where seq > 7"]).await;
        assert_eq!(faults, [ChainFault::Removed { first: 8, last: 10 }]);
    }
}

on_both_databases! {
    async fn an_end_set_back_is_found(it: Fixture) {
        let edits = ["delete from audit_entry where seq > 7", "update audit_end set seq = 7 where seq = 10"];
        assert_eq!(faults_after(it, &edits).await, [ChainFault::EndChanged]);
    }
}

on_both_databases! {
    async fn a_whole_chain_removed_with_its_end_is_found(it: Fixture) {
        let edits = ["delete from audit_entry", "delete from audit_end"];
        assert_eq!(faults_after(it, &edits).await, [ChainFault::EndChanged]);
    }
}

on_both_databases! {
    async fn an_inserted_entry_is_found(it: Fixture) {
        let copy = "insert into audit_entry select organization_id, 11, id, at, actor_type, actor_id, action, \
            patient_id, account_id, link_id, invitation_id, client_id, detail, key_id, hash \
            from audit_entry where seq = 10";
        assert_eq!(faults_after(it, &[copy]).await, [ChainFault::Changed(11), ChainFault::BehindEnd(11)]);
    }
}

on_both_databases! {
    async fn entries_in_another_order_are_found(it: Fixture) {
        let edits = [
            "update audit_entry set seq = 0 where seq = 4",
            "update audit_entry set seq = 4 where seq = 5",
            "update audit_entry set seq = 5 where seq = 0",
        ];
        assert_eq!(faults_after(it, &edits).await, [4, 5, 6].map(ChainFault::Changed));
    }
}

on_both_databases! {
    async fn a_list_is_filtered_and_continues_where_it_ended(it: Fixture) {
        let account = AccountId::new(it.ports.clock.now(), &*it.ports.random);
        let mut unit = it.begin().await;
        let about = Subject { account: Some(account), ..Subject::default() };
        unit.record(it.ports.audit(it.here.id, Actor::Staff(account), Action::LinkRead, about, json!({})));
        it.clock.advance(TimeDelta::microseconds(1_500_001));
        unit.save().await.unwrap();
        write(it, 4).await;

        let mut unit = it.store.begin_read().await.unwrap();
        let now = it.ports.clock.now();
        let all = AuditFilter::default();
        for (filter, expected) in [
            (all.clone(), 5),
            (AuditFilter { action: Some(Action::LinkRead), ..all.clone() }, 1),
            (AuditFilter { actor: Some(Actor::Operator), ..all.clone() }, 4),
            (AuditFilter { actor: Some(Actor::Account(account)), ..all.clone() }, 0),
            (AuditFilter { account: Some(account), ..all.clone() }, 1),
            (AuditFilter { from: Some(now), ..all.clone() }, 4),
            (AuditFilter { until: Some(now), ..all.clone() }, 1),
        ] {
            assert_eq!(listed(&mut *unit, it, &filter).await, expected, "{filter:?}");
        }
        let (mut after, mut seqs) = (None, Vec::new());
        loop {
            let part = unit.audit_entries(it.here.id, &all, Page { after, limit: 2 }).await.unwrap();
            seqs.push(part.items.len());
            after = part.next;
            if after.is_none() { break }
        }
        assert_eq!(seqs, [2, 2, 1]);
        let page = Page { after: None, limit: 10 };
        let of_neighbour = unit.audit_entries(it.there.id, &all, page).await.unwrap();
        assert!(of_neighbour.items.is_empty());
    }
}

on_both_databases! {
    async fn counted_lookups_become_one_entry_each(it: Fixture) {
        let now = it.ports.clock.now();
        let client = ClientId::new(now, &*it.ports.random);
        let account = it.account("anna").await.id;
        let counts = [(it.here.id, 3), (it.there.id, 1)]
            .map(|(organization, count)| LookupCount { organization, client, account, count });
        it.store.record_lookups(&counts, now, &*it.ports.random).await.unwrap();
        let mut unit = it.store.begin_read().await.unwrap();
        let page = Page { after: None, limit: 10 };
        let found = unit.audit_entries(it.here.id, &AuditFilter::default(), page).await.unwrap();
        assert_eq!(found.items.len(), 1);
        let entry = &found.items[0].entry;
        assert_eq!((entry.action, entry.actor), (Action::LinkLookup, Actor::Client(client)));
        assert_eq!((entry.subject.account, &entry.detail["count"]), (Some(account), &json!(3)));
        assert_eq!(verify(it, it.there.id).await, (1, Vec::new()));
    }
}
