use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use kinlink_domain::outbox::Delivery;
use lettre::{
    Message, SmtpTransport, Transport,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::Mailer;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all; only to a server on this machine.
    None,
    /// TLS from the second command on (RFC 3207); a server that does not offer it gets no mail.
    StartTls,
    /// TLS from the beginning (RFC 8314).
    Tls,
}

/// How to reach the mail server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its host name, which its certificate must name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, String)>,
    /// How long a command may take.
    pub timeout: Duration,
    /// A certificate authority to trust beside the system's, in PEM.
    pub extra_ca: Option<PathBuf>,
    /// The name that Kinlink says it has.
    pub hello_name: Option<String>,
}

/// Shows no password.
impl std::fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// An unprotected connection to another machine.
    #[error("without TLS, mail goes only to a server on this machine (localhost, 127.0.0.1 or ::1)")]
    Unprotected,
    /// The certificate authority's file cannot be read.
    #[error("the certificate authority's file cannot be read: {0}")]
    ExtraCa(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Delivers mail over SMTP, with connections that are kept and used again.
///
/// The transport is lettre's blocking one: its asynchronous one gives up on connecting in time, but waits for
/// an answer to a command for ever, and a send that is dropped halfway leaves a connection in the pool of which
/// nobody knows what the server will say next.
#[derive(Debug, Clone)]
pub struct SmtpMailer(SmtpTransport);

impl SmtpMailer {
    /// A mailer with these settings. Nothing is sent yet.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpSetupError> {
        let local = matches!(settings.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let tls = match settings.security {
            Security::None if local => Tls::None,
            Security::None => return Err(SmtpSetupError::Unprotected),
            Security::StartTls => Tls::Required(tls_parameters(settings)?),
            Security::Tls => Tls::Wrapper(tls_parameters(settings)?),
        };
        let mut builder = SmtpTransport::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        if let Some((name, password)) = settings.credentials.clone() {
            builder = builder.credentials(Credentials::new(name, password));
        }
        if let Some(name) = settings.hello_name.clone() {
            builder = builder.hello_name(ClientId::Domain(name));
        }
        Ok(Self(builder.build()))
    }

    /// Whether the server answers, and takes our name and password. Waits for it without giving way to other
    /// tasks: for the command line.
    pub fn check(&self) -> Result<bool, lettre::transport::smtp::Error> {
        self.0.test_connection()
    }
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpSetupError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.extra_ca {
        let pem = std::fs::read(path).map_err(SmtpSetupError::ExtraCa)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
    }
    Ok(builder.build()?)
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn deliver(&self, message: Message) -> Delivery {
        let transport = self.0.clone();
        match tokio::task::spawn_blocking(move || transport.send(&message)).await {
            Ok(Ok(_)) => Delivery::Sent,
            Ok(Err(error)) => verdict(&error),
            Err(_) => Delivery::retry("sending was broken off"),
        }
    }
}

/// What an error means for the message. The server's own words may quote the recipient, so only its code is
/// kept.
fn verdict(error: &lettre::transport::smtp::Error) -> Delivery {
    let code = error.status().map(u16::from);
    match code {
        // Answers to AUTH and STARTTLS (RFC 4954, 6; RFC 3207): our settings are wrong, not the message.
        Some(code @ (454 | 500..=504 | 530 | 534 | 535 | 538)) => {
            tracing::error!(code, "the mail server does not take our settings");
            Delivery::retry(format!("SMTP {code}: settings"))
        }
        Some(code) if error.is_permanent() => Delivery::dead(format!("SMTP {code}")),
        Some(code) => Delivery::retry(format!("SMTP {code}")),
        None if error.is_timeout() || waited_in_vain(error) => {
            Delivery::retry("the mail server did not answer in time")
        }
        None if error.is_tls() => {
            tracing::error!("the mail server's certificate is not trusted, or TLS failed");
            Delivery::retry("TLS failed")
        }
        None => Delivery::retry("the connection to the mail server failed"),
    }
}

/// Whether reading ended because the socket's timeout was over. The operating system then says `EAGAIN`, which
/// lettre does not count as a timeout.
fn waited_in_vain(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::WouldBlock) {
            return true;
        }
        cause = error.source();
    }
    false
}
