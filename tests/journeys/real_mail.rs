//! From a claim to the link, and from its notice to the end of it, over a real mail server.

use std::{sync::Arc, time::Duration};

use kinlink_delivery::{Letterhead, MailSender, OutboxWorker, Pages, Security, SmtpMailer, SmtpSettings};
use kinlink_domain::outbox::MessageKind;
use kinlink_testkit::SmtpServer;

use crate::{
    app::App,
    claims::{certain, claims, confirms},
};

fn worker(app: &App, server: &SmtpServer) -> OutboxWorker {
    let settings = SmtpSettings {
        host: "localhost".into(),
        port: server.port(),
        security: Security::StartTls,
        credentials: Some(("kinlink".into(), "right".into())),
        timeout: Duration::from_secs(5),
        extra_ca: Some(server.certificate()),
        hello_name: Some("kinlink.example".into()),
    };
    let pages = Pages { public_url: app.url.clone(), redeem_url: None };
    let letterhead = Letterhead { from: "Kinlink <no-reply@kinlink.example>".parse().unwrap(), pages };
    let sender = Arc::new(MailSender::new(Arc::new(SmtpMailer::new(&settings).unwrap()), letterhead));
    let (store, ports) = (Arc::new(app.fixture.store.clone()), app.fixture.ports.clone());
    OutboxWorker::new(store, MessageKind::Mail, sender, ports.clock, ports.random)
}

/// The mail's text as a person reads it: soft line breaks of quoted-printable undone.
fn text(mail: &serde_json::Value) -> String {
    let source = mail["source"].as_str().unwrap();
    source.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}

/// Five groups of four: a code as it is mailed.
fn code(text: &str) -> &str {
    let of_groups = |word: &&str| word.len() == 24 && word.split('-').all(|group| group.len() == 4);
    text.split_whitespace().find(of_groups).unwrap()
}

journey! {
    async fn a_claim_is_confirmed_by_mail_and_ended_by_the_notice(app: App) {
        let mut server = SmtpServer::start("take");
        let worker = worker(app, &server);
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let anna = app.person("anna");
        let claim = claims(&anna, certain("p1")).await;
        assert_eq!(app.match_claims().await, 1);
        assert_eq!(worker.step().await.unwrap(), 1);
        let mail = server.mail();
        assert_eq!(mail["to"], serde_json::json!(["p1@patients.example"]));
        let said = text(&mail);
        for personal in ["Wilhelmina", "Featherstonehaugh", "1984"] {
            assert!(!said.contains(personal), "{personal} stands in a mail");
        }
        confirms(&anna, &claim, code(&said)).await.expect(201);
        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(found.body["links"][0]["patient"], "p1");

        assert_eq!(worker.step().await.unwrap(), 1);
        let notice = text(&server.mail());
        let start = notice.find(&format!("{}/not-me/", app.url)).unwrap();
        let address = notice[start..].split_whitespace().next().unwrap();
        reqwest::get(address).await.unwrap().error_for_status().unwrap();
        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(found.body["links"].as_array().unwrap().len(), 1, "looking at the page ends nothing");
        reqwest::Client::new().post(address).send().await.unwrap().error_for_status().unwrap();
        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(found.body["links"], serde_json::json!([]));
        assert_eq!(server.stop(), 0);
    }
}
