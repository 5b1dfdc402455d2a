use std::time::Duration;

use kinlink_domain::port::Random;
use kinlink_persistence::{Database, DatabaseSettings};
use kinlink_vault::OsRandom;
use sea_orm::{ConnectionTrait, Statement};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One file.
    Sqlite,
    /// The cluster that `./test` starts.
    Postgres,
}

/// An empty, migrated database that lasts as long as a test.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    database: Database,
    /// What to drop at the end: the name of a database in the cluster.
    name: Option<String>,
    /// The folder of the SQLite file, removed when dropped.
    _folder: tempfile::TempDir,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// When PostgreSQL is asked for and `KINLINK_TEST_POSTGRES_URL` is not set: `./test` sets it.
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (url, name) = match kind {
            Kind::Sqlite => (format!("sqlite:{}", folder.path().join("test.sqlite").display()), None),
            Kind::Postgres => create_in_cluster().await,
        };
        let settings = DatabaseSettings {
            acquire_timeout: Duration::from_secs(30),
            ..DatabaseSettings::new(url.clone())
        };
        let database = Database::connect(&settings).await.expect("the test's database takes connections");
        database.migrate_up(None).await.expect("the schema can be made");
        Self { url, database, name, _folder: folder }
    }

    /// The database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Where it is, for a process of its own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement behind the back of everything, as an attacker or an accident would.
    pub async fn tamper(&self, sql: &str) {
        let connection = sea_orm::Database::connect(self.url.as_str()).await.expect("a second connection");
        connection.execute_unprepared(sql).await.expect("the statement runs");
        connection.close().await.expect("the connection closes");
    }

    /// The one number that a query answers, past everything.
    pub async fn count(&self, sql: &str) -> i64 {
        let connection = sea_orm::Database::connect(self.url.as_str()).await.expect("a second connection");
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql));
        let row = row.await.expect("the query runs").expect("the query answers one row");
        connection.close().await.expect("the connection closes");
        row.try_get_by_index(0).expect("the answer is a number")
    }

    /// A copy as it is now, with a name of its own: a backup, or what was restored from one.
    pub async fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (url, name) = match &self.name {
            None => {
                let path = folder.path().join("copy.sqlite");
                self.tamper(&format!("vacuum into '{}'", path.display())).await;
                (format!("sqlite:{}", path.display()), None)
            }
            Some(of) => {
                let (url, name) = new_name();
                shut(of).await;
                administer(&format!("create database {name} template {of}")).await;
                open(of).await;
                (url, Some(name))
            }
        };
        let database = Database::connect(&DatabaseSettings::new(url.clone())).await.expect("the copy is one");
        Self { url, database, name, _folder: folder }
    }

    /// Puts a copy in the place of this database, whose connections are cut; those who ask again find the copy. What
    /// stood here has the copy's name from then on, and is removed with it.
    ///
    /// # Panics
    /// On SQLite, where a file cannot be put back under those who use it.
    pub async fn put_back(&self, copy: &Self) {
        let (Some(this), Some(copy)) = (&self.name, &copy.name) else { panic!("only on PostgreSQL") };
        for name in [this, copy] {
            shut(name).await;
        }
        for (from, to) in
            [(copy.as_str(), &*format!("{copy}_back")), (this, copy), (&*format!("{copy}_back"), this)]
        {
            administer(&format!("alter database {from} rename to {to}")).await;
        }
        for name in [this, copy] {
            open(name).await;
        }
    }

    /// Closes and removes it.
    pub async fn close(mut self) {
        self.database.clone().close().await;
        if let Some(name) = self.name.take() {
            drop_from_cluster(&name).await;
        }
    }
}

/// A test that panics leaves no database behind either.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        // A runtime cannot be entered from within another, so the work goes to a thread.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(drop_from_cluster(&name));
        });
        // The test has failed already; what the removal says changes nothing.
        let _ = removal.join();
    }
}

async fn drop_from_cluster(name: &str) {
    administer(&format!("drop database if exists {name} with (force)")).await;
}

fn cluster() -> String {
    std::env::var("KINLINK_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("KINLINK_TEST_POSTGRES_URL is not set: run the tests with ./test, which starts a PostgreSQL")
    })
}

async fn administer(sql: &str) {
    let mut options = sea_orm::ConnectOptions::new(cluster());
    options.max_connections(1).sqlx_logging(false);
    let connection = sea_orm::Database::connect(options).await.expect("the test cluster takes connections");
    connection.execute_unprepared(sql).await.expect("the test cluster makes and drops databases");
    connection.close().await.expect("the connection closes");
}

/// Nobody is connected to it, until it is opened again.
async fn shut(name: &str) {
    administer(&format!("alter database {name} with allow_connections false")).await;
    administer(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"))
        .await;
}

async fn open(name: &str) {
    administer(&format!("alter database {name} with allow_connections true")).await;
}

async fn create_in_cluster() -> (String, Option<String>) {
    let (url, name) = new_name();
    administer(&format!("create database {name}")).await;
    (url, Some(name))
}

/// A URL in the cluster with a name that no database has.
fn new_name() -> (String, String) {
    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    let name = format!("kinlink_test_{:016x}", u64::from_le_bytes(bytes));
    let cluster = cluster();
    let (server, _) = cluster.rsplit_once('/').expect("the cluster's URL ends with a database");
    (format!("{server}/{name}"), name)
}
