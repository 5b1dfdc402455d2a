use std::{path::PathBuf, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections to PostgreSQL at most, beside the one for the change feed; or readers of SQLite.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
}

impl DatabaseSettings {
    /// The defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 20, acquire_timeout: Duration::from_secs(5) }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no database that Kinlink runs on.
    #[error("the database URL begins with `sqlite:` or `postgres://`")]
    UnknownScheme,
    /// The SQLite file cannot be made.
    #[error("the SQLite file {} cannot be made: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database does not take the connection.
    #[error("the database does not take the connection: {0}")]
    Refused(#[from] DbErr),
}

/// A connected database: one pool on PostgreSQL; on SQLite one for the single writer that it allows, and
/// one for readers, which do not wait for it (write-ahead log).
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    /// The one connection that the change feed is read by. It is never replaced in silence: where it breaks, the
    /// database may have become another, and the reading fails, so that whoever follows starts anew.
    pub(crate) feed: DatabaseConnection,
}

impl Database {
    /// Connects. A SQLite file that does not exist is made, readable by its owner only.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, ConnectError> {
        if let Some(rest) = settings.url.strip_prefix("sqlite:") {
            let path = PathBuf::from(rest.trim_start_matches("//").split('?').next().unwrap_or_default());
            create_private_file(&path).map_err(|source| ConnectError::File { path, source })?;
            let writer = connect_sqlite(settings, 1).await?;
            let reader = connect_sqlite(settings, settings.max_connections).await?;
            return Ok(Self { feed: reader.clone(), writer, reader });
        }
        if !settings.url.starts_with("postgres://") && !settings.url.starts_with("postgresql://") {
            return Err(ConnectError::UnknownScheme);
        }
        let pool = sea_orm::Database::connect(options(settings, settings.max_connections)).await?;
        let mut one = options(settings, 1);
        one.test_before_acquire(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        // Whoever follows the feed opens it; most commands never do.
        one.min_connections(0).connect_lazy(true);
        let feed = sea_orm::Database::connect(one).await?;
        Ok(Self { writer: pool.clone(), reader: pool, feed })
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// How large it is on the disk, indexes included: for measurements.
    pub async fn size_in_bytes(&self) -> Result<u64, DbErr> {
        let backend = self.backend();
        let sql = match backend {
            DbBackend::Sqlite => "select page_count * page_size from pragma_page_count(), pragma_page_size()",
            _ => "select pg_database_size(current_database())",
        };
        let row = self.reader.query_one_raw(Statement::from_string(backend, sql)).await?;
        let bytes: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// Does at once what the database does by itself some minutes after much was written: for measurements.
    pub async fn settle(&self) -> Result<(), DbErr> {
        let sql = match self.backend() {
            DbBackend::Sqlite => "pragma wal_checkpoint(truncate)",
            _ => "vacuum analyze",
        };
        self.writer.execute_unprepared(sql).await.map(|_| ())
    }

    /// Closes all connections, once nobody uses them any more.
    pub async fn close(self) {
        let _ = self.feed.close().await;
        let _ = self.reader.close().await;
        let _ = self.writer.close().await;
    }
}

fn options(settings: &DatabaseSettings, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .connect_timeout(settings.acquire_timeout)
        // Statements carry personal data in their values.
        .sqlx_logging(false);
    options
}

async fn connect_sqlite(settings: &DatabaseSettings, connections: u32) -> Result<DatabaseConnection, DbErr> {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let mut options = options(settings, connections);
    // FULL, since an acknowledged link must survive a power failure too.
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(true)
            .pragma("cache_size", "-65536")
    });
    sea_orm::Database::connect(options).await
}

fn create_private_file(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Makes an empty database of this name in a PostgreSQL cluster, in place of one that may be there: for
/// measurements.
pub async fn recreate_postgres_database(cluster: &str, name: &str) -> Result<(), ConnectError> {
    let administrator = sea_orm::Database::connect(options(&DatabaseSettings::new(cluster), 1)).await?;
    for sql in [format!("drop database if exists {name} with (force)"), format!("create database {name}")] {
        administrator.execute_unprepared(&sql).await?;
    }
    administrator.close().await?;
    Ok(())
}
