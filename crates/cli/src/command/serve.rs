use std::{
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use kinlink_api::{Application, ClaimWorker, TurnWorker};
use kinlink_delivery::{EventWorker, MailSender, OutboxWorker, Sender, SmtpMailer, WebhookSender};
use kinlink_domain::{outbox::MessageKind, service::Ports, store::ChangeListener};
use kinlink_persistence::SeaStore;
use kinlink_provisioning::Provisioner;
use kinlink_pull::{Pace, PullWorker, Puller};
use tokio_util::sync::CancellationToken;

use super::context::{self, Context};
use crate::{
    config::{Config, ConfigFlags, LogFormat},
    exit::ConfigurationError,
    output,
};

/// How often rows that have served are removed.
const HOUSEKEEPING: Duration = Duration::from_mins(5);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stops on Ctrl-C or SIGTERM: takes no more requests, finishes those that it took, writes what it counted.")]
pub(crate) struct Serve {
    /// Where to listen, instead of what the configuration says.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Bring the schema up to date first. Always done for a SQLite file.
    #[arg(long)]
    migrate: bool,
}

impl Serve {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let mut config = flags.load()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        log(&config)?;
        let database = context::connect(&config).await?;
        let pending = database.migration_status().await?.iter().filter(|m| !m.applied).count();
        if pending > 0 {
            if !self.migrate && !config.database.url.starts_with("sqlite:") {
                let hint = "run `kinlink migrate up`, or serve with --migrate";
                return Err(ConfigurationError(format!("{pending} migrations are pending; {hint}")).into());
            }
            database.migrate_up(None).await?;
        }
        // Says so in the log if a newer program made the schema.
        database.schema().await?;
        let context = Context::with(config, database)?;
        let listen = context.config.server.listen;
        let listener =
            TcpListener::bind(listen).with_context(|| format!("nothing can listen on {listen}"))?;
        serve(context, listener).await
    }
}

async fn serve(context: Context, listener: TcpListener) -> anyhow::Result<ExitCode> {
    let Context { config, ports, database, .. } = context;
    let mut kept = None;
    let make_store = |listener: Arc<dyn ChangeListener>| {
        let store = Arc::new(SeaStore::new(database.clone(), ports.clone()).with_listener(listener));
        kept = Some(store.clone());
        store
    };
    let senders = senders(&config)?;
    let settings = config.api()?;
    let matcher = settings.matcher.clone();
    let (issuer, receivers) = (settings.public_url.clone(), settings.receivers);
    let address = listener.local_addr()?;
    let mut application = Application::start(listener, settings, ports.clone(), make_store, None)?;
    let store = kept.context("the application took no store")?;
    let stop = CancellationToken::new();
    let mut workers = vec![tokio::spawn(keep_house(store.clone(), ports.clock.clone(), stop.clone()))];
    let worker = ClaimWorker::new(store.clone(), matcher, ports.clone());
    workers.push(tokio::spawn(worker.run(stop.clone())));
    let wake = application.event_wake();
    let worker = EventWorker::new(store.clone(), ports.clone(), issuer, receivers, wake)?;
    workers.push(tokio::spawn(worker.run(stop.clone())));
    let worker = TurnWorker::new(store.clone(), ports.clone());
    workers.push(tokio::spawn(worker.run(stop.clone())));
    let puller = Puller::new(store.clone(), ports.clone(), Pace::default())?;
    workers.push(tokio::spawn(PullWorker::new(puller).run(stop.clone())));
    let provisioner = Provisioner::new(store.clone(), ports.clone());
    workers.push(tokio::spawn(provisioner.run(stop.clone())));
    for (kind, sender) in senders {
        let Ports { clock, random, .. } = ports.clone();
        let worker = OutboxWorker::new(store.clone(), kind, sender, clock, random);
        workers.push(tokio::spawn(worker.run(stop.clone())));
    }
    output::line(format!("Kinlink listens on http://{address}"));
    let signal = CancellationToken::new();
    tokio::spawn(cancel_on_signal(signal.clone()));
    tokio::select! {
        () = signal.cancelled() => tracing::info!("stopping"),
        ended = application.ended() => ended.context("the server ended by itself")?,
    }
    application.stop().await;
    stop.cancel();
    for worker in workers {
        let _ = worker.await;
    }
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

/// What sends the messages of each kind that can be sent.
fn senders(config: &Config) -> anyhow::Result<Vec<(MessageKind, Arc<dyn Sender>)>> {
    let mut senders: Vec<(MessageKind, Arc<dyn Sender>)> = Vec::new();
    if let Some((settings, letterhead)) = config.smtp()? {
        let mailer = SmtpMailer::new(&settings).map_err(|e| ConfigurationError(format!("mail: {e}")))?;
        senders.push((MessageKind::Mail, Arc::new(MailSender::new(Arc::new(mailer), letterhead))));
    } else {
        tracing::warn!("no mail server is configured: mails wait in the outbox");
    }
    for (kind, section, webhook) in
        [(MessageKind::Text, "texts", &config.texts), (MessageKind::Letter, "letters", &config.letters)]
    {
        if let Some(settings) = webhook.settings(section)? {
            let sender = WebhookSender::new(settings, config.pages());
            let sender = sender.map_err(|error| ConfigurationError(format!("{section}: {error}")))?;
            senders.push((kind, Arc::new(sender)));
        }
    }
    Ok(senders)
}

async fn keep_house(
    store: Arc<SeaStore>,
    clock: Arc<dyn kinlink_domain::port::Clock>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
        match store.housekeeping(clock.now()).await {
            Ok(removed) => tracing::debug!(?removed, "rows that have served were removed"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed"),
        }
    }
}

/// Cancels on Ctrl-C or SIGTERM.
pub(crate) async fn cancel_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            stop.cancel();
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    stop.cancel();
}

fn log(config: &Config) -> anyhow::Result<()> {
    let level = &config.log.level;
    let filter = tracing_subscriber::EnvFilter::try_new(level)
        .map_err(|error| ConfigurationError(format!("`log.level`: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
