//! Whatever happens to grants, papers, bars, doubts, disputes, ages and clocks, in whatever order: the links that live
//! are those that a model says which fits on two screens.

mod model;
mod real;

use chrono::TimeDelta;
use model::Model;
use proptest::{prelude::*, test_runner::TestCaseError};
use real::Real;

const PROXIES: [&str; 3] = ["ben", "carl", "dora"];
const BIRTH_DATES: [&str; 3] = ["1984-02-28", "2012-06-01", "2016-06-01"];

#[derive(Debug, Clone, Copy)]
enum Command {
    Offer,
    Accept { proxy: usize, offer: usize },
    PatientEnds(usize),
    ProxyWalksAway(usize),
    Parent { proxy: usize, papers_for: Option<i64> },
    Bar(usize),
    LiftBars(usize),
    DoubtPatient,
    ClearPatient,
    Suspend(usize),
    Reinstate(usize),
    DisputePatient,
    DismissPatient,
    Dispute(usize),
    Decide { proxy: usize, right: bool },
    Pass(i64),
    Born(usize),
    Except(bool),
    NoException,
}

fn command() -> impl Strategy<Value = Command> {
    let proxy = 0..PROXIES.len();
    prop_oneof![
        3 => Just(Command::Offer),
        6 => (proxy.clone(), 0..4_usize).prop_map(|(proxy, offer)| Command::Accept { proxy, offer }),
        2 => proxy.clone().prop_map(Command::PatientEnds),
        1 => proxy.clone().prop_map(Command::ProxyWalksAway),
        4 => (proxy.clone(), proptest::option::of(1..500_i64))
            .prop_map(|(proxy, papers_for)| Command::Parent { proxy, papers_for }),
        2 => proxy.clone().prop_map(Command::Bar),
        1 => proxy.clone().prop_map(Command::LiftBars),
        1 => Just(Command::DoubtPatient),
        2 => Just(Command::ClearPatient),
        1 => proxy.clone().prop_map(Command::Suspend),
        1 => proxy.clone().prop_map(Command::Reinstate),
        2 => Just(Command::DisputePatient),
        2 => Just(Command::DismissPatient),
        2 => proxy.clone().prop_map(Command::Dispute),
        2 => (proxy, any::<bool>()).prop_map(|(proxy, right)| Command::Decide { proxy, right }),
        2 => (1..400_i64).prop_map(Command::Pass),
        2 => (0..BIRTH_DATES.len()).prop_map(Command::Born),
        1 => any::<bool>().prop_map(Command::Except),
        1 => Just(Command::NoException),
    ]
}

async fn agree(commands: Vec<Command>) -> Result<(), TestCaseError> {
    let mut real = Real::new().await;
    let begun = real.it.ports.clock.now();
    let mut model = Model::new(begun.date_naive());
    for (step, command) in commands.into_iter().enumerate() {
        // Longer than the window of wrong codes, which is not what this is about.
        real.it.clock.advance(TimeDelta::hours(2));
        let at = |model: &mut Model, real: &Real| {
            let now = real.it.ports.clock.now();
            model.hours = (now - begun).num_hours();
            model.today = now.date_naive();
        };
        at(&mut model, &real);
        model.apply(command);
        real.apply(command).await;
        at(&mut model, &real);
        prop_assert_eq!(
            real.lives(real.patient).await,
            model.patient_lives(),
            "the patient after {}: {:?}",
            step,
            command
        );
        for (proxy, name) in PROXIES.iter().enumerate() {
            let lives = real.lives(real.account(proxy).await).await;
            prop_assert_eq!(lives, model.lives(proxy), "{} after {}: {:?}", name, step, command);
        }
    }
    real.it.close().await;
    Ok(())
}

/// Everybody acts and lives: two by the patient, who is thirteen, and one as a parent.
const ALL_LIVE: [Command; 6] = [
    Command::Offer,
    Command::Offer,
    Command::Born(1),
    Command::Accept { proxy: 0, offer: 0 },
    Command::Accept { proxy: 1, offer: 1 },
    Command::Parent { proxy: 2, papers_for: None },
];

/// What puts a link in doubt, or lifts that.
fn doubt() -> impl Strategy<Value = Command> {
    let proxy = 0..PROXIES.len();
    let decided = (proxy.clone(), prop::bool::weighted(0.1));
    prop_oneof![
        1 => Just(Command::DoubtPatient),
        1 => Just(Command::ClearPatient),
        2 => Just(Command::DisputePatient),
        2 => Just(Command::DismissPatient),
        2 => proxy.clone().prop_map(Command::Suspend),
        2 => proxy.clone().prop_map(Command::Reinstate),
        3 => proxy.prop_map(Command::Dispute),
        3 => decided.prop_map(|(proxy, right)| Command::Decide { proxy, right }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_links_that_live_are_those_of_the_model(commands in proptest::collection::vec(command(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(agree(commands))?;
    }

    #[test]
    fn each_doubt_is_lifted_by_itself(doubts in proptest::collection::vec(doubt(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(agree([&ALL_LIVE[..], &doubts].concat()))?;
    }
}
