use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::Actor,
    claim::Claim,
    comparison::{Candidate, Comparison},
    id::ReviewId,
    organization::Organization,
    patient::PatientRecord,
    review::{Ask, Review, ReviewState, ReviewStatus},
    side_by_side::prior,
};
use serde::Deserialize;

use super::waterfall::{Bar, Line, Scale, bits, lines};
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Filters, fresh},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    state::State,
    v1::reviews::read::{Looked, look},
};

#[derive(Deserialize)]
pub(in crate::pages) struct Said {
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/review.html")]
struct ReviewPage {
    frame: Frame,
    id: String,
    slug: String,
    organization: String,
    status: &'static str,
    undecided: bool,
    reasons: Vec<&'static str>,
    opened: String,
    claim: Option<ClaimShown>,
    candidates: Vec<CandidateShown>,
    approvals: Vec<ApprovalShown>,
    /// The visitor approved first, so that somebody else has to agree.
    waits_for_another: bool,
    needs_two: bool,
    asks: Vec<String>,
    declined: Option<String>,
    documents: &'static [(&'static str, &'static str)],
    missing: Vec<(&'static str, &'static str)>,
    declines: words::Reasons,
    once: String,
    complaints: Complaints,
}

struct ClaimShown {
    id: String,
    account: String,
    submitted: String,
    by: String,
    expires: String,
    failures: u16,
}

struct CandidateShown {
    fhir_id: String,
    name: String,
    lines: Vec<Line>,
    prior: String,
    prior_bar: Bar,
    weight: String,
    probability: String,
    band: &'static str,
    warnings: Vec<String>,
    usable: bool,
    has_email: bool,
}

struct ApprovalShown {
    by: String,
    at: String,
    fhir_id: String,
    proof: Vec<String>,
}

/// `/staff/reviews/{id}`: the claim and the candidates side by side.
pub(in crate::pages) async fn show_review(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Filters(query): Filters<Said>,
) -> Result<HttpResponse, Refusal> {
    let said = match query.said.as_deref() {
        Some("approved") => Some("Approved. A code goes out by email to the contact on record."),
        Some("seconding") => Some("Noted. A second reviewer has to agree before a code goes out."),
        Some("asked") => Some("Noted, and on record."),
        Some("declined") => Some("Declined. The claimant sees no difference."),
        _ => None,
    };
    show_again(&state, &staff, path_id(&request)?, said, StatusCode::OK, Complaints::default()).await
}

pub(super) async fn show_again(
    state: &State,
    staff: &Staff,
    id: ReviewId,
    said: Option<&'static str>,
    status: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let looked = look(state, &mut *unit, &staff.caller, id).await?;
    unit.save().await?;
    let frame = Frame::new(&staff.visitor, "/staff").saying(said);
    let me = Actor::Staff(staff.visitor.account());
    let once = fresh(state);
    Ok(show(state, &staff.visitor, status, &page(frame, &looked, me, once, complaints)))
}

fn page(frame: Frame, looked: &Looked, me: Actor, once: String, complaints: Complaints) -> ReviewPage {
    let Looked { organization, review, claim, found } = looked;
    let scale = Scale::of(found.iter().map(|(_, candidate, _)| &candidate.comparison));
    let candidates = claim.iter().flat_map(|claim| {
        let shown = |(record, candidate, others): &(PatientRecord, Candidate, usize)| {
            candidate_shown(organization, claim, record, &candidate.comparison, *others, scale)
        };
        found.iter().map(shown).collect::<Vec<_>>()
    });
    let candidates = candidates.collect();
    ReviewPage {
        frame,
        id: review.id.to_string(),
        slug: organization.slug.to_string(),
        organization: organization.name.clone(),
        status: words::review_status(review.status()),
        undecided: matches!(review.status(), ReviewStatus::Open | ReviewStatus::Seconding),
        reasons: review.reasons.iter().map(|reason| words::review_reason(*reason)).collect(),
        opened: words::moment(review.opened_at),
        claim: claim.as_ref().map(claim_shown),
        candidates,
        approvals: approvals(review, found),
        waits_for_another: matches!(&review.state, ReviewState::Seconding { first } if first.by == me),
        needs_two: review.needs_two(&organization.policy.claims.four_eyes),
        asks: review.asks.iter().map(ask_shown).collect(),
        declined: match &review.state {
            ReviewState::Declined { at, by, reason } => {
                Some(format!("{}, {}: {}", words::moment(*at), words::actor(*by), words::decline(*reason)))
            }
            ReviewState::Open
            | ReviewState::Seconding { .. }
            | ReviewState::Approved { .. }
            | ReviewState::Moot => None,
        },
        documents: &words::DOCUMENTS,
        missing: super::ask::MISSING.map(|(name, missing)| (name, words::missing(missing))).into(),
        declines: words::reasons(super::decline::REASONS, words::decline),
        once,
        complaints,
    }
}

fn claim_shown(claim: &Claim) -> ClaimShown {
    ClaimShown {
        id: claim.id.to_string(),
        account: claim.account.to_string(),
        submitted: words::moment(claim.submitted_at),
        by: words::actor(claim.submitted_by),
        expires: words::moment(claim.expires_at),
        failures: claim.failures,
    }
}

fn candidate_shown(
    organization: &Organization,
    claim: &Claim,
    record: &PatientRecord,
    comparison: &Comparison,
    others: usize,
    scale: Scale,
) -> CandidateShown {
    let recorded = &record.record.demographics;
    let before = prior(comparison);
    CandidateShown {
        fhir_id: record.record.fhir_id.to_string(),
        name: words::name(record),
        lines: lines(&claim.demographics, recorded, comparison, scale),
        prior: bits(before),
        prior_bar: Bar::new(scale, 0.0, before),
        weight: bits(comparison.weight),
        probability: format!("{:.2} %", comparison.probability() * 100.0),
        band: band(organization, comparison),
        warnings: warnings(record, others),
        usable: record.record.is_usable() && !record.record.deceased,
        has_email: !recorded.emails().is_empty(),
    }
}

/// Which band it would fall in, if this were the only candidate.
fn band(organization: &Organization, comparison: &Comparison) -> &'static str {
    let Ok(thresholds) = organization.policy.matching.costs.thresholds() else { return "no band" };
    let probability = comparison.probability();
    if probability >= thresholds.upper {
        "beyond doubt, if it were alone"
    } else if probability >= thresholds.lower {
        "to be looked at"
    } else {
        "below what is looked at"
    }
}

fn warnings(record: &PatientRecord, others: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    let imported = &record.record;
    if imported.deceased {
        warnings.push("The patient is deceased.".to_owned());
    }
    if let Some(other) = imported.replaced_by() {
        warnings.push(format!("The record was merged into {other}."));
    } else if !imported.active {
        warnings.push("The record is not in use.".to_owned());
    }
    match others {
        0 => {}
        1 => warnings.push("Another account opens this record.".to_owned()),
        many => warnings.push(format!("{many} other accounts open this record.")),
    }
    if let Some(at) = record.contacts_changed_at {
        warnings.push(format!("A contact on record changed on {}.", words::day(at)));
    }
    warnings
}

fn approvals(review: &Review, found: &[(PatientRecord, Candidate, usize)]) -> Vec<ApprovalShown> {
    let approvals = review.approvals().iter().map(|approval| {
        let record = found.iter().map(|(record, ..)| record).find(|record| record.id == approval.patient);
        ApprovalShown {
            by: words::actor(approval.by),
            at: words::moment(approval.at),
            fhir_id: record.map(|record| record.record.fhir_id.to_string()).unwrap_or_default(),
            proof: approval.proof.iter().map(words::fact).collect(),
        }
    });
    approvals.collect()
}

fn ask_shown(ask: &Ask) -> String {
    let missing: Vec<_> = ask.missing.iter().map(|missing| words::missing(*missing)).collect();
    let told = if ask.told { "a contact on record was told" } else { "nobody was told" };
    format!("{}, {}: {} ({told})", words::moment(ask.at), words::actor(ask.by), missing.join(", "))
}
