//! Whether there is a record, one or several or none, cannot be told from any answer, nor from how long it takes.
//!
//! In each round four claimants, one of each kind, do the same in a drawn order. Status, headers and body must be
//! equal. Times are ranked within the round, so that neither a slow machine nor its warming up counts, and the
//! Friedman test (Friedman 1937) asks whether a kind has ranks of its own.

use std::time::Instant;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller, Reply},
    claims::{certain, doubtful, unknown},
};

const KINDS: [&str; 4] = ["hit", "ambiguous", "miss", "already linked"];
const ROUNDS: usize = 60;
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

/// What a claimant may do, and how often in a round: five wrong codes would close the claim.
const STEPS: [(&str, usize); 4] = [("submit", 1), ("read", 2), ("confirm", 4), ("withdraw", 1)];

fn claimed(kind: usize) -> Value {
    match kind {
        0 => certain("p1"),
        1 => doubtful("p2"),
        2 => unknown(),
        _ => certain("p3"),
    }
}

/// One claimant of each kind in a round. The same four accounts in every round, so that none has more behind it than
/// another; the last has its link before the first.
struct Round {
    claimants: [Caller; 4],
    claims: [String; 4],
}

impl Round {
    fn new(app: &App) -> Self {
        Self { claimants: KINDS.map(|kind| app.person(kind)), claims: [const { String::new() }; 4] }
    }

    async fn act(&self, step: &str, kind: usize) -> Reply {
        let (one, path) = (&self.claimants[kind], format!("/v1/claims/{}", self.claims[kind]));
        match step {
            "submit" => one.post("/v1/claims", claimed(kind)).await,
            "read" => one.get(&path).await,
            "confirm" => one.post(&format!("{path}/confirm"), json!({"code": "0000-0000-0000"})).await,
            _ => one.send(reqwest::Method::POST, &format!("{path}/withdraw"), None, &[]).await,
        }
    }

    /// All four do this once, in a drawn order; how long each took, once it is sure that all saw the same.
    async fn all_do(&mut self, step: &str, draw: &mut Draw) -> [f64; 4] {
        let mut times = [0.0; 4];
        let mut answers = [const { Value::Null }; 4];
        for kind in draw.order() {
            let begun = Instant::now();
            let reply = self.act(step, kind).await;
            times[kind] = begun.elapsed().as_secs_f64();
            if step == "submit" {
                reply.text("/id").clone_into(&mut self.claims[kind]);
            }
            answers[kind] = seen(&reply, &self.claims[kind]);
        }
        for kind in 1..4 {
            assert_eq!(answers[kind], answers[0], "{step}: {} differs from a hit", KINDS[kind]);
        }
        times
    }
}

journey! {
    async fn nothing_that_a_claimant_sees_tells_what_is_on_record(app: App) {
        let mut seed = [0; 8];
        app.fixture.ports.random.fill(&mut seed);
        let given = std::env::var("KINLINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(u64::from_le_bytes(seed));
        eprintln!("KINLINK_TEST_SEED={seed}");
        let code = app.registrar().invites("p3").await.text("/code").to_owned();
        app.person(KINDS[3]).redeems(&code).await.expect(201);
        let mut draw = Draw(seed);
        let mut times = [const { Vec::new() }; STEPS.len()];
        for _ in 0..ROUNDS {
            let mut round = Round::new(app);
            for ((step, often), times) in STEPS.iter().zip(&mut times) {
                for _ in 0..*often {
                    times.push(round.all_do(step, &mut draw).await);
                }
                if *step == "submit" {
                    app.match_claims().await;
                }
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
        for ((step, _), times) in STEPS.iter().zip(&times) {
            let statistic = friedman(times);
            eprintln!("{step}: {statistic:.1} of {CRITICAL}");
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
