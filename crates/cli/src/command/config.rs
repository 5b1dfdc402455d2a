mod logins;

use std::process::ExitCode;

use clap::Subcommand;
use kinlink_delivery::{SmtpMailer, WebhookSender};
use kinlink_persistence::Database;

use super::context;
use crate::{
    config::{Config, ConfigFlags, WebhookConfig},
    exit::CHECK_FAILED,
    output,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Check the configuration, and that what it names can be used.
    Check {
        /// Also log in to the mail server.
        #[arg(long)]
        online: bool,
    },
    /// Show the settings in force, secrets hidden.
    Show,
}

impl ConfigCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let config = flags.load()?;
        match self.step {
            Step::Show => output::line(toml::to_string_pretty(&config.redacted())?),
            Step::Check { online } => {
                let mut checks = Checks::default();
                checks.settings(&config);
                checks.database(&config).await;
                checks.mail(&config, online);
                let model = config.matching.model().map(|_| match &config.matching.model {
                    None => "claims are matched by the model that Kinlink ships".to_owned(),
                    Some(path) => format!("claims are matched by {}", path.display()),
                });
                checks.note("matching.model", model.map_err(|error| error.to_string()));
                checks.webhook(&config, "texts", &config.texts, "no text messages: staff read codes out");
                checks.webhook(&config, "letters", &config.letters, "no print service: staff print letters");
                if checks.failed {
                    return Ok(ExitCode::from(CHECK_FAILED));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn has_keys(config: &Config) -> bool {
    std::env::var_os("KINLINK_KEYS").is_some() || config.keys.file.exists()
}

#[derive(Default)]
struct Checks {
    failed: bool,
}

impl Checks {
    fn note(&mut self, what: &str, outcome: Result<String, String>) {
        match outcome {
            Ok(remark) => output::line(format!("ok      {what}: {remark}")),
            Err(why) => {
                self.failed = true;
                output::line(format!("WRONG   {what}: {why}"));
            }
        }
    }

    fn settings(&mut self, config: &Config) {
        let url = &config.server.public_url;
        let outcome = match url.parse::<url::Url>() {
            Ok(parsed) if parsed.scheme() == "https" => Ok(url.clone()),
            Ok(parsed) if parsed.scheme() == "http" => Ok(format!("{url} (http: only for trying out)")),
            _ => Err(format!("`{url}` is no http or https URL")),
        };
        self.note("server.public_url", outcome);
        let url = &config.server.redeem_url;
        let outcome = match url.parse::<url::Url>() {
            _ if url.is_empty() => Ok(config.pages().redeem_url.map_or_else(
                || "none, and no `pages.logins`: messages name no page to redeem a code at".to_owned(),
                |own| format!("{own}, Kinlink's own page"),
            )),
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.fragment().is_none() => {
                Ok(url.clone())
            }
            _ => Err(format!("`{url}` is no http or https URL without a #")),
        };
        self.note("server.redeem_url", outcome);
        let zero = config.server.request_timeout_seconds == 0;
        let timeout = format!("{} s", config.server.request_timeout_seconds);
        let outcome = if zero { Err("0 would refuse every request".to_owned()) } else { Ok(timeout) };
        self.note("server.request_timeout_seconds", outcome);
        let outcome = tracing_subscriber::EnvFilter::try_new(&config.log.level);
        self.note("log.level", outcome.map(|_| config.log.level.clone()).map_err(|error| error.to_string()));
        let outcome = config.api().map(|api| match api.logins.len() {
            0 => "nobody can log in: no provider is configured".to_owned(),
            count => format!("{count}; register {url}/login/callback as redirect URI at each"),
        });
        self.note("pages.logins", outcome.map_err(|error| error.to_string()));
        let keys = if has_keys(config) {
            context::keys(config).map(|_| "they can be read".to_owned()).map_err(|error| error.to_string())
        } else if config.database.url.starts_with("sqlite:") {
            Ok("there are none yet; they will be made".to_owned())
        } else {
            Err(format!("{} is not there; `kinlink keys generate` makes one", config.keys.file.display()))
        };
        self.note("keys", keys);
    }

    async fn database(&mut self, config: &Config) {
        let outcome = async {
            let database = context::connect(config).await?;
            let status = database.migration_status().await?;
            let pending = status.iter().filter(|migration| !migration.applied).count();
            anyhow::ensure!(pending == 0, "{pending} migrations are pending; run `kinlink migrate up`");
            let newer = status.iter().any(|migration| !migration.known);
            let schema = if newer { "newer than this program, which works on it" } else { "up to date" };
            Ok((database, format!("it answers, and its schema is {schema}")))
        };
        let outcome: anyhow::Result<_> = outcome.await;
        match outcome {
            Ok((database, remark)) => {
                self.note("database.url", Ok(remark));
                self.logins(config, &database).await;
                database.close().await;
            }
            Err(error) => self.note("database.url", Err(error.to_string())),
        }
    }

    /// Whom the configured logins let in. Without keys there are no organizations yet, and none are to be made here.
    async fn logins(&mut self, config: &Config, database: &Database) {
        let Ok(logins) = config.api().map(|api| api.logins) else { return };
        if logins.is_empty() || !has_keys(config) {
            return;
        }
        let Ok(context) = context::Context::with(config.clone(), database.clone()) else { return };
        for (index, login) in logins.iter().enumerate() {
            let reach = logins::reach(&context.store, login).await;
            self.note(&format!("pages.logins[{index}]"), reach.map_err(|error| error.to_string()));
        }
    }

    fn webhook(&mut self, config: &Config, section: &str, webhook: &WebhookConfig, without: &str) {
        let outcome = || {
            let Some(settings) = webhook.settings(section)? else { return Ok(without.to_owned()) };
            let host = settings.url.host_str().unwrap_or_default().to_owned();
            WebhookSender::new(settings, config.pages())?;
            Ok(format!("they go to {host}"))
        };
        self.note(section, outcome().map_err(|error: anyhow::Error| error.to_string()));
    }

    fn mail(&mut self, config: &Config, online: bool) {
        let outcome = || {
            let Some((settings, _)) = config.smtp()? else {
                return Ok("no server: mails would wait in the outbox".to_owned());
            };
            let mailer = SmtpMailer::new(&settings)?;
            if !online {
                return Ok("set; --online tries it".to_owned());
            }
            anyhow::ensure!(mailer.check()?, "the server does not take our greeting");
            Ok("the server takes our greeting, name and password".to_owned())
        };
        self.note("mail", outcome().map_err(|error: anyhow::Error| error.to_string()));
    }
}
