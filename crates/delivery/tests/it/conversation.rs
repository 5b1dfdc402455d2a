use chrono::DateTime;
use kinlink_delivery::{Letterhead, Mailer, Pages, Security, SmtpMailer, SmtpSettings, SmtpSetupError};
use kinlink_domain::{
    id::{InvitationId, MessageId},
    outbox::{Delivery, Mail},
};
use kinlink_testkit::SmtpServer;

use crate::server::{mailer, settings};

fn message() -> lettre::Message {
    let pages = Pages { public_url: "https://kinlink.example".into(), redeem_url: None };
    let letterhead = Letterhead { from: "Kinlink <no-reply@kinlink.example>".parse().unwrap(), pages };
    let mail = Mail::Invitation {
        organization: "Hôpital Saint-Louis".into(),
        code: "AAAA-BBBB-CCCC-DDDD-EEEE".into(),
        expires_at: DateTime::UNIX_EPOCH,
        asks_birth_date: false,
        invitation: format!("inv_{}", "0".repeat(32)).parse::<InvitationId>().unwrap(),
    };
    let id: MessageId = format!("msg_{}", "0".repeat(32)).parse().unwrap();
    letterhead.write(id, "patient@mail.example", &mail, DateTime::UNIX_EPOCH).unwrap()
}

async fn deliver(settings: &SmtpSettings) -> Delivery {
    SmtpMailer::new(settings).unwrap().deliver(message()).await
}

fn retry(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Retry { error, .. } => error,
        other => panic!("expected a retry, got {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_over_starttls_with_both_parts_and_an_authenticated_sender() {
    let mut server = SmtpServer::start("take");
    assert_eq!(mailer(&server).deliver(message()).await, Delivery::Sent);
    let mail = server.mail();
    assert_eq!(mail["to"], serde_json::json!(["patient@mail.example"]));
    assert_eq!(mail["tls"], true);
    assert_eq!(mail["user"], true);
    let source = mail["source"].as_str().unwrap();
    for expected in ["text/plain", "text/html", "Message-ID: <msg_", "Auto-Submitted: auto-generated"] {
        assert!(source.contains(expected), "{expected} is missing in {source}");
    }
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_wrong_password_is_our_fault_and_tried_again() {
    let server = SmtpServer::start("take");
    let settings =
        SmtpSettings { credentials: Some(("kinlink".into(), "wrong".into())), ..settings(&server) };
    assert_eq!(retry(&deliver(&settings).await), "SMTP 535: settings");
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_mail() {
    let server = SmtpServer::start("take");
    let settings = SmtpSettings { extra_ca: None, ..settings(&server) };
    retry(&deliver(&settings).await);
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_refused_recipient_is_given_up_without_naming_them() {
    let server = SmtpServer::start("refuse");
    assert_eq!(deliver(&settings(&server)).await, Delivery::dead("SMTP 550"));
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_greylisting_server_takes_the_second_try() {
    let server = SmtpServer::start("greylist");
    let mailer = mailer(&server);
    assert_eq!(retry(&mailer.deliver(message()).await), "SMTP 451");
    assert_eq!(mailer.deliver(message()).await, Delivery::Sent);
    assert_eq!(server.stop(), 1);
}

#[tokio::test]
async fn a_slow_server_is_left_after_the_timeout_and_a_dropped_connection_is_tried_again() {
    for (mode, error) in [
        ("slow", "the mail server did not answer in time"),
        ("drop", "the connection to the mail server failed"),
    ] {
        let server = SmtpServer::start(mode);
        let began = std::time::Instant::now();
        assert_eq!(retry(&deliver(&settings(&server)).await), error);
        assert!(began.elapsed().as_secs() < 10, "{mode}");
    }
}

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    let server = SmtpServer::start("take");
    let mailer = mailer(&server);
    server.stop();
    assert_eq!(retry(&mailer.deliver(message()).await), "the connection to the mail server failed");
}

#[test]
fn mail_without_tls_stays_on_this_machine() {
    let settings = SmtpSettings {
        host: "mail.example".into(),
        port: 25,
        security: Security::None,
        credentials: None,
        timeout: std::time::Duration::from_secs(1),
        extra_ca: None,
        hello_name: None,
    };
    assert!(matches!(SmtpMailer::new(&settings), Err(SmtpSetupError::Unprotected)));
}
