//! What every hook answers, before it is put in the server's words.

use kinlink_domain::{
    account::AccountKey,
    connection::{ClaimName, ConnectionSettings, Excess, WithoutRecord},
    id::LinkId,
    scope::{Granted, grant, is_of_the_patient},
    service::token_context::{Asked, ClaimValue, Decision, TokenContext, decide},
};

use serde::{Serialize, Serializer};

use super::call::Call;
use crate::problem::Problem;

/// What goes into the tokens.
#[derive(Debug, Default)]
pub(super) struct Answer<'c> {
    /// The claims, under the names that the operator chose.
    pub(super) claims: Claims<'c>,
    /// The scopes that are granted, of those asked for.
    pub(super) scopes: Vec<String>,
    /// The scopes that were asked for and are not granted, in whole or in part.
    pub(super) cut: Vec<String>,
    /// Why no token is to be issued.
    pub(super) refused: Option<&'static str>,
    /// The link that opens the record.
    pub(super) link: Option<LinkId>,
    /// One of several records could be picked, by whoever can send the browser to the picker.
    pub(super) several: bool,
}

/// Claims with their values; as JSON, an object.
#[derive(Debug, Default)]
pub(super) struct Claims<'c>(Vec<(&'c ClaimName, ClaimValue)>);

/// Whether the server lets a hook cut the token's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scopes {
    Cut,
    Stay,
}

/// What is asked about an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// Absent if it does not stand where it should.
    pub(super) subject: Option<&'a str>,
    /// Absent if the server does not tell them.
    pub(super) scopes: Option<&'a [&'a str]>,
    pub(super) picked: Option<LinkId>,
    pub(super) server_lets_scopes: Scopes,
}

const NO_RECORD: &str = "this login opens no patient record";
const TOO_MUCH: &str = "the app asks for more than this login may see";

impl<'c> Answer<'c> {
    /// Decides, and counts the lookup as any other.
    pub(super) async fn to(call: &'c Call<'_>, question: Question<'_>) -> Result<Self, Problem> {
        Ok(Self::with(call, question, |_| ()).await?.0)
    }

    /// The same, with what else there is to say of the record, if there is one.
    pub(super) async fn with<T>(
        call: &'c Call<'_>,
        question: Question<'_>,
        say: impl FnOnce(&TokenContext<'_>) -> T,
    ) -> Result<(Self, Option<T>), Problem> {
        let (state, connection) = (call.state, &*call.connection);
        let settings = &connection.settings;
        // Somebody is logged in, and nobody knows who: no record is theirs.
        let Some(subject) = question.subject else { return Ok((Self::no_record(call, question), None)) };
        let account = AccountKey::derive(settings.issuer.as_str(), subject);
        let links = state.links.of(account).await?;
        let asked = Asked {
            organization: connection.organization,
            settings,
            scopes: question.scopes,
            picked: question.picked,
        };
        let now = state.ports.clock.now();
        Ok(match decide(&links, asked, &state.settings.public_url, now) {
            Decision::One(context) => {
                state.lookups.count(connection.organization, connection.client, account);
                (Self::with_record(&context, call, question), Some(say(&context)))
            }
            Decision::None(granted) => (Self::without_record(settings, question, granted), None),
            Decision::Several(granted) => {
                (Self { several: true, ..Self::without_record(settings, question, granted) }, None)
            }
        })
    }

    /// No record, whatever the account may open.
    pub(super) fn no_record(call: &Call<'_>, question: Question<'_>) -> Self {
        let scopes = question.scopes.unwrap_or_default().iter().copied();
        Self::without_record(&call.connection.settings, question, grant(scopes, None))
    }

    fn with_record(context: &TokenContext<'_>, call: &'c Call<'_>, question: Question<'_>) -> Self {
        let settings = &call.connection.settings;
        let granted = &context.granted;
        let exceeds = !granted.cut.is_empty() && question.server_lets_scopes == Scopes::Stay;
        let refused = (exceeds && settings.excess == Excess::Refuse).then_some(TOO_MUCH);
        let claims = settings.claims.iter();
        let claims = claims.filter_map(|rule| Some((&rule.name, context.value(rule.member)?)));
        Self {
            claims: Claims(claims.collect()),
            scopes: granted.scopes.clone(),
            cut: granted.cut.clone(),
            refused,
            link: Some(context.answerable.link.id),
            several: false,
        }
    }

    fn without_record(
        settings: &ConnectionSettings,
        question: Question<'_>,
        Granted { scopes, cut }: Granted,
    ) -> Self {
        let refused =
            settings.without_record == WithoutRecord::Refuse || question.leaves_too_much(settings, &cut);
        Self { scopes, cut, refused: refused.then_some(NO_RECORD), ..Self::default() }
    }

    /// The clinical scopes: what one was cut to is written otherwise than what was asked for.
    pub(super) fn added_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str).filter(|scope| is_of_the_patient(scope))
    }
}

impl Question<'_> {
    /// Whether a token for somebody without a record would give data all the same: scopes that the server would not
    /// cut, or that it would if anybody knew them. To ask for a patient and get none gives nothing.
    fn leaves_too_much(&self, settings: &ConnectionSettings, cut: &[String]) -> bool {
        let refused = |scope: &str| settings.excess == Excess::Refuse && scope != "launch/patient";
        match self.server_lets_scopes {
            Scopes::Cut => self.scopes.is_none(),
            Scopes::Stay => cut.iter().any(|scope| is_of_the_patient(scope) || refused(scope)),
        }
    }
}

impl<'c> Claims<'c> {
    /// Each, with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'c ClaimName, &ClaimValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Of the claims that are ours to give, or were, those without a value: what a token says there by other hands
    /// must not outlive the link.
    pub(super) fn unfounded<'s>(
        &'s self,
        ours: &'s ConnectionSettings,
    ) -> impl Iterator<Item = &'s ClaimName> {
        ours.names().filter(move |name| !self.has(name.as_str()))
    }

    /// Whether a claim of this name is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given.as_str() == name)
    }

    /// For servers that know no truth values.
    pub(super) fn into_texts(self) -> Self {
        let text = |value| match value {
            ClaimValue::Flag(flag) => ClaimValue::Text(flag.to_string()),
            text @ ClaimValue::Text(_) => text,
        };
        Self(self.0.into_iter().map(|(name, value)| (name, text(value))).collect())
    }
}

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name.as_str(), value)))
    }
}
