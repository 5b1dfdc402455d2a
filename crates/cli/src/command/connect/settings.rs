//! The settings of a connection as flags.

use clap::ValueEnum;
use kinlink_domain::{
    account::Iss,
    connection::{ClaimRule, ConnectionSettings, Excess, ReturnUrl, Server, Several, Unasked, WithoutRecord},
    fhir_user::UrlForm,
    issuer::ClaimPath,
    proofing::Ial,
};

use crate::exit::UsageError;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Entra,
    Okta,
    Hydra,
    Auth0,
    Cognito,
    OidcProvider,
    Smart,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FhirUser {
    Absolute,
    Relative,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OfSeveral {
    None,
    #[value(name = "self")]
    OwnRecord,
    Picker,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Issue {
    Issue,
    Refuse,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Claim {
    Withhold,
    Give,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Assurance {
    #[value(name = "IAL1")]
    Ial1,
    #[value(name = "IAL2")]
    Ial2,
}

/// What can be gone back to nothing.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Clearable {
    Subject,
    Apps,
    MinimumAssurance,
    ReturnUrls,
    TokenIssuer,
}

#[derive(Debug, clap::Args)]
pub(super) struct SettingsFlags {
    /// Entra: the app id that stands for Kinlink, which its token's `aud` names.
    #[arg(long, value_name = "APP-ID")]
    audience: Option<String>,
    /// Entra: who issues the token that it calls with, if not the accounts' issuer.
    #[arg(long, value_name = "URL")]
    token_issuer: Option<String>,
    /// Where in the server's request the account's `sub` stands, if not at its usual place.
    #[arg(long, value_name = "PATH")]
    subject: Option<String>,
    /// Answer only for tokens of this app, by the server's own id of it; may be given several times.
    #[arg(long, value_name = "ID")]
    app: Vec<String>,
    /// How `fhirUser` is written [default: absolute].
    #[arg(long, value_enum)]
    fhir_user: Option<FhirUser>,
    /// What goes into tokens: `fhirUser`, `patient`, `need_patient_banner`, `permitted_scope`, `link`; with `=NAME` under
    /// another name; may be given several times [default: fhirUser and patient].
    #[arg(long, value_name = "CLAIM[=NAME]")]
    claim: Vec<String>,
    /// A claim that the app has asked no scope for, where the server tells the scopes: `fhirUser` asks for itself; `launch`,
    /// `launch/patient` and scopes of the patient for the rest [default: withhold].
    #[arg(long, value_enum)]
    unasked: Option<Claim>,
    /// Only links at least this well proven count.
    #[arg(long, value_enum)]
    minimum_assurance: Option<Assurance>,
    /// An account that may open several records gets: none, its own record, or the question which [default: none].
    #[arg(long, value_enum)]
    several: Option<OfSeveral>,
    /// A token for somebody without a record [default: issue]. Scopes of the patient are never issued without one.
    #[arg(long, value_enum)]
    without_record: Option<Issue>,
    /// A token whose scopes exceed the link's, where the server lets nobody cut them [default: refuse].
    #[arg(long, value_enum)]
    excess: Option<Issue>,
    /// Where the picker may send the browser back to; may be given several times.
    #[arg(long, value_name = "URL")]
    return_url: Vec<String>,
}

/// Which value of which flag is wrong.
fn usage<E: std::fmt::Display>(flag: &str, text: &str) -> impl Fn(E) -> UsageError {
    let (flag, text) = (flag.to_owned(), text.to_owned());
    move |error| UsageError(format!("{flag} `{text}`: {error}"))
}

fn parsed<T, E: std::fmt::Display>(
    flag: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<Vec<T>>, UsageError> {
    let all: Result<Vec<T>, UsageError> =
        texts.iter().map(|text| parse(text).map_err(usage(flag, text))).collect();
    Ok(Some(all?).filter(|all| !all.is_empty()))
}

impl Kind {
    /// The page of docs/connect about it.
    pub(super) const fn page(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Hydra => "hydra",
            Self::Auth0 => "auth0",
            Self::Cognito => "cognito",
            Self::OidcProvider => "oidc-provider",
            Self::Smart => "smart",
        }
    }

    pub(super) fn server(self, flags: &SettingsFlags) -> Result<Server, UsageError> {
        Ok(match self {
            Self::Entra => {
                let needed = || {
                    UsageError("--server entra needs --audience: the app id that Entra's token is for".into())
                };
                Server::Entra { audience: flags.audience.clone().ok_or_else(needed)?, token_issuer: None }
            }
            Self::Okta => Server::Okta,
            Self::Hydra => Server::Hydra,
            Self::Auth0 => Server::Auth0,
            Self::Cognito => Server::Cognito,
            Self::OidcProvider => Server::OidcProvider,
            Self::Smart => Server::Smart,
        })
    }
}

impl Clearable {
    pub(super) fn clear(self, mut settings: ConnectionSettings) -> ConnectionSettings {
        match self {
            Self::Subject => settings.subject = None,
            Self::Apps => settings.apps.clear(),
            Self::MinimumAssurance => settings.minimum_assurance = None,
            Self::ReturnUrls => settings.return_urls.clear(),
            Self::TokenIssuer => {
                if let Server::Entra { token_issuer, .. } = &mut settings.server {
                    *token_issuer = None;
                }
            }
        }
        settings
    }
}

impl SettingsFlags {
    /// The settings, with what these flags say.
    pub(super) fn apply(self, settings: ConnectionSettings) -> Result<ConnectionSettings, UsageError> {
        let subject =
            self.subject.as_deref().map(|text| ClaimPath::parse(text).map_err(usage("--subject", text)));
        let applied = ConnectionSettings {
            server: self.entra(settings.server)?,
            subject: subject.transpose()?.or(settings.subject),
            fhir_user: self.fhir_user.map_or(settings.fhir_user, FhirUser::form),
            claims: parsed("--claim", &self.claim, str::parse::<ClaimRule>)?.unwrap_or(settings.claims),
            unasked: match self.unasked {
                None => settings.unasked,
                Some(Claim::Withhold) => Unasked::Withhold,
                Some(Claim::Give) => Unasked::Give,
            },
            minimum_assurance: self.minimum_assurance.map(Assurance::ial).or(settings.minimum_assurance),
            several: self.several.map_or(settings.several, OfSeveral::several),
            without_record: match self.without_record {
                None => settings.without_record,
                Some(Issue::Issue) => WithoutRecord::Issue,
                Some(Issue::Refuse) => WithoutRecord::Refuse,
            },
            excess: match self.excess {
                None => settings.excess,
                Some(Issue::Issue) => Excess::Issue,
                Some(Issue::Refuse) => Excess::Refuse,
            },
            return_urls: parsed("--return-url", &self.return_url, ReturnUrl::parse)?
                .unwrap_or(settings.return_urls),
            apps: if self.app.is_empty() { settings.apps } else { self.app },
            issuer: settings.issuer,
            former: settings.former,
        };
        check(applied)
    }

    fn entra(&self, server: Server) -> Result<Server, UsageError> {
        let said = self.audience.is_some() || self.token_issuer.is_some();
        let Server::Entra { audience, token_issuer } = server else {
            let only = "--audience and --token-issuer are for --server entra".to_owned();
            return if said { Err(UsageError(only)) } else { Ok(server) };
        };
        let said = self.token_issuer.as_deref();
        let said = said.map(|text| Iss::parse(text).map_err(usage("--token-issuer", text))).transpose()?;
        let audience = self.audience.clone().unwrap_or(audience);
        Ok(Server::Entra { audience, token_issuer: said.or(token_issuer) })
    }
}

/// What makes no sense together.
fn check(settings: ConnectionSettings) -> Result<ConnectionSettings, UsageError> {
    let asks =
        matches!(settings.server, Server::Smart | Server::Hydra | Server::OidcProvider | Server::Auth0);
    if settings.several != Several::Picker || (asks && !settings.return_urls.is_empty()) {
        return Ok(settings);
    }
    Err(UsageError(if asks {
        "--several picker needs --return-url: where the answer goes".into()
    } else {
        format!(
            "{} cannot send the browser to the picker; say --several self or none",
            settings.server.as_str()
        )
    }))
}

impl FhirUser {
    const fn form(self) -> UrlForm {
        match self {
            Self::Absolute => UrlForm::Absolute,
            Self::Relative => UrlForm::Relative,
        }
    }
}

impl OfSeveral {
    const fn several(self) -> Several {
        match self {
            Self::None => Several::None,
            Self::OwnRecord => Several::OwnRecord,
            Self::Picker => Several::Picker,
        }
    }
}

impl Assurance {
    const fn ial(self) -> Ial {
        match self {
            Self::Ial1 => Ial::Ial1,
            Self::Ial2 => Ial::Ial2,
        }
    }
}
