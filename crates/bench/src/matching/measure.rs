use std::time::Instant;

use hdrhistogram::Histogram;
use kinlink_domain::{
    comparison::{Band, Candidate, MatchCosts, Ranking, Thresholds, rank},
    demographics::Demographics,
    id::PatientId,
    patient::FhirId,
    store::{Candidates, Store},
};
use kinlink_matching::{Model, Person};
use serde::Serialize;

use super::{claims::Kind, memory, people::People, stage::Stage};

/// Claims that are matched before anything is measured.
const WARM_UP: u64 = 200;

#[derive(Debug, Default, Serialize)]
pub(super) struct Measured {
    pub(super) claims: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Records read, decrypted and compared for a claim.
    pub(super) candidates_mean: f64,
    pub(super) candidates_p99: u64,
    pub(super) candidates_max: u64,
    /// Claims for which some candidates were left out.
    pub(super) crowded: u64,
    /// Of the claims with a record, the part whose record is among the candidates.
    pub(super) found: f64,
    /// The part whose record is the best candidate.
    pub(super) best: f64,
    /// This process's, PostgreSQL's own not counted.
    pub(super) peak_memory_mb: Option<u64>,
    pub(super) kinds: Vec<Counted>,
}

#[derive(Debug, Serialize)]
pub(super) struct Counted {
    pub(super) kind: Kind,
    pub(super) claims: u64,
    pub(super) found: u64,
    pub(super) best: u64,
    pub(super) certain: u64,
    pub(super) review: u64,
    pub(super) none: u64,
}

/// Matches claims, one at a time.
pub(super) async fn claims(
    stage: &Stage,
    people: People,
    claims: u64,
    records: u64,
) -> anyhow::Result<Measured> {
    #[expect(clippy::cast_precision_loss, reason = "a prior needs no more digits")]
    let model = Model::shipped().for_index(records as f64);
    let thresholds = MatchCosts::default().thresholds()?;
    let counted = |kind| Counted { kind, claims: 0, found: 0, best: 0, certain: 0, review: 0, none: 0 };
    let mut kinds = Kind::ALL.map(counted);
    let mut measured = Measured { claims, ..Measured::default() };
    let (mut times, mut sizes) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    for n in 0..WARM_UP + claims {
        let claim = people.claim(n, records);
        let began = Instant::now();
        let (found, ranking) = match_one(stage, &model, thresholds, &claim.demographics).await?;
        let took = began.elapsed();
        if n < WARM_UP {
            memory::forget_peak();
            continue;
        }
        times.record(u64::try_from(took.as_micros())?)?;
        sizes.record(u64::try_from(found.records.len())?)?;
        measured.crowded += u64::from(found.crowded);
        let right = match claim.record {
            Some(number) => right_one(&found, &people.record(number)?.fhir_id),
            None => None,
        };
        for counted in kinds.iter_mut().filter(|counted| counted.kind == claim.kind) {
            counted.claims += 1;
            counted.found += u64::from(right.is_some());
            let best = ranking.candidates.first().map(|best| best.patient);
            counted.best += u64::from(right.is_some() && right == best);
            match ranking.band {
                Band::Certain => counted.certain += 1,
                Band::Review => counted.review += 1,
                Band::None => counted.none += 1,
            }
        }
    }
    let milliseconds =
        |microseconds: u64| std::time::Duration::from_micros(microseconds).as_secs_f64() * 1_000.0;
    measured.p50_ms = milliseconds(times.value_at_quantile(0.5));
    measured.p99_ms = milliseconds(times.value_at_quantile(0.99));
    measured.max_ms = milliseconds(times.max());
    measured.candidates_mean = sizes.mean();
    measured.candidates_p99 = sizes.value_at_quantile(0.99);
    measured.candidates_max = sizes.max();
    let on_record = || kinds.iter().filter(|counted| counted.kind != Kind::Absent);
    let all: u64 = on_record().map(|counted| counted.claims).sum();
    measured.found = part(on_record().map(|counted| counted.found).sum(), all);
    measured.best = part(on_record().map(|counted| counted.best).sum(), all);
    measured.peak_memory_mb = memory::peak_mb();
    measured.kinds = kinds.into();
    Ok(measured)
}

/// The whole way of a claim.
async fn match_one(
    stage: &Stage,
    model: &Model,
    thresholds: Thresholds,
    claimed: &Demographics,
) -> anyhow::Result<(Candidates, Ranking)> {
    let mut unit = stage.store.begin_read().await?;
    let found = unit.candidates(stage.organization, claimed).await?;
    drop(unit);
    let claimed = Person::of(claimed);
    let compared = found.records.iter().map(|candidate| {
        let recorded = Person::of(&candidate.record.demographics);
        Candidate { patient: candidate.id, comparison: model.compare(&claimed, &recorded) }
    });
    let ranking = rank(compared.collect(), thresholds);
    Ok((found, ranking))
}

fn right_one(found: &Candidates, fhir_id: &FhirId) -> Option<PatientId> {
    let right = found.records.iter().find(|candidate| candidate.record.fhir_id == *fhir_id);
    right.map(|candidate| candidate.id)
}

fn part(some: u64, all: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let part = some as f64 / all.max(1) as f64;
    part
}
