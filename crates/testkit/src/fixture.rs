use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use kinlink_domain::{
    account::{Account, AccountKey, Iss, Sub},
    demographics::{ContactPoint, ContactSystem, Demographics, HumanName, Identifier},
    id::OrganizationId,
    issuer::{ClaimPath, Issuer, StaffClaims, TrustedIssuer},
    organization::{FhirBase, Organization, Slug},
    outbox::{Message, MessageKind},
    partial_date::PartialDate,
    patient::{FhirId, ImportedPatient, RecordVersion},
    policy::Policy,
    port::Vault,
    service::{Outlets, Ports},
    store::{Deliveries, Store, UnitOfWork},
};
use kinlink_persistence::{KeyUseKind, Resealing, SeaStore};
use kinlink_vault::{KeyRing, OsRandom, testing::ManualClock};

use crate::{Kind, TestDatabase};

/// A database with two organizations, `here` and `there`, each with patients `p1` to `p3`, both trusting one
/// identity provider; and a clock that stands still.
#[derive(Debug)]
pub struct Fixture {
    /// The database.
    pub database: TestDatabase,
    /// Storage on it.
    pub store: SeaStore,
    /// The ports.
    pub ports: Ports,
    /// The keys among them.
    pub keys: Arc<KeyRing>,
    /// The clock among them.
    pub clock: Arc<ManualClock>,
    /// The organization that a test is about.
    pub here: Organization,
    /// Its neighbour.
    pub there: Organization,
}

impl Fixture {
    /// The identity provider that both organizations trust.
    pub const ISS: &'static str = "https://login.example";

    /// Makes one on this database.
    pub async fn new(kind: Kind) -> Self {
        let database = TestDatabase::new(kind).await;
        let start = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).single().expect("a real moment");
        let clock = Arc::new(ManualClock::new(start));
        let random = Arc::new(OsRandom);
        let keys = Arc::new(KeyRing::generate(&OsRandom));
        let outlets = Outlets { texts: true, letters: true };
        let ports = Ports { clock: clock.clone(), random, vault: keys.clone(), outlets };
        let store = SeaStore::new(database.database().clone(), ports.clone());
        let [here, there] = ["here", "there"].map(|slug| organization(slug, start));
        let fixture = Self { database, store, ports, keys, clock, here, there };
        fixture.populate().await;
        fixture
    }

    async fn populate(&self) {
        let mut unit = self.begin().await;
        for organization in [&self.here, &self.there] {
            unit.add_organization(organization).await.expect("an organization can be added");
            unit.put_trusted_issuer(&trust(organization.id, Self::ISS))
                .await
                .expect("an issuer can be trusted");
            let patients = ["p1", "p2", "p3"].map(imported).to_vec();
            let now = self.ports.clock.now();
            unit.upsert_patients(organization.id, patients, now).await.expect("patients can be imported");
        }
        unit.save().await.expect("the fixture can be saved");
    }

    /// Begins a unit of work.
    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.expect("a unit of work can be begun")
    }

    /// The account of this `sub`, made if it is new.
    pub async fn account(&self, sub: &str) -> Account {
        let key = AccountKey {
            iss: Iss::parse(Self::ISS).expect("an issuer"),
            sub: Sub::parse(sub).expect("a subject"),
        };
        let mut unit = self.begin().await;
        let account =
            unit.ensure_account(&key, self.ports.clock.now()).await.expect("an account can be made");
        unit.save().await.expect("an account can be saved");
        account
    }

    /// Takes what waits in the outbox, of one kind, as its worker would.
    pub async fn outbox(&self, kind: MessageKind) -> Vec<Message> {
        let now = self.ports.clock.now();
        let taken = self.store.take_due(now, now + TimeDelta::days(365), 100, kind).await;
        taken.expect("the outbox can be read")
    }

    /// The same keys and a new one, which is the current one.
    pub fn rotated_keys(&self) -> KeyRing {
        let mut keys = KeyRing::from_toml(&self.keys.to_toml()).expect("what was written can be read");
        let new = keys.add(&OsRandom).expect("a number is left");
        keys.make_current(new).expect("it is there");
        keys
    }

    /// Seals everything anew, and panics where a row of these tables was not, or any row does not open.
    pub async fn reseals(&self, tables: &[&str]) {
        let vault = Arc::new(self.rotated_keys());
        let new = vault.current_key();
        let store = SeaStore::new(self.database.database().clone(), Ports { vault, ..self.ports.clone() });
        let (mut so_far, mut done) = (Resealing::default(), Resealing::default());
        while let Some(next) = store.reseal_next(so_far).await.expect("rows can be sealed anew") {
            (so_far, done) = (next.clone(), next);
        }
        assert_eq!(done.unreadable, 0, "everything that is sealed opens");
        let uses = store.key_uses(self.ports.clock.now()).await.expect("the uses of keys can be read");
        let sealed =
            |table| uses.iter().filter(move |one| one.table == table && one.kind == KeyUseKind::Sealed);
        for table in tables {
            let keys: Vec<_> = sealed(*table).map(|one| one.key).collect();
            assert!(!keys.is_empty() && keys.iter().all(|key| *key == new), "{table}: {keys:?}");
        }
    }

    /// Removes everything.
    pub async fn close(self) {
        self.database.close().await;
    }
}

fn organization(slug: &str, created_at: DateTime<Utc>) -> Organization {
    Organization {
        id: kinlink_domain::id::Id::new(created_at, &OsRandom),
        slug: Slug::parse(slug).expect("a slug"),
        name: format!("Hospital {slug}"),
        fhir_base: FhirBase::parse(&format!("https://fhir.{slug}.example/r4")).expect("a FHIR base"),
        policy: Policy::default(),
        created_at,
    }
}

fn trust(organization: OrganizationId, iss: &str) -> TrustedIssuer {
    let path = |text: &str| ClaimPath::parse(text).expect("a claim path");
    TrustedIssuer {
        issuer: Issuer { iss: Iss::parse(iss).expect("an issuer"), subject_claim: path("sub") },
        organization,
        audiences: vec!["kinlink".to_owned()],
        accounts: true,
        staff: Some(StaffClaims { roles: path("roles"), names: std::collections::BTreeMap::new() }),
    }
}

/// The birth date of every patient that [`imported`] makes.
pub fn birth_date() -> PartialDate {
    "1984-02-29".parse().expect("a date")
}

/// A patient with a name, a birth date, an email and an MRN that begin with its id.
pub fn imported(id: &str) -> ImportedPatient {
    let demographics = Demographics {
        names: vec![HumanName {
            family: Some(format!("{id}-Featherstonehaugh")),
            given: vec!["Wilhelmina".to_owned()],
            ..HumanName::default()
        }],
        birth_date: Some(birth_date()),
        telecom: vec![ContactPoint {
            system: ContactSystem::Email,
            value: format!("{id}@patients.example"),
            usage: None,
            rank: None,
        }],
        identifiers: vec![Identifier {
            system: "urn:mrn".to_owned(),
            value: format!("MRN-{id}-7731"),
            kind: Some("MR".to_owned()),
        }],
        ..Demographics::default()
    };
    ImportedPatient {
        fhir_id: FhirId::parse(id).expect("a FHIR id"),
        version: RecordVersion::default(),
        active: true,
        deleted: false,
        deceased: false,
        deceased_at: None,
        contacts: Vec::new(),
        links: Vec::new(),
        demographics,
    }
}
