use std::{
    io::IsTerminal,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget};
use kinlink_domain::{actor::Actor, patient::FhirId, source::PullRun};
use kinlink_pull::{Pace, PullError, Puller, Watch};
use tokio_util::sync::CancellationToken;

use super::{super::serve::cancel_on_signal, Context, Named};
use crate::{exit::CHECK_FAILED, output};

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    named: Named,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let source = self.named.find(context).await?;
        let stop = CancellationToken::new();
        tokio::spawn(cancel_on_signal(stop.clone()));
        let puller = Puller::new(Arc::new(context.store.clone()), context.ports.clone(), Pace::default())?;
        let mut bar = Bar::new();
        let id = (source.organization, source.id);
        let outcome = puller.run(id, Actor::Operator, &stop, &mut bar).await;
        bar.drawn.finish_and_clear();
        match outcome {
            Ok(run) => {
                output::line(tell(&run));
                Ok(ExitCode::SUCCESS)
            }
            Err(PullError::Stopped) => {
                output::line("It was stopped. What is in stays in: run the same command again.");
                Ok(ExitCode::SUCCESS)
            }
            Err(PullError::Store(error)) => Err(error.into()),
            Err(error) => {
                output::remark(format!("{}: {error}", self.named.name));
                output::remark("What is in stays in: the next run goes on from there.");
                Ok(CHECK_FAILED.into())
            }
        }
    }
}

fn tell(run: &PullRun) -> String {
    let done = &run.upserted;
    format!(
        "{} pages: {} created, {} updated, {} unchanged, {} older than what is there, {} deleted, {} rejected",
        run.pages, done.created, done.updated, done.unchanged, done.stale, run.deleted, run.rejected
    )
}

/// A spinner on a terminal, since no server says in advance how much there is; elsewhere a line every few seconds.
struct Bar {
    drawn: ProgressBar,
    terminal: bool,
    told: Instant,
}

impl Bar {
    fn new() -> Self {
        let (drawn, terminal) = (ProgressBar::new_spinner(), std::io::stderr().is_terminal());
        if !terminal {
            drawn.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { drawn, terminal, told: Instant::now() }
    }
}

impl Watch for Bar {
    fn page(&mut self, run: &PullRun) {
        let text = tell(run);
        if !self.terminal && self.told.elapsed() >= Duration::from_secs(5) {
            self.told = Instant::now();
            output::remark(&text);
        }
        self.drawn.set_message(text);
        self.drawn.tick();
    }

    fn rejected(&mut self, id: Option<&FhirId>, why: &str) {
        let id = id.map_or("a Patient without an id", FhirId::as_str);
        self.drawn.suspend(|| output::remark(format!("passed over: {id}: {why}")));
    }
}
