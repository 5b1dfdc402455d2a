//! What every hook answers, before it is put in the server's words.

use kinlink_domain::{
    account::AccountKey,
    connection::{ClaimName, Excess, WithoutRecord},
    id::LinkId,
    scope::{Granted, grant},
    service::token_context::{Asked, ClaimValue, Decision, TokenContext, decide},
};

use super::call::Call;
use crate::{problem::Problem, v1::smart::record::LaunchContext};

/// What goes into the tokens.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The claims, under the names that the operator chose.
    pub(super) claims: Vec<(ClaimName, ClaimValue)>,
    /// The scopes that are granted, of those asked for.
    pub(super) scopes: Vec<String>,
    /// The scopes that were asked for and are not granted, in whole or in part.
    pub(super) cut: Vec<String>,
    /// Why no token is to be issued.
    pub(super) refused: Option<&'static str>,
    /// What stands beside the tokens; nothing without a record.
    pub(super) launch: Option<LaunchContext>,
    /// The link that opens the record.
    pub(super) link: Option<LinkId>,
    /// One of several records could be picked, by whoever can send the browser to the picker.
    pub(super) several: bool,
}

/// Whether the server lets a hook cut the token's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scopes {
    Cut,
    Stay,
}

/// What is asked about an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) subject: &'a str,
    pub(super) scopes: Option<&'a [&'a str]>,
    pub(super) picked: Option<LinkId>,
    pub(super) server_lets_scopes: Scopes,
}

const NO_RECORD: &str = "this login opens no patient record";
const TOO_MUCH: &str = "the app asks for more than this login may see";

impl Answer {
    /// Decides, and counts the lookup as any other.
    pub(super) async fn to(call: &Call<'_>, question: Question<'_>) -> Result<Self, Problem> {
        let (state, connection) = (call.state, &*call.connection);
        let settings = &connection.settings;
        let account = AccountKey::derive(settings.issuer.as_str(), question.subject);
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
                Self::with_record(&context, call, question)
            }
            Decision::None(granted) => Self::without_record(call, granted),
            Decision::Several(granted) => Self { several: true, ..Self::without_record(call, granted) },
        })
    }

    /// No record, whatever the account may open.
    pub(super) fn no_record(call: &Call<'_>, scopes: &[&str]) -> Self {
        Self::without_record(call, grant(scopes.iter().copied(), None))
    }

    fn with_record(context: &TokenContext<'_>, call: &Call<'_>, question: Question<'_>) -> Self {
        let settings = &call.connection.settings;
        let granted = &context.granted;
        let exceeds = !granted.cut.is_empty() && question.server_lets_scopes == Scopes::Stay;
        let refused = (exceeds && settings.excess == Excess::Refuse).then_some(TOO_MUCH);
        let value = |member| context.value(member, question.scopes.is_some());
        Self {
            claims: settings.claims.iter().map(|rule| (rule.name.clone(), value(rule.member))).collect(),
            scopes: granted.scopes.clone(),
            cut: granted.cut.clone(),
            refused,
            launch: Some(LaunchContext::new(context)),
            link: Some(context.answerable.link.id),
            several: false,
        }
    }

    fn without_record(call: &Call<'_>, Granted { scopes, cut }: Granted) -> Self {
        let refused = call.connection.settings.without_record == WithoutRecord::Refuse;
        Self { scopes, cut, refused: refused.then_some(NO_RECORD), ..Self::default() }
    }

    /// The claims as a JSON object.
    pub(super) fn object(&self) -> serde_json::Map<String, serde_json::Value> {
        self.claims.iter().map(|(name, value)| (name.as_str().to_owned(), json(value))).collect()
    }
}

/// A value as JSON.
pub(super) fn json(value: &ClaimValue) -> serde_json::Value {
    match value {
        ClaimValue::Text(text) => text.as_str().into(),
        ClaimValue::Flag(flag) => (*flag).into(),
    }
}
