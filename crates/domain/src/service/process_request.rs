//! A submitted access request is matched, in the background, and goes to whoever has to decide it.

use super::{Ports, match_patient::rank_records};
use crate::{
    access_request::{AccessRequest, Decider, RequestDecline, RequestStatus},
    actor::Actor,
    audit::{Action, Subject},
    comparison::{Band, Matcher},
    id::{MessageId, OrganizationId, RequestId},
    link::{Link, LinkRole},
    organization::Organization,
    outbox::{Mail, Message, MessageBody},
    patient::PatientRecord,
    store::{Candidates, Constraint, StoreError, UnitOfWork},
};

/// Records that staff are shown at most.
const MOST: usize = 5;

/// Matches a request. Nothing, and no outcome, if somebody else did it first or its time is over.
pub async fn process(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    matcher: &dyn Matcher,
    organization: OrganizationId,
    id: RequestId,
) -> Result<Option<&'static str>, StoreError> {
    let now = ports.clock.now();
    let Some(organization) = unit.organization(organization).await? else { return Ok(None) };
    let Some(request) = unit.request_for_update(organization.id, id).await? else { return Ok(None) };
    if request.status(now) != RequestStatus::Submitted {
        return Ok(None);
    }
    let Candidates { records, crowded } = unit.candidates(organization.id, &request.person).await?;
    let ranking = rank_records(&organization, matcher, &request.person, &records)?;
    let best = ranking.candidates.first().filter(|_| ranking.band == Band::Certain && !crowded);
    let best = best.and_then(|best| records.iter().find(|record| record.id == best.patient));
    let waits_for = match best {
        Some(record) if asks_the_patient(unit, ports, &organization, &request, record).await? => {
            notify(unit, ports, &organization, &request, record);
            Some(Decider::Patient(record.id))
        }
        _ if ranking.band == Band::None && !crowded => None,
        _ => Some(Decider::Staff(
            ranking.candidates.iter().take(MOST).map(|candidate| candidate.patient).collect(),
        )),
    };
    let (word, patient) = match &waits_for {
        Some(Decider::Patient(patient)) => ("patient", Some(*patient)),
        Some(Decider::Staff(_)) => ("staff", None),
        None => ("declined", None),
    };
    let account = request.account;
    let outcome = match waits_for {
        Some(decider) => request.wait_for(decider, now),
        None => request.decline(Actor::System, RequestDecline::NoMatch, now),
    };
    let outcome = outcome.map_err(|_| StoreError::Conflict(Constraint::Version))?;
    unit.update_request(&outcome).await?;
    let subject = Subject { account: Some(account), patient, ..Subject::default() };
    let detail = serde_json::json!({"request": id, "band": ranking.band, "to": word});
    unit.record(ports.audit(organization.id, Actor::System, Action::RequestProcess, subject, detail));
    Ok(Some(word))
}

/// Whether the patient opens this record and so can be asked; not whoever asks, and nobody who is too young.
async fn asks_the_patient(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    request: &AccessRequest,
    record: &PatientRecord,
) -> Result<bool, StoreError> {
    let (now, rules) = (ports.clock.now(), organization.policy.family.rules());
    let links = unit.links_to_patient(organization.id, record.id).await?;
    let of_patient = |link: &Link| {
        link.role == LinkRole::SelfRole && link.account != request.account && link.gives(&rules, now).is_ok()
    };
    // A record with several logins of which one is the asker's is for staff to look at.
    let own = links.iter().any(|link| link.role == LinkRole::SelfRole && link.account == request.account);
    Ok(!own && links.iter().any(of_patient))
}

/// Tells the contacts on record that somebody asks. It names nobody.
fn notify(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    request: &AccessRequest,
    record: &PatientRecord,
) {
    let now = ports.clock.now();
    for to in record.record.demographics.emails() {
        let mail = Mail::AccessAsked { organization: organization.name.clone(), request: request.id };
        unit.send(Message {
            id: MessageId::new(now, &*ports.random),
            organization: organization.id,
            body: MessageBody::Mail { to: to.to_owned(), mail },
            due_at: now,
            expires_at: Some(request.expires_at),
            attempts: 0,
        });
    }
}
