//! Configuration: defaults, then a TOML file, then `KINLINK_SECTION__NAME` in the environment, then flags.

mod login;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use kinlink_api::{ApiSettings, TrustedProxy};
use kinlink_delivery::{
    Letterhead, Pages, ReceiverRules, Security, SmtpSettings, WebhookSecrets, WebhookSettings,
};
use kinlink_domain::service::Outlets;
use kinlink_matching::Model;
use serde::{Deserialize, Serialize};

use crate::exit::ConfigurationError;
pub(crate) use login::LoginConfig;

/// All settings. `kinlink.example.toml` explains each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) database: DatabaseConfig,
    pub(crate) keys: KeysConfig,
    pub(crate) mail: MailConfig,
    pub(crate) texts: WebhookConfig,
    pub(crate) letters: WebhookConfig,
    pub(crate) events: EventsConfig,
    pub(crate) pages: PagesConfig,
    pub(crate) matching: MatchingConfig,
    pub(crate) log: LogConfig,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: String,
    pub(crate) redeem_url: String,
    pub(crate) workers: usize,
    pub(crate) body_limit: usize,
    pub(crate) request_timeout_seconds: u64,
    pub(crate) shutdown_seconds: u64,
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".to_owned(),
            redeem_url: String::new(),
            workers: 0,
            body_limit: 64 * 1024,
            request_timeout_seconds: 10,
            shutdown_seconds: 20,
            trusted_proxies: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    pub(crate) url: String,
    pub(crate) max_connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: "sqlite:kinlink.sqlite".to_owned(), max_connections: 20 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KeysConfig {
    pub(crate) file: PathBuf,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self { file: PathBuf::from("kinlink.keys.toml") }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailSecurity {
    None,
    Starttls,
    Tls,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MailConfig {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: MailSecurity,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) from: String,
    pub(crate) extra_ca: Option<PathBuf>,
    pub(crate) timeout_seconds: u64,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            security: MailSecurity::Starttls,
            username: String::new(),
            password: String::new(),
            password_file: None,
            from: "Kinlink <no-reply@localhost>".to_owned(),
            extra_ca: None,
            timeout_seconds: 10,
        }
    }
}

/// A webhook that text messages or letters are sent by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookConfig {
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) timeout_seconds: u64,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { url: String::new(), secret: String::new(), secret_file: None, timeout_seconds: 10 }
    }
}

impl WebhookConfig {
    /// Its settings; none if no address is named. `section` is where they stand.
    pub(crate) fn settings(&self, section: &str) -> Result<Option<WebhookSettings>, ConfigurationError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let wrong = |name: &str, why: String| ConfigurationError(format!("`{section}.{name}`: {why}"));
        let url = self.url.parse().map_err(|_| wrong("url", "no web address".into()))?;
        let (name, secret) = match &self.secret_file {
            None => ("secret", self.secret.clone()),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| wrong("secret_file", e.to_string()))?;
                ("secret_file", text)
            }
        };
        let secrets = WebhookSecrets::parse(&secret).map_err(|error| wrong(name, error.to_string()))?;
        Ok(Some(WebhookSettings { url, secrets, timeout: Duration::from_secs(self.timeout_seconds) }))
    }
}

/// How events reach clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventsConfig {
    pub(crate) private_receivers: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MatchingConfig {
    pub(crate) model: Option<PathBuf>,
}

impl MatchingConfig {
    /// The model that claims are matched by.
    pub(crate) fn model(&self) -> Result<Model, ConfigurationError> {
        let Some(path) = &self.model else { return Ok(Model::shipped()) };
        let wrong = |why: String| ConfigurationError(format!("`matching.model`: {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Model::from_toml(&text).map_err(|error| wrong(error.to_string()))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PagesConfig {
    pub(crate) logins: Vec<LoginConfig>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// Flags that stand over everything else.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConfigFlags {
    /// The configuration file; ./kinlink.toml is read without being named, if it is there.
    #[arg(long, global = true, env = "KINLINK_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database: sqlite:PATH or postgres://…
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The key file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
}

impl ConfigFlags {
    /// Reads the configuration; an error says which setting is wrong, and where it was set.
    pub(crate) fn load(&self) -> Result<Config, ConfigurationError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        match &self.config {
            Some(path) if !path.exists() => {
                return Err(ConfigurationError(format!(
                    "the configuration file {} is not there",
                    path.display()
                )));
            }
            Some(path) => figment = figment.merge(Toml::file_exact(path)),
            None if std::path::Path::new("kinlink.toml").exists() => {
                figment = figment.merge(Toml::file_exact("kinlink.toml"));
            }
            None => {}
        }
        // Only names with a double underscore are settings: KINLINK_CONFIG and KINLINK_KEYS are not.
        let environment = Env::prefixed("KINLINK_").filter(|name| name.as_str().contains("__")).split("__");
        figment = figment.merge(environment);
        if let Some(url) = &self.database_url {
            figment = figment.merge(Serialized::default("database.url", url));
        }
        if let Some(file) = &self.keys {
            figment = figment.merge(Serialized::default("keys.file", file));
        }
        figment.extract().map_err(|error| ConfigurationError(explain(error)))
    }
}

/// All errors, each with the setting and its source.
fn explain(errors: figment::Error) -> String {
    let lines: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let place = error.metadata.as_ref().map_or_else(String::new, |metadata| {
                let source =
                    metadata.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
                format!(", set by {}{source}", metadata.name)
            });
            let path = error.path.join(".");
            let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
            format!("{}{at}{place}", error.kind)
        })
        .collect();
    format!("the configuration cannot be used: {}", lines.join("; "))
}

impl Config {
    /// Settings for the API and the pages.
    pub(crate) fn api(&self) -> Result<ApiSettings, ConfigurationError> {
        let server = &self.server;
        let logins = self.pages.logins.iter().enumerate();
        let logins: Result<_, _> = logins.map(|(index, login)| login.provider(index)).collect();
        Ok(ApiSettings {
            logins: logins?,
            matcher: Arc::new(self.matching.model()?),
            body_limit: server.body_limit,
            request_timeout: Duration::from_secs(server.request_timeout_seconds),
            trusted_proxies: server.trusted_proxies.clone(),
            workers: (server.workers > 0).then_some(server.workers),
            shutdown_grace: Duration::from_secs(server.shutdown_seconds),
            redeem_url: self.pages().redeem_url,
            receivers: ReceiverRules { private_networks: self.events.private_receivers },
            ..ApiSettings::new(&server.public_url)
        })
    }

    /// Where messages point to: unless said otherwise to Kinlink's own page, if people can log in to it.
    pub(crate) fn pages(&self) -> Pages {
        let public_url = self.server.public_url.trim_end_matches('/').to_owned();
        let own = (!self.pages.logins.is_empty()).then(|| Pages::own_redeem_url(&public_url));
        let named = Some(&self.server.redeem_url).filter(|url| !url.is_empty());
        Pages { redeem_url: named.cloned().or(own), public_url }
    }

    /// Ways to the outside beside mail.
    pub(crate) fn outlets(&self) -> Outlets {
        Outlets { texts: !self.texts.url.is_empty(), letters: !self.letters.url.is_empty() }
    }

    /// Settings for mail; none if no server is named.
    pub(crate) fn smtp(&self) -> Result<Option<(SmtpSettings, Letterhead)>, ConfigurationError> {
        let mail = &self.mail;
        if mail.host.is_empty() {
            return Ok(None);
        }
        let wrong = |name: &str, why: String| ConfigurationError(format!("`mail.{name}`: {why}"));
        let password = match &mail.password_file {
            None => mail.password.clone(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|e| wrong("password_file", e.to_string()))?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
        };
        let from = mail
            .from
            .parse()
            .map_err(|_| wrong("from", "not an address such as Name <a@b.example>".into()))?;
        let settings = SmtpSettings {
            host: mail.host.clone(),
            port: mail.port,
            security: match mail.security {
                MailSecurity::None => Security::None,
                MailSecurity::Starttls => Security::StartTls,
                MailSecurity::Tls => Security::Tls,
            },
            credentials: (!mail.username.is_empty()).then(|| (mail.username.clone(), password)),
            timeout: Duration::from_secs(mail.timeout_seconds),
            extra_ca: mail.extra_ca.clone(),
            hello_name: None,
        };
        Ok(Some((settings, Letterhead { from, pages: self.pages() })))
    }

    /// The same without secrets, for people to look at.
    pub(crate) fn redacted(mut self) -> Self {
        for secret in [&mut self.mail.password, &mut self.texts.secret, &mut self.letters.secret] {
            if !secret.is_empty() {
                "(hidden)".clone_into(secret);
            }
        }
        // The path of a webhook's address is often its only secret.
        for url in [&mut self.texts.url, &mut self.letters.url] {
            if let Ok(mut parsed) = url.parse::<url::Url>()
                && parsed.path() != "/"
            {
                parsed.set_path("/(hidden)");
                parsed.set_query(None);
                *url = parsed.to_string();
            }
        }
        for login in &mut self.pages.logins {
            login.hide_secret();
        }
        if let Ok(mut url) = self.database.url.parse::<url::Url>()
            && url.password().is_some()
            && url.set_password(Some("hidden")).is_ok()
        {
            self.database.url = url.to_string();
        }
        self
    }
}
