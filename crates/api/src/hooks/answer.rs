//! What every hook answers, before it is put in the server's words.

use kinlink_domain::{
    account::AccountKey,
    connection::{ClaimName, Excess, WithoutRecord},
    id::LinkId,
    scope::Granted,
    service::token_context::{Asked, ClaimValue, Decision, TokenContext, decide},
};

use super::call::Call;
use crate::problem::Problem;

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
            // A hook has no browser to send to the picker.
            Decision::None(granted) | Decision::Several(granted) => Self::without_record(call, granted),
        })
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
        }
    }

    fn without_record(call: &Call<'_>, Granted { scopes, cut }: Granted) -> Self {
        let refused = call.connection.settings.without_record == WithoutRecord::Refuse;
        Self { claims: Vec::new(), scopes, cut, refused: refused.then_some(NO_RECORD) }
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
