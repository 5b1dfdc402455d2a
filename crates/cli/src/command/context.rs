//! What most commands work on: the configuration, the keys, the database.

use std::{io::Read, path::Path, sync::Arc};

use anyhow::Context as _;
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    organization::{Organization, Slug},
    provisioning::ClientSecret,
    service::Ports,
    store::{Store, UnitOfWork},
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_vault::{KeyRing, OsRandom, SystemClock};

use crate::{
    config::{Config, ConfigFlags},
    exit::{ConfigurationError, UsageError},
    output,
};

/// An open, migrated database with the keys to read it.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) ports: Ports,
    pub(crate) database: Database,
    pub(crate) store: SeaStore,
}

/// Connects to the configured database.
pub(crate) async fn connect(config: &Config) -> anyhow::Result<Database> {
    let settings = DatabaseSettings {
        max_connections: config.database.max_connections,
        ..DatabaseSettings::new(&config.database.url)
    };
    Ok(Database::connect(&settings).await?)
}

/// Loads the keys: from `KINLINK_KEYS`, or from the configured file. For SQLite, which one person may be
/// trying out, a missing file is made.
pub(crate) fn keys(config: &Config) -> anyhow::Result<KeyRing> {
    if let Ok(text) = std::env::var("KINLINK_KEYS") {
        return KeyRing::from_toml(&text)
            .map_err(|e| ConfigurationError(format!("KINLINK_KEYS: {e}")).into());
    }
    let path = &config.keys.file;
    if !path.exists() && config.database.url.starts_with("sqlite:") {
        let ring = KeyRing::generate(&OsRandom);
        ring.create(path).with_context(|| format!("{} cannot be made", path.display()))?;
        output::remark(format!(
            "New keys in {}: without this file the database cannot be read.",
            path.display()
        ));
        return Ok(ring);
    }
    KeyRing::load(path).map_err(|error| {
        let hint = "`kinlink keys generate` makes one";
        ConfigurationError(format!("key file {}: {error} ({hint})", path.display())).into()
    })
}

/// A secret from the first line of a file, or of standard input for `-`: an argument would be seen by others.
pub(crate) fn secret(path: &Path) -> Result<ClientSecret, UsageError> {
    let unreadable = |error: std::io::Error| UsageError(format!("{}: {error}", path.display()));
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(path).map_err(unreadable)?
    };
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => Ok(ClientSecret::new(line)),
        None => Err(UsageError(format!("{}: there is no secret in it", path.display()))),
    }
}

impl Context {
    /// Opens what the configuration names; refuses a schema that is not up to date.
    pub(crate) async fn open(flags: &ConfigFlags) -> anyhow::Result<Self> {
        let config = flags.load()?;
        let database = connect(&config).await?;
        let status = database.migration_status().await?;
        let pending = status.iter().filter(|migration| !migration.applied).count();
        if pending > 0 {
            let hint = "run `kinlink migrate up`";
            return Err(ConfigurationError(format!("{pending} migrations are pending; {hint}")).into());
        }
        if status.iter().any(|migration| !migration.known) {
            output::remark(
                "The database's schema is newer than this program: use the newer one where you can.",
            );
        }
        Self::with(config, database)
    }

    /// The same on a database that is known to be up to date.
    pub(crate) fn with(config: Config, database: Database) -> anyhow::Result<Self> {
        let vault = Arc::new(keys(&config)?);
        let outlets = config.outlets();
        let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(OsRandom), vault, outlets };
        let store = SeaStore::new(database.clone(), ports.clone());
        Ok(Self { config, ports, database, store })
    }

    /// The organization of this short name.
    pub(crate) async fn organization(&self, slug: &str) -> anyhow::Result<Organization> {
        let mut unit = self.store.begin_read().await?;
        organization(&mut *unit, slug).await
    }
}

/// A login, as `--iss` and `--sub` name it.
pub(crate) fn login(iss: &str, sub: &str) -> Result<AccountKey, UsageError> {
    let iss = Iss::parse(iss).map_err(|error| UsageError(format!("--iss: {error}")))?;
    let sub = Sub::parse(sub).map_err(|error| UsageError(format!("--sub: {error}")))?;
    Ok(AccountKey { iss, sub })
}

/// The organization of this short name.
pub(crate) async fn organization(unit: &mut dyn UnitOfWork, slug: &str) -> anyhow::Result<Organization> {
    let parsed = Slug::parse(slug).map_err(|error| UsageError(format!("`{slug}`: {error}")))?;
    let found = unit.organization_by_slug(&parsed).await?;
    Ok(found.ok_or_else(|| {
        UsageError(format!(
            "there is no organization `{slug}`; `kinlink organization list` shows those there are"
        ))
    })?)
}
