//! Whatever happens to grants, papers, bars, doubts, disputes, ages, clocks and merges, in whatever order: the links
//! that live are those that a model says which fits on a few screens.

use chrono::TimeDelta;
use proptest::{prelude::*, test_runner::TestCaseError};

use model::Model;
use real::Real;

mod doubts;
mod model;
mod real;

/// The record that this is about, and a stranger's, into which it is merged by mistake.
const RECORDS: [&str; 2] = ["p1", "p2"];
/// When the stranger was born.
const STRANGER: &str = "2016-02-01";
const PROXIES: [&str; 3] = ["ben", "carl", "dora"];
const BIRTH_DATES: [&str; 3] = ["1984-02-28", "2012-06-01", "2016-06-01"];

#[derive(Debug, Clone, Copy)]
enum Command {
    Offer,
    Accept { proxy: usize, offer: usize },
    PatientEnds(usize),
    ProxyWalksAway(usize),
    Invite(Option<i64>),
    Redeem { proxy: usize, letter: usize },
    Bar { proxy: usize, record: usize },
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
    Merge,
    Unmerge,
}

fn command() -> impl Strategy<Value = Command> {
    let proxy = 0..PROXIES.len();
    prop_oneof![
        3 => Just(Command::Offer),
        6 => (proxy.clone(), 0..4_usize).prop_map(|(proxy, offer)| Command::Accept { proxy, offer }),
        2 => proxy.clone().prop_map(Command::PatientEnds),
        1 => proxy.clone().prop_map(Command::ProxyWalksAway),
        3 => proptest::option::of(1..500_i64).prop_map(Command::Invite),
        5 => (proxy.clone(), 0..4_usize).prop_map(|(proxy, letter)| Command::Redeem { proxy, letter }),
        2 => (proxy.clone(), 0..2_usize).prop_map(|(proxy, record)| Command::Bar { proxy, record }),
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
        4 => Just(Command::Merge),
        3 => Just(Command::Unmerge),
    ]
}

async fn agree(commands: Vec<Command>) -> Result<(), TestCaseError> {
    let mut real = Real::new("1984-02-29").await;
    let begun = real.it.ports.clock.now();
    let born = ["1984-02-29", STRANGER].map(|date| date.parse().unwrap());
    let mut model = Model::new(begun.date_naive(), born);
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
        let record = RECORDS[model.record()].to_owned();
        let expected = |lives: bool| if lives { vec![record.clone()] } else { Vec::new() };
        prop_assert_eq!(
            real.opens(real.patient).await,
            expected(model.patient_lives()),
            "the patient after {}: {:?}",
            step,
            command
        );
        for (proxy, name) in PROXIES.iter().enumerate() {
            let opens = real.opens(real.account(proxy).await).await;
            prop_assert_eq!(opens, expected(model.lives(proxy)), "{} after {}: {:?}", name, step, command);
        }
    }
    real.it.close().await;
    Ok(())
}

fn agrees(commands: Vec<Command>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(agree(commands))
}

/// Everybody acts and lives: two by the patient, who is thirteen, and one as a parent.
const ALL_LIVE: [Command; 7] = [
    Command::Offer,
    Command::Offer,
    Command::Invite(None),
    Command::Born(1),
    Command::Accept { proxy: 0, offer: 0 },
    Command::Accept { proxy: 1, offer: 1 },
    Command::Redeem { proxy: 2, letter: 0 },
];

/// What puts a link in doubt, or lifts that, and what takes it to another record with its doubts.
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
        1 => Just(Command::Merge),
        1 => Just(Command::Unmerge),
    ]
}

/// Codes that nobody has used yet.
const ON_THEIR_WAY: [Command; 4] =
    [Command::Offer, Command::Offer, Command::Invite(None), Command::Invite(None)];

/// What ends a link, for cause or not, and what may take its place.
fn ending() -> impl Strategy<Value = Command> {
    let proxy = 0..PROXIES.len();
    prop_oneof![
        2 => proxy.clone().prop_map(|proxy| Command::Bar { proxy, record: 0 }),
        2 => proxy.clone().prop_map(Command::LiftBars),
        3 => proxy.clone().prop_map(Command::Suspend),
        1 => proxy.clone().prop_map(Command::Reinstate),
        2 => proxy.clone().prop_map(Command::Dispute),
        2 => proxy.clone().prop_map(|proxy| Command::Decide { proxy, right: true }),
        2 => proxy.clone().prop_map(Command::ProxyWalksAway),
        2 => proxy.clone().prop_map(Command::PatientEnds),
        4 => (proxy.clone(), 2..4_usize).prop_map(|(proxy, offer)| Command::Accept { proxy, offer }),
        4 => (proxy, 1..4_usize).prop_map(|(proxy, letter)| Command::Redeem { proxy, letter }),
        1 => Just(Command::Offer),
        1 => Just(Command::Invite(None)),
        1 => Just(Command::Merge),
        1 => Just(Command::Unmerge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_links_that_live_are_those_of_the_model(commands in proptest::collection::vec(command(), 1..40)) {
        agrees(commands)?;
    }

    #[test]
    fn each_doubt_is_lifted_by_itself(doubts in proptest::collection::vec(doubt(), 1..30)) {
        agrees([&ALL_LIVE[..], &doubts].concat())?;
    }

    #[test]
    fn a_code_that_was_on_its_way_opens_nothing_to_whoever_was_shut_out_since(
        endings in proptest::collection::vec(ending(), 1..30),
    ) {
        agrees([&ALL_LIVE[..], &ON_THEIR_WAY, &endings].concat())?;
    }
}
