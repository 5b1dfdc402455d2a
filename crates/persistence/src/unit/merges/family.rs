//! What a merge of records means for those who act for the patient: grants go with their links, and whom a court
//! keeps from the one record is kept from the other.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::PatientFacts,
    actor::Actor,
    grant::{Grant, GrantState, GrantStatus},
    id::{OrganizationId, PatientId},
    link::{Link, LinkRole, LinkState},
    merge::destination,
    service::follow_merge::{enforce_bars, spread_doubt},
    store::{Bars, Grants, Patients, StoreError},
};
use uuid::Uuid;

use super::super::SeaUnit;

impl SeaUnit {
    /// What staff recorded against the age rules holds for the person, so for the record that the merge leads to,
    /// unless something was recorded there. It stays there when the merge is undone: staff can end it.
    pub(super) async fn exception_follows(
        &mut self,
        organization: OrganizationId,
        from: PatientId,
        to: PatientId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(old) = self.patient_by_id(organization, from).await? else { return Ok(()) };
        let Some(recorded) = old.exception else { return Ok(()) };
        let Some(new) = self.patient_by_id(organization, to).await? else { return Ok(()) };
        if new.exception.is_some() {
            return Ok(());
        }
        self.put_age_exception(organization, to, Some(&recorded)).await?;
        let facts = PatientFacts { exception: Some(recorded.exception), ..new.facts() };
        for link in self.links_to_patients_for_update(organization, &[to.uuid()]).await? {
            self.mark_link(link, new.record.is_usable(), facts, now).await?;
        }
        Ok(())
    }

    /// What an account's links came to by a merge is closed to them where a bar holds.
    pub(super) async fn bars_meet(&mut self, moved: &[Link]) -> Result<(), StoreError> {
        for link in moved {
            let bars = self.bars(link.organization, link.patient).await?;
            let ports = self.ports.clone();
            enforce_bars(self, &ports, &bars, link.patient).await?;
        }
        Ok(())
    }

    /// Links that came in doubt put in doubt what was granted by them.
    pub(super) async fn doubts_follow(&mut self, moved: &[Link]) -> Result<(), StoreError> {
        let ids: Vec<_> = moved.iter().map(|link| link.id).collect();
        let ports = self.ports.clone();
        spread_doubt(self, &ports, &ids).await
    }

    /// The bars at these records, and at those before them, hold where merges lead from there: for the links that
    /// came, and for those that were there.
    pub(super) async fn bars_follow(
        &mut self,
        organization: OrganizationId,
        destinations: HashSet<Uuid>,
    ) -> Result<(), StoreError> {
        let records = self.with_those_before(organization, destinations).await?;
        let bars = self.bars_at(organization, &records).await?;
        let replacements = self.replacements(organization, bars.iter().map(|bar| bar.patient.uuid())).await?;
        let ports = self.ports.clone();
        for bar in bars {
            let next = |at| replacements.get(&at).copied();
            let record = destination(bar.patient, next).unwrap_or(bar.patient);
            enforce_bars(self, &ports, &[bar], record).await?;
        }
        Ok(())
    }

    /// The grant of a link that was moved, absorbed or opened again; and what its account offered at the record
    /// where the link was `from`.
    pub(super) async fn grant_follows(&mut self, link: &Link, from: PatientId) -> Result<(), StoreError> {
        if link.role == LinkRole::SelfRole {
            return self.offers_follow(link, from).await;
        }
        let Some(found) = self.grant_of_link(link.organization, link.id).await? else { return Ok(()) };
        let Some(grant) = self.grant_for_update(found.id).await? else { return Ok(()) };
        let at = link.updated_at;
        let grant = grant.relocate(link.patient, link.fhir_id.clone());
        let grant = match (link.state, &grant.state) {
            (LinkState::Revoked { by, reason, .. }, GrantState::Accepted(_)) => grant.end(by, reason, at),
            (LinkState::Active | LinkState::Suspended { .. }, GrantState::Ended { .. }) => grant.resume(at),
            _ => Ok(grant),
        };
        match grant {
            Ok(grant) => self.update_grant(&grant).await,
            Err(_) => Ok(()),
        }
    }

    async fn offers_follow(&mut self, link: &Link, from: PatientId) -> Result<(), StoreError> {
        let by = Actor::Account(link.account);
        let offered = |grant: &Grant| grant.by == by && grant.status(link.updated_at) == GrantStatus::Offered;
        // Not those of records before it: they are found where those lead.
        let offers = self.grants_at(link.organization, HashSet::from([from.uuid()])).await?;
        let offers = offers.into_iter().filter(offered);
        let ids: Vec<_> = offers.map(|grant| grant.id).collect();
        for id in ids {
            if let Some(grant) = self.grant_for_update(id).await? {
                self.update_grant(&grant.relocate(link.patient, link.fhir_id.clone())).await?;
            }
        }
        Ok(())
    }
}
