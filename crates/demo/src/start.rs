//! Starts everything that the demo consists of, on one SQLite file and one port.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_api::{ApiSettings, Application, ClaimWorker, ExtraRoutes, TurnWorker};
use kinlink_auth::{ClientSecret, LoginProvider, rotate_api_key};
use kinlink_delivery::{EventWorker, Letterhead, MailSender, OutboxWorker, Pages, ReceiverRules, Sender};
use kinlink_domain::{
    account::Iss,
    client::{Client, ClientKeys, ClientStatus},
    comparison::Matcher,
    id::{ClientId, OrganizationId},
    outbox::MessageKind,
    port::Random,
    service::{Outlets, Ports},
    store::{ChangeListener, Store},
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_vault::{KeyRing, OsRandom, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::{
    home,
    idp::{self, Idp, LoginClient, SigningKey},
    mailbox::{self, Gateway, Mailbox},
    people::{ACCOUNTS, HOSPITALS, users},
    walkthrough::{self, Stage},
};

/// A file that says that a folder is the demo's and may be emptied by it.
const MARKER: &str = "THIS-FOLDER-IS-EMPTIED-BY-KINLINK-DEMO";

/// What the pages are called at the demo's identity provider.
pub(crate) const PAGES: &str = "kinlink-pages";

/// How to start the demo.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where to listen; a port of 0 takes any free one.
    pub listen: SocketAddr,
    /// Where to keep the database. Emptied at every start.
    pub folder: PathBuf,
    /// Play the walkthrough and stop.
    pub walkthrough: bool,
    /// What claims are matched by.
    pub matcher: Arc<dyn Matcher>,
}

/// Runs the demo until `stop`, or until the walkthrough has been played. True unless a check failed.
pub async fn run(
    options: DemoOptions,
    stop: CancellationToken,
    out: &mut (dyn std::io::Write + Send),
) -> anyhow::Result<bool> {
    ensure!(
        options.listen.ip().is_loopback(),
        "the demo lets everybody be anybody: it listens on loopback only"
    );
    let demo = Demo::start(&options).await?;
    let held = if options.walkthrough {
        walkthrough::play(demo.stage.clone(), out).await?.failed == 0
    } else {
        demo.welcome(out)?;
        stop.cancelled().await;
        writeln!(out, "\nStopping.")?;
        true
    };
    demo.stop().await;
    Ok(held)
}

struct Demo {
    stage: Stage,
    application: Application,
    database: Database,
    workers: Vec<tokio::task::JoinHandle<()>>,
    stop_workers: CancellationToken,
}

impl Demo {
    async fn start(options: &DemoOptions) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(options.listen)
            .with_context(|| format!("nothing can listen on {}; try --listen 127.0.0.1:0", options.listen))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        prepare_folder(&options.folder)?;
        let vault = Arc::new(KeyRing::generate(&OsRandom));
        let ports = Ports {
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            vault,
            outlets: Outlets { texts: true, letters: true },
        };
        let file = options.folder.join("kinlink.sqlite");
        let database =
            Database::connect(&DatabaseSettings::new(format!("sqlite:{}", file.display()))).await?;
        database.migrate_up(None).await?;
        let idp = Idp::new(format!("{base_url}/demo/idp"), ports.clock.clone(), users())?;
        let (login, client) = login(&base_url, idp.issuer())?;
        let idp = Arc::new(idp.with_client(client));
        let mailbox = Arc::new(Mailbox::default());
        let mut kept = None;
        let make_store = |listener: Arc<dyn ChangeListener>| {
            let store = Arc::new(SeaStore::new(database.clone(), ports.clone()).with_listener(listener));
            kept = Some(store.clone());
            store
        };
        let matcher = options.matcher.clone();
        // Whoever tries the demo listens on this machine.
        let receivers = ReceiverRules { private_networks: true };
        let redeem_url = Some(Pages::own_redeem_url(&base_url));
        let settings = ApiSettings {
            logins: vec![login],
            matcher,
            receivers,
            redeem_url: redeem_url.clone(),
            ..ApiSettings::new(&base_url)
        };
        let extra = extra_routes(idp.clone(), mailbox.clone());
        let application = Application::start(listener, settings, ports.clone(), make_store, Some(extra))?;
        let store = kept.context("the application took no store")?;
        let wake = application.event_wake();
        let events = EventWorker::new(store.clone(), ports.clone(), &base_url, receivers, wake)?;
        let pages = Pages { public_url: base_url.clone(), redeem_url };
        let stage = populate(&store, &ports, &idp, base_url).await?;
        let stop_workers = CancellationToken::new();
        let worker = ClaimWorker::new(store.clone(), options.matcher.clone(), ports.clone());
        let turns = TurnWorker::new(store.clone(), ports.clone());
        let mut workers = vec![
            tokio::spawn(worker.run(stop_workers.clone())),
            tokio::spawn(events.run(stop_workers.clone())),
            tokio::spawn(turns.run(stop_workers.clone())),
        ];
        let letterhead =
            Letterhead { from: "Kinlink demo <no-reply@kinlink.example>".parse()?, pages: pages.clone() };
        let gateway = Arc::new(Gateway { mailbox: mailbox.clone(), pages });
        let senders: [(MessageKind, Arc<dyn Sender>); 3] = [
            (MessageKind::Mail, Arc::new(MailSender::new(mailbox, letterhead))),
            (MessageKind::Text, gateway.clone()),
            (MessageKind::Letter, gateway),
        ];
        workers.extend(senders.map(|(kind, sender)| {
            let Ports { clock, random, .. } = ports.clone();
            let worker = OutboxWorker::new(store.clone(), kind, sender, clock, random);
            tokio::spawn(worker.run(stop_workers.clone()))
        }));
        Ok(Self { stage, application, database, workers, stop_workers })
    }

    fn welcome(&self, out: &mut (dyn std::io::Write + Send)) -> anyhow::Result<()> {
        let Stage { base_url, client_id, api_key, .. } = &self.stage;
        writeln!(
            out,
            "Kinlink's demo runs. Everybody in it is invented, and everybody may be anybody.\n\n  \
             Begin here       {base_url}/demo\n  The pages        {base_url}/\n  The API          {base_url}/docs\n  \
             The mailbox      {base_url}/demo/mailbox\n  Staff            \
             registrar, reviewer, auditor, admin @northside and @riverside\n  Patients log in  {}\n  \
             Auth. server     {client_id}\n\nTry this: a registrar invites, Anna redeems, the authorization \
             server asks.\n\n  KINLINK={base_url}\n  API_KEY={api_key}\n  \
             token() {{ curl -s -d grant_type=password -d username=$1 $KINLINK/demo/idp/token | sed \
             's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'; }}\n  \
             curl -s $KINLINK/v1/invitations -H \"authorization: Bearer $(token registrar@northside)\" \\\n    \
             -H 'content-type: application/json' -d '{{\"patient\":{{\"id\":\"n-002\"}},\"channel\":\"in_person\"}}'\n  \
             curl -s $KINLINK/v1/invitations/redeem -H \"authorization: Bearer $(token anna)\" \\\n    \
             -H 'content-type: application/json' -d '{{\"code\":\"PUT-THE-CODE-HERE\"}}'\n  \
             curl -s $KINLINK/v1/links/lookup -H \"authorization: Bearer $API_KEY\" \\\n    \
             -H 'content-type: application/json' \\\n    \
             -d '{{\"iss\":\"{base_url}/demo/idp\",\"sub\":\"account-anna\"}}'\n\nCtrl-C stops it.",
            ACCOUNTS.join(", ")
        )?;
        Ok(())
    }

    async fn stop(self) {
        self.application.stop().await;
        self.stop_workers.cancel();
        for worker in self.workers {
            let _ = worker.await;
        }
        self.database.close().await;
    }
}

fn extra_routes(idp: Arc<Idp>, mailbox: Arc<Mailbox>) -> ExtraRoutes {
    Arc::new(move |config| {
        config
            .service(idp::routes("/demo/idp", idp.clone()))
            .service(mailbox::routes(mailbox.clone()))
            .route("/demo", actix_web::web::get().to(home::home));
    })
}

/// How the pages log people in at the demo's identity provider, as both sides know it.
fn login(base_url: &str, issuer: &str) -> anyhow::Result<(LoginProvider, LoginClient)> {
    let mut secret = [0; 32];
    OsRandom.fill(&mut secret);
    let client = LoginClient {
        id: PAGES.to_owned(),
        secret: URL_SAFE_NO_PAD.encode(secret),
        redirect_uri: format!("{base_url}/login/callback"),
    };
    let provider = LoginProvider {
        iss: Iss::parse(issuer)?,
        client_id: client.id.clone(),
        client_secret: Some(ClientSecret::new(client.secret.clone())),
        scopes: "openid".to_owned(),
        label: "the demo’s login service".to_owned(),
        organization: None,
    };
    Ok((provider, client))
}

/// Empties the folder, if it is the demo's own.
fn prepare_folder(folder: &Path) -> anyhow::Result<()> {
    let marker = folder.join(MARKER);
    if folder.exists() {
        ensure!(
            marker.exists() || folder.read_dir()?.next().is_none(),
            "{} is not empty and was not made by the demo; choose another with --folder",
            folder.display()
        );
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(marker, "")?;
    Ok(())
}

async fn populate(store: &SeaStore, ports: &Ports, idp: &Idp, base_url: String) -> anyhow::Result<Stage> {
    let now = ports.clock.now();
    let mut unit = store.begin().await?;
    let mut organizations: Vec<OrganizationId> = Vec::new();
    for hospital in HOSPITALS {
        let organization = hospital.organization(&base_url, now, &*ports.random)?;
        unit.add_organization(&organization).await?;
        unit.put_trusted_issuer(&hospital.trust(organization.id, idp.issuer())?).await?;
        unit.upsert_patients(organization.id, hospital.patients()?, now).await?;
        organizations.push(organization.id);
    }
    let client_key = SigningKey::generate("demo-client-1")?;
    let client = Client {
        id: ClientId::new(now, &*ports.random as &dyn Random),
        name: "Demo authorization server".to_owned(),
        organizations,
        keys: Some(ClientKeys::Jwks(client_key.jwks())),
        status: ClientStatus::Active,
        created_at: now,
    };
    unit.add_client(&client).await?;
    let api_key = rotate_api_key(&mut *unit, ports, client.id, chrono::TimeDelta::zero()).await?;
    unit.save().await?;
    Ok(Stage {
        base_url,
        client_id: client.id.to_string(),
        client_key: Arc::new(client_key),
        api_key: api_key.text,
        clock: ports.clock.clone(),
    })
}
