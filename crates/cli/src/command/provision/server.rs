//! Where a server is and what its attributes are called, from what the command line says.

use clap::ValueEnum;
use kinlink_domain::{
    account::Iss,
    fhir_user::UrlForm,
    provisioning::{AttributeName, InvalidName, PathPart, Server, ServerUrl, Settings},
};

use crate::exit::UsageError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Keycloak, by its Admin REST API.
    Keycloak,
    /// Microsoft Entra, by Microsoft Graph.
    Graph,
}

impl Kind {
    /// The claim that must count as `sub`, so that it is the user's id at the server.
    pub(super) const fn subject_claim(self) -> &'static str {
        match self {
            Self::Keycloak => "sub",
            Self::Graph => "oid",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct ServerFlags {
    /// Where the server is, if the issuer does not say: Keycloak without /realms, or Graph.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Keycloak's realm, if the issuer does not say.
    #[arg(long)]
    realm: Option<String>,
    /// The application whose directory extension it is (Graph); Kinlink's own client unless said.
    #[arg(long, value_name = "APP_ID")]
    extension_app: Option<String>,
    /// The attribute that carries fhirUser.
    #[arg(long, default_value = "fhirUser", value_name = "NAME")]
    attribute: String,
    /// An attribute that carries the record's id alone, if one is wanted.
    #[arg(long, value_name = "NAME")]
    patient_attribute: Option<String>,
    /// Write Patient/123 instead of the absolute URL.
    #[arg(long)]
    relative: bool,
}

fn usage(error: InvalidName) -> UsageError {
    UsageError(error.to_string())
}

impl ServerFlags {
    pub(super) fn settings(&self, kind: Kind, issuer: &Iss, client_id: &str) -> Result<Settings, UsageError> {
        let server = match kind {
            Kind::Keycloak => self.keycloak(issuer)?,
            Kind::Graph => self.graph(issuer)?,
        };
        let name = |name: &str| match kind {
            Kind::Keycloak => AttributeName::parse(name),
            Kind::Graph => {
                let app = self.extension_app.as_deref().unwrap_or(client_id);
                AttributeName::directory_extension(app, name)
            }
        };
        Ok(Settings {
            server,
            fhir_user: name(&self.attribute).map_err(usage)?,
            patient: self.patient_attribute.as_deref().map(name).transpose().map_err(usage)?,
            form: if self.relative { UrlForm::Relative } else { UrlForm::Absolute },
        })
    }

    /// The issuer of a realm is `BASE/realms/REALM`.
    fn keycloak(&self, issuer: &Iss) -> Result<Server, UsageError> {
        let said = issuer.as_str().rsplit_once("/realms/");
        let base = self.base_url.as_deref().or(said.map(|(base, _)| base));
        let realm = self.realm.as_deref().or(said.map(|(_, realm)| realm));
        let (Some(base), Some(realm)) = (base, realm) else {
            let hint = "the issuer is not of the form https://HOST/realms/REALM: say --base-url and --realm";
            return Err(UsageError(hint.into()));
        };
        Ok(Server::Keycloak {
            base: ServerUrl::parse(base).map_err(usage)?,
            realm: PathPart::parse(realm.trim_end_matches('/')).map_err(usage)?,
        })
    }

    /// The issuer of a tenant is `LOGIN/TENANT/v2.0`.
    fn graph(&self, issuer: &Iss) -> Result<Server, UsageError> {
        let said = issuer.as_str().trim_end_matches('/').strip_suffix("/v2.0");
        let Some((login, tenant)) = said.and_then(|said| said.rsplit_once('/')) else {
            let hint = "the issuer is not of the form https://login.microsoftonline.com/TENANT/v2.0";
            return Err(UsageError(hint.into()));
        };
        let base = self.base_url.as_deref().unwrap_or("https://graph.microsoft.com");
        Ok(Server::Graph {
            base: ServerUrl::parse(base).map_err(usage)?,
            login: ServerUrl::parse(login).map_err(usage)?,
            tenant: PathPart::parse(tenant).map_err(usage)?,
        })
    }
}
