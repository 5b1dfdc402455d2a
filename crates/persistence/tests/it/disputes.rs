//! Disputes read back as written, one is open for a link, and a suspended link answers nothing and keeps its
//! place.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    dispute::{Dispute, DisputeState, DisputeStatus},
    id::{DisputeId, MessageId, PatientId},
    link::{Link, LinkState, Reinstatement, Revocation, Suspension},
    page::Page,
    store::{Constraint, LinkReader, StoreError},
};
use kinlink_testkit::{Fixture, on_both_databases};

use crate::links::{add, link};

fn dispute(it: &Fixture, link: &Link) -> Dispute {
    let now = it.ports.clock.now();
    Dispute {
        id: DisputeId::new(now, &*it.ports.random),
        organization: link.organization,
        link: link.id,
        account: link.account,
        patient: link.patient,
        message: MessageId::new(now, &*it.ports.random),
        opened_at: now,
        state: DisputeState::Open,
    }
}

async fn put(it: &Fixture, dispute: &Dispute) -> Result<(), StoreError> {
    let mut unit = it.begin().await;
    unit.add_dispute(dispute).await?;
    unit.save().await
}

async fn replace(it: &Fixture, dispute: &Dispute) {
    let mut unit = it.begin().await;
    unit.update_dispute(dispute).await.unwrap();
    unit.save().await.unwrap();
}

on_both_databases! {
    async fn a_record_is_disputed_while_nobody_has_decided(it: Fixture) {
        let anna = it.account("anna").await;
        let link = link(it, &anna, "p1").await;
        let open = dispute(it, &link);
        put(it, &open).await.unwrap();
        let disputed = async |at, patient| it.begin().await.is_disputed(at, patient).await.unwrap();
        assert!(disputed(it.here.id, link.patient).await);
        assert!(!disputed(it.there.id, link.patient).await);
        assert!(!disputed(it.here.id, PatientId::from_uuid(link.id.uuid())).await);
        let (at, by) = (open.opened_at, Actor::Operator);
        let state = DisputeState::Dismissed { at, by, reason: Reinstatement::Unfounded };
        replace(it, &Dispute { state, ..open }).await;
        assert!(!disputed(it.here.id, link.patient).await);
    }
}

on_both_databases! {
    async fn a_dispute_reads_back_in_every_state_and_only_at_its_organization(it: Fixture) {
        let anna = it.account("anna").await;
        let link = link(it, &anna, "p1").await;
        let now = it.ports.clock.now();
        let by = Actor::Staff(anna.id);
        let mut written = Vec::new();
        for state in [
            DisputeState::Upheld { at: now, by, reason: Revocation::Fraud },
            DisputeState::Dismissed { at: now, by, reason: Reinstatement::ContactOutdated },
            DisputeState::Open,
        ] {
            it.clock.advance(TimeDelta::milliseconds(1));
            let open = dispute(it, &link);
            put(it, &open).await.unwrap();
            let decided = Dispute { state, ..open };
            replace(it, &decided).await;
            written.insert(0, decided);
        }
        let mut unit = it.begin().await;
        assert_eq!(unit.disputes_of_link(&link).await.unwrap(), written);
        let elsewhere = Link { organization: it.there.id, ..link.clone() };
        assert_eq!(unit.disputes_of_link(&elsewhere).await.unwrap(), []);
        for dispute in &written {
            assert_eq!(unit.dispute(it.here.id, dispute.id).await.unwrap().as_ref(), Some(dispute));
            assert_eq!(unit.dispute(it.there.id, dispute.id).await.unwrap(), None);
            let only = unit.disputes(it.here.id, Some(dispute.status()), Page { after: None, limit: 9 }).await;
            assert_eq!(only.unwrap().items, std::slice::from_ref(dispute));
        }
        let first = unit.disputes(it.here.id, None, Page { after: None, limit: 2 }).await.unwrap();
        assert_eq!(first.items, written[..2]);
        let rest = unit.disputes(it.here.id, None, Page { after: first.next, limit: 2 }).await.unwrap();
        assert_eq!((rest.items, rest.next), (written[2..].to_vec(), None));
        assert_eq!(unit.disputes(it.there.id, None, Page { after: None, limit: 9 }).await.unwrap().items, []);
    }
}

on_both_databases! {
    async fn a_link_has_one_open_dispute_at_most(it: Fixture) {
        let anna = it.account("anna").await;
        let link = link(it, &anna, "p1").await;
        let first = dispute(it, &link);
        put(it, &first).await.unwrap();
        let second = put(it, &dispute(it, &link)).await;
        assert!(matches!(second, Err(StoreError::Conflict(Constraint::OpenDispute))), "{second:?}");
        let now = it.ports.clock.now();
        let dismissed = first.dismiss(Actor::Operator, Reinstatement::Unfounded, now).unwrap();
        assert_eq!(dismissed.status(), DisputeStatus::Dismissed);
        replace(it, &dismissed).await;
        put(it, &dispute(it, &link)).await.unwrap();
    }
}

on_both_databases! {
    async fn a_suspended_link_reads_back_answers_nothing_and_keeps_its_place(it: Fixture) {
        let anna = it.account("anna").await;
        let active = link(it, &anna, "p1").await;
        add(it, &active).await;
        let now = it.ports.clock.now();
        let by = Actor::Contact(MessageId::new(now, &*it.ports.random));
        let suspended = active.clone().suspend(by, Suspension::Disputed, now).unwrap();
        let mut unit = it.begin().await;
        unit.update_link(&suspended).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(it.store.answerable_links(anna.id).await.unwrap(), []);
        let mut unit = it.begin().await;
        assert_eq!(unit.link(suspended.id).await.unwrap().as_ref(), Some(&suspended));
        let in_the_way = unit.unrevoked_link_for_update(anna.id, suspended.patient).await.unwrap();
        assert_eq!(in_the_way.as_ref(), Some(&suspended));
        let second = Link { id: kinlink_domain::id::LinkId::new(now, &*it.ports.random), ..active.clone() };
        let refused = unit.add_link(&second, second.patient).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Constraint::LiveLink))), "{refused:?}");
        drop(unit);
        let lifted = suspended.clone().reinstate(now).unwrap();
        let revoked = lifted.clone().revoke(Actor::Operator, Revocation::Fraud, now).unwrap();
        let mut unit = it.begin().await;
        unit.update_link(&lifted).await.unwrap();
        unit.update_link(&revoked).await.unwrap();
        unit.add_link(&second, second.patient).await.unwrap();
        let stored = unit.link(revoked.id).await.unwrap().unwrap();
        assert!(matches!(stored.state, LinkState::Revoked { .. }));
        unit.save().await.unwrap();
        assert_eq!(it.store.answerable_links(anna.id).await.unwrap().len(), 1);
    }
}
