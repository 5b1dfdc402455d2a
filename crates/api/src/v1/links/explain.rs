use actix_web::{HttpRequest, HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    evidence::EvidenceStatus,
    explain::{About, AgeBand, Cause, Explanation, Listener},
    id::LinkId,
    proofing::{AssuranceLevel, Ial},
    service::explain_link::{Told, explain as explain_link},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::view::LinkView,
    read::{Seen, see},
};
use crate::{
    extract::{AnyCaller, Parameters, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainParameters {
    /// The moment to explain: now unless said. Only staff ask about the past; the future is told by the clock
    /// alone.
    at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainAnswer {
    #[schema(value_type = String, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: LinkId,
    /// The moment that is explained.
    at: DateTime<Utc>,
    /// `known`; `not_yet_made` before the link was; `not_recorded` before its history was kept.
    #[schema(example = "known")]
    recorded: &'static str,
    /// Whether it opened the record then.
    live: bool,
    /// The answer in plain words.
    summary: String,
    #[serde(flatten)]
    known: Option<Known>,
}

#[derive(Serialize, ToSchema)]
struct Known {
    /// The link as it stood then.
    link: LinkView,
    /// The least that the organization asked for.
    #[schema(value_type = String, example = "IAL1")]
    minimum_assurance: Ial,
    /// All that counted, for and against.
    reasons: Vec<ReasonView>,
    /// Between which ages the patient was, as the rules count; where that counts. Not for clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    age: Option<AgeBand>,
    /// What the evidence was worth, each by itself. Not for clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<WorthView>,
    /// When the answer changes next by the clock alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_change: Option<NextChangeView>,
}

#[derive(Serialize, ToSchema)]
struct ReasonView {
    /// `state`, `period`, `record`, `life`, `age`, `exception`, `assurance` or `permissions`.
    #[schema(value_type = String, example = "period")]
    about: About,
    /// Whether it speaks for the link opening its record.
    holds: bool,
    text: String,
}

#[derive(Serialize, ToSchema)]
struct WorthView {
    #[serde(rename = "type")]
    #[schema(example = "code_redeemed")]
    kind: &'static str,
    /// `valid`, `expired` or `withdrawn`, then.
    #[schema(value_type = String, example = "valid")]
    status: EvidenceStatus,
    /// What it would be worth if there were nothing else.
    #[schema(value_type = String, example = "IAL1")]
    ial: Ial,
    #[schema(value_type = String, example = "level2")]
    level: AssuranceLevel,
}

#[derive(Serialize, ToSchema)]
struct NextChangeView {
    at: DateTime<Utc>,
    /// `period`, `evidence`, `age`, `exception` or `death`.
    #[schema(value_type = String, example = "age")]
    cause: Cause,
    /// Whether the link opens its record from then on.
    live: bool,
}

impl Known {
    fn new(explanation: Explanation, link: LinkView, minimum_assurance: Ial) -> Self {
        let reasons = explanation.reasons.into_iter();
        let evidence = explanation.evidence.into_iter();
        Self {
            link,
            minimum_assurance,
            reasons: reasons
                .map(|one| ReasonView { about: one.about, holds: one.holds, text: one.text })
                .collect(),
            age: explanation.age,
            evidence: evidence
                .map(|worth| WorthView {
                    kind: worth.kind,
                    status: worth.status,
                    ial: worth.alone.ial,
                    level: worth.alone.level,
                })
                .collect(),
            next_change: explanation.next.map(|next| NextChangeView {
                at: next.at,
                cause: next.cause,
                live: next.live,
            }),
        }
    }
}

/// Why does this link open its record, or why not? Staff of its organization (`registrar`, `reviewer`, `admin`) hear
/// all of it, of any moment; its account and clients of the organization neither reasons nor who acted, and only from
/// now on: when it was ended may endanger somebody.
#[utoipa::path(get, path = "/v1/links/{id}/explain", tag = "links",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("id" = String, Path, description = "The link"), ExplainParameters),
    responses(
        (status = 200, description = "Why", body = ExplainAnswer),
        Refusals,
    ))]
pub(crate) async fn explain(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
    parameters: Parameters<ExplainParameters>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let now = state.ports.clock.now();
    let at = parameters.0.at.unwrap_or(now);
    let mut unit = state.store.begin().await?;
    let (link, seen) = see(&state, &mut *unit, &caller, id).await?;
    let listener = match seen {
        Seen::Staff(_) => Listener::Staff,
        Seen::Owner(_) => Listener::Account,
        Seen::Client => Listener::Client,
    };
    if at < now && listener != Listener::Staff {
        return Err(Problem::new(ProblemType::Forbidden).detail("only staff ask about the past"));
    }
    let told = explain_link(&mut *unit, link, listener, at).await?;
    unit.save().await?;
    let (recorded, live, summary) = (told.recorded(), told.is_live(), told.summary().into_owned());
    let known = match told {
        Told::NotYetMade { .. } | Told::NotRecorded => None,
        Told::Explained { link, explanation, policy } => {
            let view = LinkView::new(&link, &policy.family.rules(), at);
            let view = if listener == Listener::Staff { view } else { view.without_reason() };
            Some(Known::new(*explanation, view, policy.minimum_assurance))
        }
    };
    Ok(HttpResponse::Ok().json(ExplainAnswer { id, at, recorded, live, summary, known }))
}
