//! Neither the secret nor a token nor a person's id reaches a log, a `Debug`, or the stored bytes.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use kinlink_domain::provisioning::{ClientSecret, ProvisioningTarget};
use kinlink_testkit::{Fixture, KeycloakDouble, Kind, Trouble};

use crate::stage::{add, keycloak, link, provisioner};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_secret_stays_so() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let it = Fixture::new(Kind::Sqlite).await;
    let double = KeycloakDouble::start(it.ports.clock.clone());
    double.change_secret("very-s3cret");
    double.add_user("anna-at-home");
    let target = ProvisioningTarget { secret: ClientSecret::new("very-s3cret"), ..keycloak(&it, &double) };
    add(&it, &target).await;
    link(&it, &it.account("anna-at-home").await, "p1").await;
    let provisioner = provisioner(&it);
    double.trouble(&[Trouble::status(500)]);
    provisioner.send_due().await.unwrap();
    it.clock.advance(chrono::TimeDelta::minutes(1));
    provisioner.send_due().await.unwrap();
    assert_eq!(double.attribute("anna-at-home", "fhirUser").len(), 1);
    double.remove_user("anna-at-home");
    link(&it, &it.account("anna-at-home").await, "p2").await;
    provisioner.send_due().await.unwrap();

    let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = told.lines().filter(|line| line.contains("kinlink_provisioning")).collect();
    assert!(ours.iter().any(|line| line.contains("attributes will be sent again")), "the log itself works");
    assert!(ours.iter().any(|line| line.contains("is gone")));
    let ours = format!("{}{target:?}{provisioner:?}", ours.join("\n"));
    for secret in ["very-s3cret", "token-1", "anna-at-home"] {
        assert!(!ours.contains(secret), "{secret} is told");
    }
    let path = it.database.url().strip_prefix("sqlite:").unwrap().to_owned();
    let stored: Vec<u8> =
        ["", "-wal"].iter().flat_map(|suffix| std::fs::read(format!("{path}{suffix}")).unwrap()).collect();
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(double.url()), "the search itself works");
    assert!(!holds("very-s3cret"), "the secret is in the file");
    double.stop().await;
    it.close().await;
}
