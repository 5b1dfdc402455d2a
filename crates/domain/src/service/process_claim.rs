//! A submitted claim is matched, in the background, and what follows is decided and done.
//!
//! Every outcome writes an audit entry, so that even the locks that other requests of the organization may wait
//! for are the same.

mod decide;

use chrono::{DateTime, Utc};

pub use decide::{Decision, RecordState, decide};

use super::{
    Ports,
    confirm_claim::{demographic_match, vouched},
    make_link::{Support, WantedLink, make_link},
    match_patient::rank_records,
    own_past::own_past,
    send_code::{self, CodeFor},
};
use crate::{
    actor::Actor,
    attempt::AttemptScope,
    audit::{Action, Subject},
    claim::{Claim, ClaimStatus, Decline},
    comparison::{Matcher, Ranking},
    id::{ClaimId, OrganizationId, PatientId, ReviewId},
    link::{LinkRole, LinkStatus},
    organization::Organization,
    patient::PatientRecord,
    review::{Review, ReviewReason, ReviewState},
    store::{Candidates, StoreError, UnitOfWork},
};

/// Matches a claim. Nothing, and no outcome, if somebody else did it first or its time is over.
pub async fn process(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    matcher: &dyn Matcher,
    organization: OrganizationId,
    id: ClaimId,
) -> Result<Option<&'static str>, StoreError> {
    let now = ports.clock.now();
    let organization = unit.organization(organization).await?;
    let claim = match &organization {
        Some(organization) => unit.claim_for_update(organization.id, id).await?,
        None => None,
    };
    let (Some(organization), Some(claim)) = (organization, claim) else { return Ok(None) };
    if claim.status(&organization.policy.claims, now) != ClaimStatus::Submitted {
        return Ok(None);
    }
    let Candidates { records, crowded } = unit.candidates(organization.id, &claim.demographics).await?;
    let records = without_merged(records);
    let ranking = rank_records(&organization, matcher, &claim.demographics, &records)?;
    unit.add_candidates(organization.id, id, &ranking.candidates).await?;
    let best = ranking.candidates.first().map(|candidate| candidate.patient);
    // Locked, so that an ending of every access comes before what is decided here, or sees what came of it.
    let best = match best {
        Some(best) => unit.patient_for_update(organization.id, best).await?,
        None => None,
    };
    let state = match &best {
        Some(record) => Some(record_state(unit, ports, &organization, &claim, record).await?),
        None => None,
    };
    let claim = Claim { band: Some(ranking.band), ..claim };
    let trusted =
        claim.assertion.as_ref().is_some_and(|said| organization.policy.claims.trusted_client.suffices(said));
    let decision = decide(ranking.band, crowded, state.as_ref(), trusted);
    let word = decision.as_str();
    let done = Done { unit, ports, organization: &organization, claim, record: best, now };
    done.carry_out(decision, ranking).await?;
    Ok(Some(word))
}

/// A record that was merged often keeps what the one that replaced it has: where both are found, the latter is
/// meant.
fn without_merged(records: Vec<PatientRecord>) -> Vec<PatientRecord> {
    let found: Vec<_> = records.iter().map(|record| record.record.fhir_id.clone()).collect();
    let replaced =
        |record: &PatientRecord| record.record.replaced_by().is_some_and(|other| found.contains(other));
    records.into_iter().filter(|record| !replaced(record)).collect()
}

/// What speaks against sending a code to this record's contact.
async fn record_state(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    claim: &Claim,
    record: &PatientRecord,
) -> Result<RecordState, StoreError> {
    let now = ports.clock.now();
    let policy = &organization.policy.claims;
    let links = unit.links_to_patient(organization.id, record.id).await?;
    let past = own_past(unit, record, claim.account).await?;
    let quarantine = chrono::TimeDelta::days(policy.contact_quarantine_days.into());
    let codes = unit.attempts_for_update(AttemptScope::CodesToRecord, codes_key(record.id), now).await?;
    let limit = crate::attempt::AttemptLimit {
        failures: policy.codes_per_record_per_day.into(),
        ..AttemptScope::CodesToRecord.limit()
    };
    Ok(RecordState {
        active: record.record.active,
        merged: record.record.replaced_by().is_some(),
        deceased: record.record.deceased,
        has_contact: !record.record.demographics.emails().is_empty(),
        contact_changed: record.contacts_changed_at.is_some_and(|at| now < at + quarantine),
        linked_to_another: links.iter().any(|link| {
            link.role == LinkRole::SelfRole
                && link.account != claim.account
                && link.stored_status(now) == LinkStatus::Active
        }),
        // Whoever is barred gets no code; a reviewer sees why.
        disputed: unit.is_disputed(organization.id, record.id).await?
            || super::proxy::is_barred(unit, ports, record, claim.account).await?,
        minor: organization.policy.family.rules().may_be_minor(&record.facts(), now),
        ended_before: past.kept_out_since(&LinkRole::SelfRole).is_some(),
        acts_for_patient: past.acts_for_patient(),
        access_ended: unit.access_ended_since(organization.id, record.id, claim.submitted_at).await?,
        codes_exhausted: limit.failures == 0
            || codes.is_some_and(|counter| counter.locked_until(limit, now).is_some()),
    })
}

/// What codes to a record are counted on.
pub(super) fn codes_key(patient: PatientId) -> [u8; 16] {
    *patient.uuid().as_bytes()
}

struct Done<'a> {
    unit: &'a mut dyn UnitOfWork,
    ports: &'a Ports,
    organization: &'a Organization,
    claim: Claim,
    record: Option<PatientRecord>,
    now: DateTime<Utc>,
}

impl Done<'_> {
    async fn carry_out(self, decision: Decision, ranking: Ranking) -> Result<(), StoreError> {
        let (organization, ports, now) = (self.organization, self.ports, self.now);
        let policy = &organization.policy.claims;
        let (id, account) = (self.claim.id, self.claim.account);
        let patient = self.record.as_ref().map(|record| record.id);
        let (claim, reasons) = match (decision, self.record) {
            (Decision::Confirm, Some(record)) => {
                let to = CodeFor { organization, record: &record, review: None };
                (send_code::by_email(self.unit, ports, self.claim, &to).await?, Vec::new())
            }
            (Decision::Link, Some(record)) => {
                let support = demographic_match(&self.claim, &ranking.candidates, record.id);
                let support = support.map(|fact| Support { fact, at: now, by: Actor::System });
                let vouched = vouched(self.unit, &self.claim).await?;
                let wanted = WantedLink {
                    account,
                    organization,
                    patient: &record,
                    home: record.id,
                    role: LinkRole::SelfRole,
                    terms: None,
                    invitation: None,
                    by: self.claim.submitted_by,
                    used: None,
                    asserted: None,
                    support: support.into_iter().chain(vouched).collect(),
                };
                let link = make_link(self.unit, ports, wanted).await?.link().id;
                (self.claim.link(link, policy, now), Vec::new())
            }
            (Decision::Review(reasons), _) => {
                let review = open_review(self.unit, ports, &self.claim, &reasons).await?;
                (self.claim.send_to_review(review, policy, now), reasons)
            }
            (Decision::CutOff, _) => (self.claim.cut_off(Actor::System, policy, now), Vec::new()),
            (Decision::Confirm | Decision::Link | Decision::Decline, _) => {
                (self.claim.decline(Actor::System, Decline::NoMatch, policy, now), Vec::new())
            }
        };
        let claim = claim.map_err(|_| StoreError::Conflict(crate::store::Constraint::Version))?;
        self.unit.update_claim(&claim).await?;
        let subject = Subject { account: Some(account), patient, ..Subject::default() };
        let detail = serde_json::json!({
            "claim": id,
            "band": ranking.band,
            "candidates": ranking.candidates.len(),
            "status": claim.status(policy, now),
            "reasons": reasons,
        });
        let entry = ports.audit(organization.id, Actor::System, Action::ClaimProcess, subject, detail);
        self.unit.record(entry);
        Ok(())
    }
}

async fn open_review(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    claim: &Claim,
    reasons: &[ReviewReason],
) -> Result<ReviewId, StoreError> {
    let now = ports.clock.now();
    let review = Review {
        id: ReviewId::new(now, &*ports.random),
        organization: claim.organization,
        claim: claim.id,
        reasons: reasons.to_vec(),
        opened_at: now,
        asks: Vec::new(),
        state: ReviewState::Open,
    };
    unit.add_review(&review).await?;
    Ok(review.id)
}
