//! Whether there is a record, one or several or none, cannot be told from any answer, nor from how long it takes.
//!
//! In each round four claimants, one of each kind, do the same in a drawn order. Status, headers and body must be
//! equal. Times are ranked within the round, so that neither a slow machine nor its warming up counts, and the
//! Friedman test (Friedman 1937) asks whether a kind has ranks of its own.

use std::time::Instant;

use chrono::TimeDelta;
use kinlink_domain::port::Random;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller, Reply},
    claims::{certain, doubtful, unknown},
};

const KINDS: [&str; 4] = ["hit", "ambiguous", "miss", "already linked"];
const ROUNDS: usize = 50;
/// The quantile of chi-square with 3 degrees of freedom that one test in 100,000 exceeds by chance.
const CRITICAL: f64 = 25.90;

/// Draws orders that a seed repeats (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn order(&mut self) -> [usize; 4] {
        let mut order = [0, 1, 2, 3];
        for place in (1..4).rev() {
            order.swap(place, self.below(place + 1));
        }
        order
    }
}

/// Friedman's statistic of times by round and kind; chi-square with 3 degrees of freedom if kinds are alike.
fn friedman(rounds: &[[f64; 4]]) -> f64 {
    let mut sums = [0.0; 4];
    for times in rounds {
        for (kind, time) in times.iter().enumerate() {
            let below = times.iter().filter(|other| **other < *time).count();
            let alike = times.iter().filter(|other| (**other - *time).abs() < f64::EPSILON).count();
            sums[kind] += f64::from(u32::try_from(2 * below + alike + 1).unwrap()) / 2.0;
        }
    }
    let n = f64::from(u32::try_from(rounds.len()).unwrap());
    12.0 / (n * 20.0) * sums.iter().map(|sum| sum * sum).sum::<f64>() - 15.0 * n
}

/// All that a claimant sees, but for what names this very request and claim.
fn seen(reply: &Reply, claim: &str) -> Value {
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(claim, "CLAIM")))
        .collect();
    headers.sort();
    let body: Value = serde_json::from_str(&reply.body.to_string().replace(claim, "CLAIM")).unwrap();
    json!([reply.status, headers, body])
}

struct Observed {
    answers: Vec<Value>,
    times: Vec<f64>,
}

/// Calls and notes what was seen and how long it took.
async fn observe(observed: &mut Observed, claim: &str, call: impl Future<Output = Reply>) {
    let begun = Instant::now();
    let reply = call.await;
    observed.times.push(begun.elapsed().as_secs_f64());
    observed.answers.push(seen(&reply, claim));
}

fn claimed(kind: usize) -> Value {
    match kind {
        0 => certain("p1"),
        1 => doubtful("p2"),
        2 => unknown(),
        _ => certain("p3"),
    }
}

/// Somebody whose link is there before the round begins, for the last kind.
fn claimant(app: &App, round: usize, kind: usize) -> Caller {
    if kind == 3 { app.person("linked") } else { app.person(&format!("{}-{round}", KINDS[kind])) }
}

async fn round(app: &App, number: usize, draw: &mut Draw) -> [Observed; 4] {
    let claimants = [0, 1, 2, 3].map(|kind| claimant(app, number, kind));
    let mut observed = [0; 4].map(|_| Observed { answers: Vec::new(), times: Vec::new() });
    let mut claims = [const { String::new() }; 4];
    for kind in draw.order() {
        let begun = Instant::now();
        let reply = claimants[kind].post("/v1/claims", claimed(kind)).await;
        observed[kind].times.push(begun.elapsed().as_secs_f64());
        reply.text("/id").clone_into(&mut claims[kind]);
        observed[kind].answers.push(seen(&reply, &claims[kind]));
    }
    app.match_claims().await;
    for (kind, claim) in claims.iter().enumerate() {
        assert!(!claim.is_empty(), "{}", KINDS[kind]);
    }
    let path = |kind: usize, act: &str| format!("/v1/claims/{}{act}", claims[kind]);
    let wrong = || json!({"code": "0000-0000-0000"});
    for kind in draw.order() {
        let (one, path) = (&claimants[kind], path(kind, ""));
        observe(&mut observed[kind], &claims[kind], one.get(&path)).await;
    }
    for _ in 0..2 {
        for kind in draw.order() {
            let (one, path) = (&claimants[kind], path(kind, "/confirm"));
            observe(&mut observed[kind], &claims[kind], one.post(&path, wrong())).await;
        }
    }
    for kind in draw.order() {
        let (one, path) = (&claimants[kind], path(kind, "/withdraw"));
        let call = one.send(reqwest::Method::POST, &path, None, &[]);
        observe(&mut observed[kind], &claims[kind], call).await;
    }
    observed
}

const STEPS: [&str; 5] = ["submit", "read", "confirm", "confirm again", "withdraw"];

journey! {
    async fn nothing_that_a_claimant_sees_tells_what_is_on_record(app: App) {
        let mut seed = [0; 8];
        app.fixture.ports.random.fill(&mut seed);
        let given = std::env::var("KINLINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(u64::from_le_bytes(seed));
        println!("KINLINK_TEST_SEED={seed}");
        let code = app.registrar().invites("p3").await.text("/code").to_owned();
        app.person("linked").redeems(&code).await.expect(201);
        let mut draw = Draw(seed);
        let mut times = [const { Vec::new() }; STEPS.len()];
        for number in 0..ROUNDS {
            let observed = round(app, number, &mut draw).await;
            for kind in 1..4 {
                for (step, name) in STEPS.iter().enumerate() {
                    let (this, first) = (&observed[kind].answers[step], &observed[0].answers[step]);
                    assert_eq!(this, first, "{name}: a {} differs from a hit, seed {seed}", KINDS[kind]);
                }
            }
            for (step, times) in times.iter_mut().enumerate() {
                times.push([0, 1, 2, 3].map(|kind| observed[kind].times[step]));
            }
            // Limits of claims and codes are of other tests.
            app.pass(TimeDelta::hours(25));
        }
        // It really was a hit, an ambiguous one, a miss and one that was linked.
        let count = async |sql: &str| app.fixture.database.count(sql).await;
        let rounds = i64::try_from(ROUNDS).unwrap();
        assert_eq!(count("select count(*) from claim where band = 'certain'").await, 2 * rounds);
        assert_eq!(count("select count(*) from claim where band = 'review'").await, rounds);
        assert_eq!(count("select count(*) from claim where band = 'none'").await, rounds);
        for (step, times) in STEPS.iter().zip(&times) {
            let statistic = friedman(times);
            println!("{step}: {statistic:.1} of {CRITICAL}");
            assert!(statistic < CRITICAL, "{step}: times tell kinds apart ({statistic:.1}), seed {seed}");
        }
    }
}

#[test]
fn the_statistic_tells_apart_what_differs_and_only_that() {
    let mut draw = Draw(7);
    let mut noise = || f64::from(u32::try_from(draw.below(1_000_000)).unwrap());
    let alike: Vec<_> = (0..ROUNDS).map(|_| [noise(), noise(), noise(), noise()]).collect();
    assert!(friedman(&alike) < CRITICAL, "{}", friedman(&alike));
    // One kind slower by less than the noise is wide.
    let slower: Vec<_> =
        alike.iter().map(|times| [times[0] + 600_000.0, times[1], times[2], times[3]]).collect();
    assert!(friedman(&slower) > CRITICAL, "{}", friedman(&slower));
}
